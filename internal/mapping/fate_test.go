//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryColumnHasAFate names each column of a file once, in its order: what it is used as, or why not.
func TestEveryColumnHasAFate(t *testing.T) {
	t.Parallel()
	r := opened(t, "date,reference,gross,fee,net,currency,order id,branch,empty\n"+
		"2026-04-02,A1,40.00,1.00,39.00,EUR,1.23E+15,a,\n"+
		"2026-04-03,A2,500.00,7.50,492.50,EUR,1.24E+15,b,-\n"+
		"2026-04-04,A3,60.00,1.00,59.00,EUR,1.25E+15,c,\n", Hints{})
	fates := r.Fates()
	names := make([]string, len(fates))
	by := map[string]Fate{}
	for i, f := range fates {
		names[i], by[f.Column] = f.Column, f
		require.False(t, len(f.UsedAs) > 0 && f.PassedOver, f.Column)
	}
	require.Equal(t, r.Header(), names)
	require.Equal(t, []string{"date"}, by["date"].UsedAs)
	require.Equal(t, Named, by["date"].Evidence)
	require.NotEmpty(t, by["date"].Why)
	require.Contains(t, by["net"].UsedAs, "net")
	require.True(t, by["order id"].PassedOver)
	require.Contains(t, by["order id"].Why, "exponent")
	require.Empty(t, by["branch"].UsedAs)
	require.False(t, by["branch"].Empty)
	require.True(t, by["empty"].Empty)
	require.Len(t, r.Sample(), 3)
}
