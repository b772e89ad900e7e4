//go:build unit || !integration

package postgres

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestPackRows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 3))
		seen := map[int64]bool{}
		for range random.IntN(300) {
			seen[int64(random.IntN(4)+1)<<32+int64(random.IntN(200))] = true
		}
		ids := make([]int64, 0, len(seen))
		for id := range seen {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		back, err := unpackRows(packRows(ids), len(ids)+1)
		require.NoError(t, err)
		require.ElementsMatch(t, ids, back)
		require.True(t, slices.IsSorted(back))
	}
	fresh := make([]int64, 1_000_000)
	for i := range fresh {
		fresh[i] = rowID(7, int64(i))
	}
	require.Less(t, len(packRows(fresh)), 16, "a fresh file is one run of neighbours")
	_, err := unpackRows(packRows(fresh), 1000)
	require.Equal(t, "RUN_NOT_REPLAYABLE", recon.CodeOf(err))
	_, err = unpackRows([]byte{0x80}, 1000)
	require.ErrorContains(t, err, "cannot be read")
	_, err = unpackRows([]byte{1}, 1000)
	require.ErrorContains(t, err, "cannot be read")
}
