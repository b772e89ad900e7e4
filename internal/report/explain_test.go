//go:build unit || !integration

package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// explained returns the text of a row of a side, by its position in the test's list.
func explained(t *testing.T, r *Run, side, position int) string {
	t.Helper()
	for row := range uint32(r.Sides[side].Table.Len()) {
		if r.Sides[side].Table.ID(row) == int64(position) {
			var out bytes.Buffer
			e := r.Explain(side, row, "asked")
			e.Write(&out)
			return out.String()
		}
	}
	t.Fatal("no such row")
	return ""
}

func TestExplainARow(t *testing.T) {
	t.Parallel()
	r := month(t)
	t.Run("a confirmed row names its partner and what was compared", func(t *testing.T) {
		require.Equal(t, `L1  LEFT  2026-01-05  100.00 EUR  row 1 of books.csv
  INV-1  =paid
  confirmed with R1 by "by reference", score 88 of 100
    key      reference                INV-1 | INV-1
    currency currency                 EUR | EUR
    amount   amount                   100.00 | 99.95   difference 0.05, allowed 0.10
    date     date                     2026-01-05 | 2026-01-06   difference 1, allowed 0..3
`, explained(t, r, 0, 0))
	})
	t.Run("a proposed row names what holds it", func(t *testing.T) {
		require.Contains(t, explained(t, r, 1, 2), "proposed with L3 by \"same amount\", score 50 of 100\n  held by no key\n")
	})
	t.Run("an open row names what is nearest", func(t *testing.T) {
		require.Contains(t, explained(t, r, 0, 3), `  open: break, amount differs
  nearest R4, 2026-01-09, difference -0.90
  change the amount by +0.90 (+0.80 is enough), or allow 0.90 under "by reference"
`)
	})
	t.Run("an open row with nothing near", func(t *testing.T) {
		require.Equal(t, "row 6  LEFT  2026-01-03  6.00 EUR  row 6 of books.csv\n  INV-6\n  open: missing, no candidate\n  nothing on the other side comes near\n",
			explained(t, r, 0, 5))
	})
	t.Run("rates are part of the evidence", func(t *testing.T) {
		require.Contains(t, explained(t, mixed(t), 0, 0), "1 EUR = 1.25 USD of 2026-03-01 ECB")
	})
	t.Run("a row outside the period", func(t *testing.T) {
		r := newRun(t, monthSetup, []string{"L1|2026-01-05|A|1.00 EUR|", "L2|2026-01-05|A|1.00 EUR|"}, nil)
		r.Result.Open[0] = nil
		require.Contains(t, explained(t, r, 0, 0), "  outside the period: it may be matched, but is not reported open\n")
	})
	t.Run("a row within one side names the other rows of its group", func(t *testing.T) {
		r := newRun(t, `
rules:
  - name: reversals
    type: EXACT
    scope: LEFT
    keys: [{left: reference, right: reference}]
    amount: {sign: OPPOSITE}
`, []string{"L1|2026-01-05|A|1.00 EUR|", "L2|2026-01-05|A|-1.00 EUR|"}, []string{"R1|2026-01-05|B|1.00 EUR|"})
		require.Contains(t, explained(t, r, 0, 0), "confirmed with L2 by \"reversals\"")
	})
	t.Run("a rejected row lists its faults", func(t *testing.T) {
		e := ExplainRejected(recon.Right, "bank.csv", &recon.RowError{Line: 4, Row: 3, Field: "date", Reason: "is empty"}, "row 3")
		e.Faults = append(e.Faults, "amount: is empty")
		var out bytes.Buffer
		e.Write(&out)
		require.Equal(t, "row 3  RIGHT  row 3 of bank.csv, line 4\n  rejected: date: is empty; amount: is empty\n", out.String())
	})
}
