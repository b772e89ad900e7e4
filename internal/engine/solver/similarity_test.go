//go:build unit || !integration

package solver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSimilarity(t *testing.T) {
	t.Parallel()
	t.Run("agrees with published values", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			algorithm, a, b string
			want            int64
		}{
			{JaroWinkler, "MARTHA", "MARHTA", 9611}, // Winkler 1990
			{JaroWinkler, "DWAYNE", "DUANE", 8400},
			{JaroWinkler, "DIXON", "DICKSONX", 8133},
			{JaroWinkler, "ABC", "XYZ", 0},
			{JaroWinkler, "ÄÖÜ", "ÄÖÜ", 10000},
			{JaroWinkler, "МОСКВА", "МОСКВЫ", 9333}, // runes, not bytes
			{JaroWinkler, "A", "", 0},
			{Levenshtein, "KITTEN", "SITTING", 5714}, // 3 edits of 7
			{Levenshtein, "", "AB", 0},
			{Levenshtein, "ÄB", "AB", 5000},
			{TokenSet, "A B C", "C B A A", 10000},
			{TokenSet, "INVOICE 17", "ACME LTD INVOICE 17", 7200}, // 2·9 of 9 + 16
			{TokenSet, "X", "Y", 0},
		} {
			require.Equal(t, c.want, Similarity(c.algorithm, []byte(c.a), []byte(c.b)), c)
		}
	})
	t.Run("is symmetric, between none and all, and all for a text with itself", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.StringOfN(rapid.RuneFrom([]rune("ABÄ Ж")), 0, 300, -1)
			a, b := text.Draw(t, "a"), text.Draw(t, "b")
			for _, algorithm := range []string{JaroWinkler, TokenSet, Levenshtein} {
				similar := Similarity(algorithm, []byte(a), []byte(b))
				require.GreaterOrEqual(t, similar, int64(0))
				require.LessOrEqual(t, similar, int64(Full))
				require.Equal(t, int64(Full), Similarity(algorithm, []byte(a), []byte(a)))
				if algorithm != JaroWinkler { // whose greedy matches depend on the order, as Jaro's do
					require.Equal(t, similar, Similarity(algorithm, []byte(b), []byte(a)), algorithm)
				}
			}
		})
	})
	t.Run("edits are as few as a search finds", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.StringOfN(rapid.RuneFrom([]rune("ABC")), 0, 6, -1)
			a, b := []rune(text.Draw(t, "a")), []rune(text.Draw(t, "b"))
			require.Equal(t, editsBySearch(a, b), edits(a, b))
		})
	})
	t.Run("what is beyond the part that is compared does not count", func(t *testing.T) {
		t.Parallel()
		same := strings.Repeat("Ä", textRunesMax)
		for _, algorithm := range []string{JaroWinkler, TokenSet, Levenshtein} {
			require.Equal(t, int64(Full), Similarity(algorithm, []byte(same+"X"), []byte(same+"Y")))
		}
	})
}

func editsBySearch(a, b []rune) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return len(a) + len(b)
	case a[0] == b[0]:
		return editsBySearch(a[1:], b[1:])
	}
	return 1 + min(editsBySearch(a[1:], b), editsBySearch(a, b[1:]), editsBySearch(a[1:], b[1:]))
}
