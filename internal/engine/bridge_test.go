//go:build unit || !integration

package engine

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestTheAdjustedBalanceLeadsToTheRight reconciles random sides with a cut-off: in every currency the balance of the
// books with what is to be booked, in timing and unexplained is the bank's, and rows after the cut-off are in neither.
func TestTheAdjustedBalanceLeadsToTheRight(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 11))
		p := compile(t, recon.DefaultLadder()...)
		p.Options.From, p.Options.To = recon.Epoch+5, recon.Epoch+14
		var tables [2]*Table
		var balance [2]recon.Minor
		for side, name := range []recon.Side{recon.Left, recon.Right} {
			tables[side] = NewTable(p, name, 0)
			for i, tx := range returns(r, 30, string(name)) {
				require.NoError(t, tables[side].Add(tx, int64(i), ""))
				if tx.Date <= p.Options.To {
					balance[side] += tx.Amount
				}
			}
		}
		res, err := Run(p, tables[0], tables[1], nil)
		require.NoError(t, err)
		b := res.Bridge[0]
		require.Equal(t, [2]recon.Minor{b.Left, b.Right}, balance)
		sums := b.Kinds()
		reached := b.Left
		for kind, sum := range sums {
			amount, err := sum.Minor()
			require.NoError(t, err)
			reached += amount
			kinds[kind] += int(amount.Abs())
		}
		require.Equal(t, b.Right, reached)
		for i := range res.Groups {
			g, anchors := &res.Groups[i], 0
			for side, rows := range [2][]uint32{res.LeftRows(g), res.RightRows(g)} {
				for _, row := range rows {
					if day := tables[side].Date(row); day >= p.Options.From && day <= p.Options.To {
						anchors++
					}
				}
			}
			require.Positive(t, anchors, "seed %d: a group without an anchor", seed)
		}
	}
	for _, kind := range []string{recon.KindTiming, recon.KindToBook, recon.KindUnexplained} {
		require.Positive(t, kinds[kind], kind)
	}
}

// TestABridgeBuilderKeepsTheFirstSumThatDoesNotFit, since no bridge can print it.
func TestABridgeBuilderKeepsTheFirstSumThatDoesNotFit(t *testing.T) {
	t.Parallel()
	var large recon.Total
	large.Add(1<<63 - 1)
	large.Add(1<<63 - 1)
	b := &bridgeBuilder{bridge: recon.Bridge{Currency: "EUR"}}
	b.item(recon.BridgeItem{Label: recon.LabelOutside}, large, -1)
	b.item(recon.BridgeItem{Label: recon.LabelRest}, large, 1)
	require.ErrorContains(t, b.err, recon.LabelOutside)
}
