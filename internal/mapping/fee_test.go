//go:build unit || !integration

package mapping

import (
	"strings"
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

// TestNetAndGrossWithoutAFeeAreAQuestion holds that tax between two amounts is no fee that explains which moved.
func TestNetAndGrossWithoutAFeeAreAQuestion(t *testing.T) {
	t.Parallel()
	const rows = "Date,Ref,Net,VAT,Gross,Currency\n2026-03-02,A,100.00,20.00,120.00,EUR\n2026-04-07,B,66.88,13.37,80.25,EUR\n"
	for file, id := range map[string]string{
		rows:                                      "amount",
		strings.Replace(rows, "VAT", "Fee", 1):    "", // a processor's: what is left moved
		strings.Replace(rows, "VAT", "Other", 1):  "amount",
		strings.Replace(rows, "Gross", "Note", 1): "",
	} {
		r, err := Open(strings.NewReader(file), "a.csv", Hints{Side: recon.Left})
		require.NoError(t, err)
		require.NoError(t, r.SettleWith(OtherSide{}))
		ids := ""
		for _, q := range r.Detection.Questions {
			ids += q.ID
			require.Contains(t, q.Text, `"Net" and "Gross" differ on 2 rows, by -33.37 EUR in all`)
		}
		require.Equal(t, id, ids, file)
	}
}
