//go:build unit || !integration

package postgres

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestImportTotals(t *testing.T) {
	t.Run("currencies are added up apart, with their own decimals", func(t *testing.T) {
		var totals importTotals
		require.Empty(t, totals.decimals())
		totals.add("EUR", 1050)
		totals.add("JPY", 7)
		totals.add("EUR", -1075)
		require.Equal(t, map[string]string{"EUR": "-0.25", "JPY": "7"}, totals.decimals())
	})
	t.Run("no sum wraps round", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			var totals importTotals
			want := new(big.Int)
			amounts := rapid.SliceOfN(rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MaxInt64, math.MinInt64, 0})), 1, 20).Draw(t, "amounts")
			for _, amount := range amounts {
				totals.add("JPY", recon.Minor(amount))
				want.Add(want, big.NewInt(amount))
			}
			require.Equal(t, want.String(), totals.decimals()["JPY"])
		})
	})
}
