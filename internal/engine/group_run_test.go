//go:build unit || !integration

package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

// payout is a batch of n sales, refunds, chargebacks and fees on the left, and its one line on the right.
func payout(n int) (left []recon.Transaction, right []recon.Transaction) {
	var sum recon.Minor
	for i := range n {
		tx := recon.Transaction{
			ExternalID: fmt.Sprintf("S%06d", i), Reference: fmt.Sprintf("ORD-%d", i), Amount: recon.Minor(1000 + i%977), Currency: "EUR",
			Date: recon.Epoch + 20454 + recon.Day(i%3), BookingStatus: recon.Booked, Row: i + 1,
			Metadata: []recon.Attribute{{Name: "payout", Value: "PO-1"}},
		}
		if i%7 == 6 { // a refund, a chargeback or a fee
			tx.Amount = -tx.Amount / 3
		}
		tx.Digest = gen.Digest(&tx)
		sum += tx.Amount
		left = append(left, tx)
	}
	line := recon.Transaction{ExternalID: "B1", Reference: "PO-1", Amount: sum, Currency: "EUR", Date: recon.Epoch + 20458, BookingStatus: recon.Booked, Row: 1}
	line.Digest = gen.Digest(&line)
	return left, []recon.Transaction{line}
}

func payoutRule() recon.Rule {
	return recon.Rule{
		Name: "payout", Type: recon.RuleGrouped, Priority: 1, Keys: []recon.RuleKey{{Left: "metadata.payout", Right: "reference"}},
		Group: recon.RuleGroup{By: recon.RuleSources{Left: []string{"metadata.payout"}}}, Date: recon.RuleDate{MaxDays: new(5)},
	}
}

func TestGroupedRun(t *testing.T) {
	t.Run("a payout of fifty thousand rows against one bank line has no size limit and takes well under a second", func(t *testing.T) {
		p := compile(t, payoutRule())
		left, right := payout(50_000)
		l, r := tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right)
		start := time.Now()
		res, err := Run(p, l, r, nil)
		require.NoError(t, err)
		t.Log(time.Since(start))
		require.Len(t, res.Groups, 1)
		require.Equal(t, recon.GroupConfirmed, res.Groups[0].Status())
		require.EqualValues(t, 50_000, res.Groups[0].LeftCount)
		for _, e := range res.Evidence(p, l, r, &res.Groups[0]) {
			require.True(t, e.Held, e)
		}
	})
	t.Run("one cent off, every row has what its group lacks", func(t *testing.T) {
		p := compile(t, payoutRule())
		left, right := payout(50_000)
		right[0].Amount++
		res, _, _ := run(t, p, left, right)
		require.Empty(t, res.Groups)
		require.Len(t, res.Open[0], 50_000)
		for i := range res.Open[0] {
			require.Equal(t, recon.ReasonSplitIncomplete, res.Open[0][i].Reason())
			require.EqualValues(t, 1, res.Open[0][i].Miss.Delta)
		}
	})
	t.Run("sums that no number holds match nothing", func(t *testing.T) {
		p := compile(t, payoutRule())
		left, right := payout(3)
		for i := range left {
			left[i].Amount = 1 << 62
			left[i].Digest = gen.Digest(&left[i])
		}
		right[0].Amount = -(1 << 62)
		for i, tx := range []recon.Minor{-(1 << 62), -(1 << 62)} { // the side's own total must still be printable
			extra := left[i]
			extra.ExternalID, extra.Amount = fmt.Sprintf("X%d", i), tx
			extra.Metadata = []recon.Attribute{{Name: left[i].Metadata[0].Name, Value: extra.ExternalID}} // it waits too
			extra.Digest = gen.Digest(&extra)
			extra.Row = len(left) + 1
			left = append(left, extra)
		}
		res, _, _ := run(t, p, left, right)
		require.Empty(t, res.Groups)
	})
}
