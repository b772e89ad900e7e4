//go:build unit || !integration

package period

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

func TestSourcesAreHandedOnAsTheyWereRead(t *testing.T) {
	t.Parallel()
	c := january(t).closed(t)
	fieldMap := recon.FieldMap{Negate: true, Decimal: ".", Fields: map[string]recon.MapField{recon.FieldAmount: {Columns: []string{"a"}}}}
	c.Sides[1].Sources = []Source{NewSource(recon.Right, "bank", true, fieldMap, true), NewSource(recon.Right, "bank", true, recon.FieldMap{}, false)}
	carry := read(t, write(t, c))
	sources := carry.Sources(recon.Right)
	require.Len(t, sources, 1, "by its first file")
	require.True(t, sources[0].Flipped)
	read := sources[0].FieldMap()
	require.True(t, read.Negate)
	same, other := NewSource(recon.Right, "x", false, read, false), NewSource(recon.Right, "bank", true, recon.FieldMap{}, true)
	require.True(t, sources[0].ReadLike(&same))
	require.False(t, sources[0].ReadLike(&other))

	t.Run("a file that continues the only source takes its rows over", func(t *testing.T) {
		carry.Adopt(recon.Left, []string{"february", "february"}, true)
		require.Equal(t, "february", carry.Sources(recon.Left)[0].Name)
		require.Equal(t, "february", carry.Rows[engine.LeftIndex][0].Source)
		for _, s := range carry.settled {
			require.Equal(t, map[recon.Side]string{recon.Left: "february", recon.Right: "bank"}[s.Side], s.Source)
		}
	})
	t.Run("two named sources, or several, are not the same books", func(t *testing.T) {
		carry.Adopt(recon.Right, []string{"other"}, true)
		carry.Adopt(recon.Left, []string{"a", "b"}, false)
		require.Equal(t, "bank", carry.Sources(recon.Right)[0].Name)
		require.Equal(t, "february", carry.Sources(recon.Left)[0].Name)
	})
}

func TestABookedRowInheritsTheRejectionOfItsPendingOne(t *testing.T) {
	t.Parallel()
	sets := []recon.RowSet{{Left: []int64{1, 2}, Right: []int64{1}}}
	Rebook(sets, [2]map[int64]int64{{2: 20}, {5: 50}})
	require.Equal(t, []recon.RowSet{{Left: []int64{1, 20}, Right: []int64{1}}}, sets)
}
