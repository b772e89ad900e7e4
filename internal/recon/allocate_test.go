//go:build unit || !integration

package recon

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestT46_AllocationsSumExactly splits 100,000 random totals over random rows: one against many, many against one, and
// many against many.
func TestT46_AllocationsSumExactly(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(46, 46))
	for range 100_000 {
		total := Minor(random.Int64() >> random.IntN(63))
		if random.IntN(2) == 0 {
			total = -total
		}
		weights := make([]Minor, 1+random.IntN(12))
		for i := range weights {
			weights[i] = Minor(random.Int64() >> random.IntN(64))
			if random.IntN(3) == 0 {
				weights[i] = -weights[i]
			}
		}
		shares := Allocate(total, weights)
		require.Len(t, shares, len(weights))
		sum, most := Minor(0), total.Abs()
		for _, share := range shares {
			require.False(t, share != 0 && (share < 0) != (total < 0), "a share of %d has the other sign", total)
			require.LessOrEqual(t, share.Abs(), most)
			require.NotContains(t, share.Decimal(0), "-0")
			sum += share
		}
		require.Equal(t, total, sum, "%v", weights)
		manyToMany(t, random, shares)
	}
}

// manyToMany deals each share on over another set of rows: what a group of N:M allocates to each pair.
func manyToMany(t *testing.T, random *rand.Rand, shares []Minor) {
	weights := make([]Minor, 1+random.IntN(3))
	for i := range weights {
		weights[i] = Minor(random.Int64N(1000))
	}
	for _, share := range shares {
		sum := Minor(0)
		for _, part := range Allocate(share, weights) {
			sum += part
		}
		require.Equal(t, share, sum)
	}
}

func TestAllocate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		total   Minor
		weights []Minor
		want    []Minor
	}{
		"thirds of a cent go to the first":    {100, []Minor{1, 1, 1}, []Minor{34, 33, 33}},
		"the largest remainder gets the cent": {10, []Minor{1, 2, 4}, []Minor{1, 3, 6}},
		"a refund is split alike":             {-100, []Minor{1, 1, 1}, []Minor{-34, -33, -33}},
		"no weight at all counts alike":       {5, []Minor{0, 0}, []Minor{3, 2}},
		"weights count by magnitude":          {100, []Minor{-30, 70}, []Minor{30, 70}},
		"nothing to split is nothing each":    {0, []Minor{1, 2}, []Minor{0, 0}},
		"nobody gets nothing":                 {100, nil, []Minor{}},
		"weights that do not add up in 64 bits": {
			math.MaxInt64,
			[]Minor{math.MaxInt64, math.MaxInt64, math.MaxInt64},
			[]Minor{3074457345618258603, 3074457345618258602, 3074457345618258602},
		},
	} {
		require.Equal(t, c.want, Allocate(c.total, c.weights), name)
	}
}
