//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestTheBooksAreLookedAtAsOfTheEarlierCoverage(t *testing.T) {
	t.Parallel()
	look := func(options recon.RunOptions, left, right []recon.Day) (recon.Day, recon.Covered) {
		p := compile(t, recon.DefaultLadder()...)
		p.Options = options
		var tables [2]*Table
		for i, days := range [2][]recon.Day{left, right} {
			tables[i] = NewTable(p, sideOf(i), 0)
			for _, day := range days {
				require.NoError(t, tables[i].Add(&recon.Transaction{Amount: 1, Currency: "EUR", Date: day}, 0, ""))
			}
		}
		res, err := Run(p, tables[0], tables[1], nil)
		require.NoError(t, err)
		return res.AsOf, res.Covered
	}
	day := recon.Epoch
	asOf, covered := look(recon.RunOptions{}, []recon.Day{day + 1, day + 5}, []recon.Day{day + 3})
	require.Equal(t, day+3, asOf)
	require.Equal(t, recon.Covered{Left: day + 5, Right: day + 3}, covered)
	asOf, covered = look(recon.RunOptions{Covered: recon.Covered{Left: day + 2, Right: day + 9}}, []recon.Day{day + 5}, []recon.Day{day + 3})
	require.Equal(t, []recon.Day{day + 5, day + 5, day + 9}, []recon.Day{asOf, covered.Left, covered.Right}, "what is given counts where it is later")
	asOf, covered = look(recon.RunOptions{}, []recon.Day{day + 5}, nil)
	require.Equal(t, []recon.Day{day + 5, day + 5}, []recon.Day{asOf, covered.Right}, "an empty side limits nothing")
	asOf, _ = look(recon.RunOptions{AsOf: day + 20}, []recon.Day{day + 5}, []recon.Day{day + 3})
	require.Equal(t, day+20, asOf)
}
