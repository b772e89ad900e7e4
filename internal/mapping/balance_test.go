//go:build unit || !integration

package mapping

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// chained are movements with the balance that each leaves, in the order in which they were booked.
func chained(amounts []recon.Minor, words []string, signs map[string]int) []movement {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	balance := recon.Minor(100_000)
	var rows []movement
	for i, amount := range amounts {
		balance += amount * recon.Minor(signs[words[i]])
		rows = append(rows, movement{
			line: i + 2, amount: amount, moved: true, word: words[i], at: day.AddDate(0, 0, i/2),
			balance: recon.NullMinor{Amount: balance, Set: true},
		})
	}
	return rows
}

func TestProveBalance(t *testing.T) {
	t.Parallel()
	words := []string{"a", "b", "a", "c", "b"}
	rows := chained([]recon.Minor{500, 200, 300, 900, 100}, words, map[string]int{"a": 1, "b": -1})
	p := proveBalance(rows)
	require.True(t, p.proves())
	require.Equal(t, map[string]int{"a": 1, "b": -1, "c": 0}, p.signs)

	rows[3].balance.Amount += 7 // one wrong balance breaks two transitions of five
	require.False(t, proveBalance(rows).proves())
	require.Contains(t, proveBalance(rows).misses, 5)

	equal := chained([]recon.Minor{500, 500, 500, 500}, []string{"", "", "", ""}, map[string]int{"": 1})
	require.False(t, proveBalance(equal).proves(), "equal amounts tie both ways round")
	require.False(t, proveBalance(chained([]recon.Minor{500, 200}, []string{"", ""}, map[string]int{"": 1})).proves(), "too few")
}

// TestProveBalance_OneTruth draws statements whose words have signs, in either order: what is proved is the truth.
func TestProveBalance_OneTruth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 40).Draw(t, "rows")
		signs := map[string]int{"x": rapid.SampledFrom([]int{1, -1}).Draw(t, "x"), "y": rapid.SampledFrom([]int{1, -1, 0}).Draw(t, "y")}
		amounts, words := make([]recon.Minor, n), make([]string, n)
		for i := range n {
			amounts[i] = recon.Minor(rapid.IntRange(1, 100_000).Draw(t, "amount"))
			words[i] = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "word")
		}
		rows := chained(amounts, words, signs)
		if rapid.Bool().Draw(t, "newest first") {
			for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
				rows[i], rows[j] = rows[j], rows[i]
			}
		}
		p := proveBalance(rows)
		if !p.proves() {
			return
		}
		for word, sign := range p.signs {
			if sign != signs[word] {
				t.Fatalf("%s is %d and was proved %d by %+v", word, signs[word], sign, rows)
			}
		}
	})
}

// TestACarriedBalanceIsNoMovement holds that pages and totals between the rows do not speak against a running balance.
func TestACarriedBalanceIsNoMovement(t *testing.T) {
	t.Parallel()
	r, err := Open(strings.NewReader("Date,Ref,Debit,Credit,Balance,Currency\n2026-03-02,A,,120.00,1120.00,EUR\n"+
		"2026-03-05,B,45.50,,1074.50,EUR\n,Carried forward,45.50,120.00,1074.50,EUR\n2026-04-07,C,,80.25,1154.75,EUR\n"+
		"2026-04-09,D,10.00,,1144.75,EUR\n,Total,55.50,200.25,1144.75,EUR\n"), "a.csv", Hints{Side: recon.Right})
	require.NoError(t, err)
	require.Empty(t, r.Detection.Notes)
	require.Contains(t, r.Detection.String(), "amount=Debit/Credit")
	require.True(t, r.fields.Has(recon.FieldBalance))
}
