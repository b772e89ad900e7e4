//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

func TestUnitMisses(t *testing.T) {
	p := compile(t, payoutRule())
	left, right := payout(10)
	right[0].Date += 30
	right[0].Amount -= left[9].Amount
	left[9].Metadata[0].Value = ""
	left[9].Digest = gen.Digest(&left[9])
	res, l, r := run(t, p, left, right)
	x := &mender{compare(p, [2]*Table{l, r}, 0, [2]uint32{}).evaluator}
	taken := 0
	for row := range uint32(10) {
		taken += int(truth(x.takes(LeftIndex, row)))
	}
	require.Equal(t, 9, taken, "a row without the field is part of no unit")
	require.Len(t, res.Open[0], 10)
	for i := range res.Open[0] {
		o := &res.Open[0][i]
		if o.Miss.Row == NoRow {
			require.Equal(t, "S000009", l.ExternalID(o.Row))
			continue
		}
		require.Equal(t, ChangeGroup, o.Miss.Change, "what is wrong with a group is no change of one row's date")
		require.Equal(t, recon.ReasonDateOutside, o.Miss.Failed())
		require.Contains(t, res.Describe(p, [2]*Table{l, r}, recon.Left, o).Suggestion, "DATE_OUTSIDE")
	}
}

func TestSumMisses(t *testing.T) {
	rule := recon.Rule{
		Name: "customer", Type: recon.RuleSubsetSum, Priority: 1, Keys: []recon.RuleKey{{Left: "reference", Right: "reference"}},
		Group: recon.RuleGroup{Cardinality: recon.ManyToOne}, Date: recon.RuleDate{MaxDays: new(5)},
	}
	rows := func(amounts ...recon.Minor) (list []recon.Transaction) {
		for i, amount := range amounts {
			tx := recon.Transaction{Amount: amount, Currency: "EUR", Date: recon.Epoch + 20454, BookingStatus: recon.Booked, Reference: "C1", Row: i + 1}
			tx.Digest = gen.Digest(&tx)
			list = append(list, tx)
		}
		return list
	}
	p := compile(t, rule)

	t.Run("what a customer's rows lack of a payment is reported for each of them", func(t *testing.T) {
		res, _, _ := run(t, p, rows(6000, 4000), rows(9990))
		require.Empty(t, res.Groups)
		for side, delta := range [2]int64{-10, 10} {
			for _, o := range res.Open[side] {
				require.Equal(t, Miss{Delta: delta, Row: 0, Rule: 0, Change: ChangeSum, failed: recon.ReasonSplitIncomplete}, o.Miss)
				require.Equal(t, recon.ReasonSplitIncomplete, o.Reason())
			}
		}
	})
	t.Run("his other open rows are no part of a payment that is far from their sum", func(t *testing.T) {
		res, _, _ := run(t, p, rows(600_000, 400_000), rows(9990))
		require.Equal(t, NoRow, res.Open[0][0].Miss.Row)
		require.NotEqual(t, recon.ClassBreak, res.Open[1][0].Class())
	})
	t.Run("the nearer of two misses is reported", func(t *testing.T) {
		m := &sumMisses{near: [2][]near{noMisses(1), nil}}
		m.near[LeftIndex][0].keep(&near{miss: Miss{Row: 7}, keyed: true, fails: 1, amount: 10})
		best := near{miss: Miss{Row: 3}, keyed: true, fails: 1, amount: 11}
		best.keep(&m.near[LeftIndex][0])
		require.Equal(t, uint32(7), best.miss.Row)
		best = near{miss: Miss{Row: 3}, keyed: true, fails: 1, amount: 9}
		best.keep(&m.near[LeftIndex][0])
		require.Equal(t, uint32(3), best.miss.Row)
	})
}
