//go:build unit || !integration

package engine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestWriteOffsFit(t *testing.T) {
	eur, jpy := currencyCode("EUR"), currencyCode("JPY")
	limits := recon.Limits{ByCurrency: map[string]recon.Decimal{"EUR": "1.00"}}
	p, errs := Compile(recon.DefaultLadder(), recon.RunOptions{MaxWriteOff: limits})
	require.Empty(t, errs)
	p.Options.Written = []recon.WriteOff{{Month: recon.Epoch.Month(), Currency: "EUR", Amount: 10}}
	right := NewTable(p, recon.Right, 2)
	for i := range 2 {
		tx := recon.Transaction{Currency: "EUR", Amount: 1, Date: recon.Epoch + recon.Day(31*i)}
		require.NoError(t, right.Add(&tx, int64(i), ""))
	}
	r := newTestRunner(p, NewTable(p, recon.Left, 0), right)
	affords := func(currency uint32, row uint32, difference recon.Minor) bool {
		return r.affords(&Group{Difference: difference, currency: currency}, [2][]uint32{nil, {row}})
	}
	require.True(t, affords(eur, 0, -60))
	require.False(t, affords(eur, 0, 31), "earlier runs count, and the sign of a difference pays nothing back")
	require.True(t, affords(eur, 0, 30), "a smaller one still fits, to the cent")
	require.False(t, affords(eur, 0, math.MinInt64+1))
	require.True(t, affords(eur, 0, 0))
	require.True(t, affords(eur, 1, 100), "the next month has a limit of its own")
	require.True(t, affords(jpy, 0, 1_000_000), "a currency that the map leaves out has no limit")
}
