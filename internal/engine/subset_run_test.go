//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

func subsetRule() recon.Rule {
	return recon.Rule{
		Name: "subset", Type: recon.RuleSubsetSum, Priority: 1, Group: recon.RuleGroup{Cardinality: recon.ManyToOne}, Date: recon.RuleDate{MaxDays: new(5)},
	}
}

func TestSubsetRun(t *testing.T) {
	t.Run("ten thousand equal amounts end at once with a reason", func(t *testing.T) {
		p := compile(t, subsetRule())
		left, right := payout(10_000)
		for i := range left {
			left[i].Amount = 1000
			left[i].Digest = gen.Digest(&left[i])
		}
		right[0].Amount = 1_000_500
		res, _, _ := run(t, p, left, right)
		require.Empty(t, res.Groups)
		require.Equal(t, recon.ReasonSearchBudget, res.Open[1][0].Reason())
	})
	t.Run("a thousand targets over one pool stay inside the budget of the rule", func(t *testing.T) {
		p := compile(t, subsetRule())
		left, _ := payout(2_000)
		_, line := payout(1)
		var right []recon.Transaction
		for i := range 1_000 {
			tx := line[0]
			tx.ExternalID, tx.Amount, tx.Row = left[i].ExternalID+"R", recon.Minor(7_001+13*i), i+1
			tx.Digest = gen.Digest(&tx)
			right = append(right, tx)
		}
		res, _, _ := run(t, p, left, right)
		for i := range res.Groups {
			require.Equal(t, recon.GroupProposed, res.Groups[i].Status(), "without a key it only proposes")
		}
	})
}

func TestJudgeSubset(t *testing.T) {
	p := compile(t, subsetRule())
	left, right := payout(3)
	res, l, r := run(t, p, left, right)
	require.Len(t, res.Groups, 1)
	x := compare(p, [2]*Table{l, r}, 0, [2]uint32{}).evaluator
	_, held, ok := x.judgeSubset([2][]uint32{{0, 1, 2}, {0}})
	require.True(t, ok)
	require.Equal(t, recon.HeldByNoKey, held)
	_, _, ok = x.judgeSubset([2][]uint32{{0, 1}, {0}})
	require.False(t, ok, "the sum does not hold")
}
