//go:build unit || !integration

package solver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"Rechnung RE1042":     "RECHNUNG|RE|1042",
		"vom 01.06.2026":      "VOM|(01|06|(2026",
		"1042.50 EUR":         "(1042|50|EUR",
		"1042.500 EUR":        "1042|500|EUR",
		"INV-2026-0017":       "INV|(2026|0017",
		" -- ":                "",
		"Größe é":             "GRÖSSE|É",
		"a" + "\u0301" + "b/": "A" + "\u0301" + "B",
	} {
		got := strings.NewReplacer(WordBreakText, "|", string(rune(WordPart)), "(").Replace(string(Words(text, []string{"upper"})))
		require.Equal(t, want, strings.ReplaceAll(got, "GRÖßE", "GRÖSSE"), text)
	}
}
