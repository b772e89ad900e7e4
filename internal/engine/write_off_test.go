//go:build unit || !integration

package engine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestWriteOffsFit(t *testing.T) {
	w, eur, jpy := writeOffs{}, currencyCode("EUR"), currencyCode("JPY")
	limits := limitsOf(recon.Limits{ByCurrency: map[string]recon.Decimal{"EUR": "1.00"}})
	require.True(t, w.fits(limits, eur, -60))
	require.False(t, w.fits(limits, eur, 41), "the sign of a difference pays nothing back")
	require.True(t, w.fits(limits, eur, 40), "a smaller one still fits, to the cent")
	require.False(t, w.fits(limits, eur, math.MinInt64+1))
	require.True(t, w.fits(limits, eur, 0))
	require.True(t, w.fits(limits, jpy, 1_000_000), "a currency that the map leaves out has no limit")
}
