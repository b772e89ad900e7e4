//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestResiduals(t *testing.T) {
	left, right := payout(1)
	right[0].Reference = left[0].Reference
	partial := recon.PartialGroup{RowSet: recon.RowSet{Left: []int64{0}, Right: []int64{0}}, Rule: "a rule that is gone"}
	p, errs := Compile(recon.DefaultLadder(), recon.RunOptions{Partials: []recon.PartialGroup{partial}})
	require.Empty(t, errs)
	res, _, _ := run(t, p, left, right)
	require.Len(t, res.Groups, 1, "its rows match nothing, not even each other")
	g := &res.Groups[0]
	require.True(t, g.Kept())
	require.Equal(t, NoRule, g.Rule)
	require.Equal(t, []int{0}, res.Replaces(0))
	require.Equal(t, "a rule that is gone", res.RuleName(p, 0))
	require.EqualValues(t, 1, res.Counts[LeftIndex].Partial)
	p, errs = Compile(recon.DefaultLadder(), recon.RunOptions{Partials: []recon.PartialGroup{partial, partial}})
	require.Empty(t, errs)
	_, err := Run(p, tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right), nil)
	require.Equal(t, "PARTIAL_ROWS_INVALID", recon.CodeOf(err))
}
