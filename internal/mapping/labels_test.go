//go:build unit || !integration

package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestProveLabels(t *testing.T) {
	t.Parallel()
	sums := make([]recon.Total, 7) // movements of 10, 20 and 30 on rows 1, 2 and 4
	for i, amount := range []recon.Minor{0, 10, 20, 0, 30, 0} {
		sums[i+1] = sums[i]
		sums[i+1].Add(amount)
	}
	balance := func(index int, amount recon.Minor) labelled {
		return labelled{index: index, kind: labelBalance, amount: amount}
	}
	require.Equal(t, []bool{true, true, true}, proveLabels([]labelled{balance(0, 100), balance(3, 130), balance(5, 160)}, sums))
	require.Equal(t, []bool{false, true}, proveLabels([]labelled{balance(0, 100), {index: 5, kind: labelTotal, amount: 60}}, sums))
	require.Equal(t, []bool{true}, proveLabels([]labelled{{index: 0, kind: labelTotal, amount: 60}}, sums), "a total above its rows")
	require.Equal(t, []bool{false}, proveLabels([]labelled{balance(3, 999)}, sums))
}

func TestBrokenLabel(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"Neuer Kontostand;12,31 EUR":       `"Neuer Kontostand" names a balance, not a movement of money`,
		"Umsätze Karte;Zeitraum: 180 Tage": `"Umsätze Karte;Zeitraum: 180 Tage" is a line of text, with neither a date nor an amount`,
		"2026-01-05;INV-1":                 "",
		"INV-1;12.00":                      "",
	} {
		require.Equal(t, want, brokenLabel(&recon.RowError{Code: recon.CodeMalformed, Value: value}), value)
	}
	require.Empty(t, brokenLabel(&recon.RowError{Code: recon.CodeInvalidEncoding, Value: "Kontostand;x"}))
}

// TestSumsWithoutANameAreNoted holds what is counted twice without a word where a total is called by its month.
func TestSumsWithoutANameAreNoted(t *testing.T) {
	t.Parallel()
	const note = "the amount on line 4, 7 is what the rows above add up to, and it counts: if it is a total, " +
		"name its text under balances"
	for _, c := range []struct{ name, rows, note string }{
		{"sums by month", "120.00|-45.50|74.50|80.25|-10.00|70.25", note},
		{"more rows below", "120.00|-45.50|74.50|80.25|-10.00|70.25|5.00", ""},
		{"two rows and their sum by chance", "10.00|20.00|30.00", ""},
		{
			"three rows and their sum", "10.00|20.00|40.00|70.00",
			"the amount on line 5 is what the rows above add up to, and it counts: if it is a total, name its text under balances",
		},
	} {
		file := "Date,Ref,Amount,Currency\n"
		for i, amount := range strings.Split(c.rows, "|") {
			file += fmt.Sprintf("2026-03-%02d,R%d,%s,EUR\n", i+1, i, amount)
		}
		r, err := Open(strings.NewReader(file), "a.csv", Hints{Side: recon.Left})
		require.NoError(t, err)
		require.Equal(t, c.note, strings.Join(r.Detection.Notes, "; "), c.name)
	}
}
