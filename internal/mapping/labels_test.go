//go:build unit || !integration

package mapping

import (
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
