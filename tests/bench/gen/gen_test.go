//go:build unit || !integration

package gen

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestShape(t *testing.T) {
	collect := func(seed uint64) (ids []string, truths map[recon.Side]map[int]int) {
		truths = map[recon.Side]map[int]int{recon.Left: {}, recon.Right: {}}
		Ordinary(2000, seed).Each(func(side recon.Side, row *Row) {
			ids = append(ids, row.ExternalID+row.Reference+row.Date.String())
			truths[side][row.Truth]++
		})
		return ids, truths
	}
	ids, truths := collect(1)
	again, _ := collect(1)
	other, _ := collect(2)
	require.Equal(t, ids, again, "one seed, one business")
	require.NotEqual(t, ids, other)
	missing, twice := 0, 0
	for truth, times := range truths[recon.Left] {
		if truths[recon.Right][truth] == 0 {
			missing++
		}
		twice += times - 1
	}
	require.InDelta(t, 60, missing, 40)
	require.Positive(t, twice)
}
