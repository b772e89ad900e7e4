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
		require.Contains(t, res.Describe(p, l, r, recon.Left, o).Suggestion, "DATE_OUTSIDE")
	}
}
