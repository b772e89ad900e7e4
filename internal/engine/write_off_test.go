//go:build unit || !integration

package engine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestWriteOffsFit(t *testing.T) {
	eur, jpy, free := currencyCode("EUR"), currencyCode("JPY"), recon.HeldByNothing
	limits := recon.Limits{ByCurrency: map[string]recon.Decimal{"EUR": "1.00"}}
	p, errs := Compile(recon.DefaultLadder(), recon.RunOptions{MaxWriteOff: limits})
	require.Empty(t, errs)
	r := newTestRunner(p, NewTable(p, recon.Left, 0), NewTable(p, recon.Right, 0))
	require.Equal(t, free, r.affords(free, eur, -60))
	require.Equal(t, recon.HeldByWriteOff, r.affords(free, eur, 41), "the sign of a difference pays nothing back")
	require.Equal(t, free, r.affords(free, eur, 40), "a smaller one still fits, to the cent")
	require.Equal(t, recon.HeldByWriteOff, r.affords(free, eur, math.MinInt64+1))
	require.Equal(t, free, r.affords(free, eur, 0))
	require.Equal(t, free, r.affords(free, jpy, 1_000_000), "a currency that the map leaves out has no limit")
	require.Equal(t, recon.HeldByScore, r.affords(recon.HeldByScore, eur, 1), "what is held already writes nothing off")
}
