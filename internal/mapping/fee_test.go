//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestSumText(t *testing.T) {
	t.Parallel()
	require.Equal(t, "gross+tip−fee−tax", sumText(recon.MapField{Add: []string{"gross", "tip"}, Subtract: []string{"fee", "tax"}}))
}

// A fee that is written as negative is added, and one that is in the amount already is left alone.
func TestFeesByTheBalance(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"date,amount,fee,balance\n2026-01-01,10.00,0,110.00\n2026-01-02,-50.00,-1.00,59.00\n2026-01-03,5.00,0,64.00\n2026-01-04,7.00,0,71.00\n": "amount+fee",
		"date,amount,fee,balance\n2026-01-01,10.00,0,110.00\n2026-01-02,-50.00,1.00,60.00\n2026-01-03,5.00,0,65.00\n2026-01-04,7.00,0,72.00\n":  "",
	} {
		r := opened(t, text, Hints{Side: recon.Right})
		require.Equal(t, want, sumText(r.FieldMap().Fields[recon.FieldAmount]))
		require.NoError(t, r.SettleWith(OtherSide{}))
		require.NoError(t, r.Unsettled())
	}
}
