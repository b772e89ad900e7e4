//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnAbsentColumnReadsAsEmpty(t *testing.T) {
	t.Parallel()
	tx := Transaction{Metadata: []Attribute{{Name: "branch", Value: "Lyon"}, {Name: "e2e", Value: "X1"}}}
	require.Equal(t, "X1", tx.Attribute("e2e"))
	require.Empty(t, tx.Attribute("E2E"))
	require.Equal(t, Right, Left.Other())
	require.Equal(t, Left, Right.Other())
}

func TestAPreviewShowsMoneyInItsCurrencysDecimals(t *testing.T) {
	t.Parallel()
	row := PreviewOf(&Transaction{Line: 3, Amount: -1250, Currency: "KWD", Date: Epoch, ValueDate: NoDay})
	require.Equal(t, "-1.250", row.Amount)
	require.Equal(t, "1970-01-01", row.Date.String())
	require.Equal(t, 3, row.Line)
}
