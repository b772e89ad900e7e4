//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestPostRulesCountWhatEarlierRunsBooked(t *testing.T) {
	t.Parallel()
	p := compile(t, recon.Rule{
		Name: "fees", Type: recon.RulePostType, Priority: 1, Where: recon.SideText{Right: "amount < 0"},
		Post: recon.RulePost{Account: "6855", MaxMonth: recon.Limits{Default: "10.00"}},
	})
	p.Options.Written = []recon.WriteOff{
		{Month: recon.Epoch.Month(), Currency: "EUR", Amount: 800, Rule: "fees"},
		{Month: recon.Epoch.Month(), Currency: "EUR", Amount: 900, Rule: "another"},
	}
	left, right := NewTable(p, recon.Left, 0), NewTable(p, recon.Right, 2)
	for i, amount := range []recon.Minor{-300, -200} {
		tx := recon.Transaction{Currency: "EUR", Amount: amount, Date: recon.Epoch, BookingStatus: recon.Booked}
		require.NoError(t, right.Add(&tx, int64(i), ""))
	}
	res, err := Run(p, left, right, nil)
	require.NoError(t, err)
	require.Len(t, res.Groups, 2)
	for i := range res.Groups {
		g := &res.Groups[i]
		held := map[recon.Minor]recon.HeldBy{300: recon.HeldByWriteOff, 200: recon.HeldByNothing}[g.Difference]
		require.Equal(t, held, g.HeldBy())
		e := res.Evidence(p, left, right, g)
		require.Equal(t, "post to 6855", e[0].Field)
	}
	x := newTestRunner(p, left, right).evaluator(&p.rules[0])
	require.True(t, x.booked([]uint32{0}))
	require.False(t, x.booked([]uint32{0, 1}), "a posting is one row")
}
