//go:build unit || !integration

package engine

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

// TestBlock: no block is a product of its sides.
func TestBlock(t *testing.T) {
	t.Run("one amount, one day and nothing else in common is one decision, not a product", func(t *testing.T) {
		p := compile(t, recon.DefaultLadder()...)
		const n = 20_000
		left, right := NewTable(p, recon.Left, n), NewTable(p, recon.Right, n)
		for i := range n {
			for side, table := range [2]*Table{left, right} {
				tx := recon.Transaction{Amount: 1000, Currency: "EUR", Date: recon.Epoch + 20454, Reference: fmt.Sprintf("%d-%d", side, i), ExternalID: fmt.Sprint(side, i)}
				tx.Digest = gen.Digest(&tx)
				require.NoError(t, table.Add(&tx, int64(i), "file"))
			}
		}
		res, err := Run(p, left, right, nil)
		require.NoError(t, err)
		require.Equal(t, int64(n), res.Counts[0].Proposed)
		require.Less(t, res.ByRule[3].Candidates, int64(2))
		require.Equal(t, recon.HeldByAmbiguity, res.Groups[0].HeldBy())
		require.Equal(t, int32(n-1), res.Groups[0].Alternatives)
	})
	t.Run("a key that everybody shares ends with its budget, not with a product", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "n/a", Type: recon.RuleTolerance, Priority: 1, Amount: recon.RuleAmount{Abs: recon.Limits{Default: "100.00"}}})
		const n = 6000
		left, right := NewTable(p, recon.Left, n), NewTable(p, recon.Right, n)
		for i := range n {
			for side, table := range [2]*Table{left, right} {
				tx := recon.Transaction{Amount: recon.Minor(100_000 + 2*i + side), Currency: "EUR", Date: recon.Epoch + 20454, Reference: "N/A", ExternalID: fmt.Sprint(side, i)}
				tx.Digest = gen.Digest(&tx)
				require.NoError(t, table.Add(&tx, int64(i), "file"))
			}
		}
		res, err := Run(p, left, right, nil)
		require.NoError(t, err)
		require.Zero(t, res.Counts[0].Matched)
		require.Positive(t, res.ByRule[0].Capped)
		require.Equal(t, recon.HeldBySearchBudget, res.Groups[0].HeldBy())
		require.LessOrEqual(t, res.ByRule[0].Candidates, int64(n*fanMax))
	})
	t.Run("a small block is compared each with each, a large one by windows, to the same end", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "near", Type: recon.RuleTolerance, Priority: 1, Keys: []recon.RuleKey{}, Date: recon.RuleDate{MaxDays: new(2)}})
		left, right := generated(t, p, gen.Shape{Rows: 300, Seed: 9, Days: 5, Amounts: 40})
		left.seal()
		right.seal()
		r := newTestRunner(p, left, right)
		x := r.evaluator(&p.rules[0])
		var edges [2]map[[2]uint32]int64
		for i, search := range []func(*block){(*block).crossAll, (*block).windows} {
			list := r.blocks(x)
			b := &block{x: x, rows: list.rows, out: &outcome{}, fan: 1 << 20}
			b.collapse(LeftIndex)
			b.collapse(RightIndex)
			search(b)
			edges[i] = map[[2]uint32]int64{}
			for _, e := range b.edges {
				edges[i][[2]uint32{b.first(LeftIndex, e.Left), b.first(RightIndex, e.Right)}] = e.Score
			}
		}
		require.NotEmpty(t, edges[0])
		require.Equal(t, edges[0], edges[1])
	})
}

func newTestRunner(p *Plan, left, right *Table) *runner {
	r := newRunner(view{plan: p, tables: [2]*Table{left, right}})
	r.join()
	return r
}
