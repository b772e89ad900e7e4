//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestUnitMisses(t *testing.T) {
	p := compile(t, payoutRule())
	left, right := payout(10)
	right[0].Date += 30
	res, l, r := run(t, p, left, right)
	require.Len(t, res.Open[0], 10)
	for i := range res.Open[0] {
		o := &res.Open[0][i]
		require.Equal(t, ChangeGroup, o.Miss.Change, "what is wrong with a group is no change of one row's date")
		require.Equal(t, recon.ReasonDateOutside, o.Miss.Failed())
		require.Contains(t, res.Describe(p, l, r, recon.Left, o).Suggestion, "DATE_OUTSIDE")
	}
}
