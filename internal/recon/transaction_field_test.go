//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTransactionField(t *testing.T) {
	t.Parallel()
	tx := Transaction{
		Amount: 1050, Currency: "EUR", Net: NullMinor{Amount: 1000, Set: true}, Original: &Money{Amount: 7, Currency: "USD"},
		Metadata: []Attribute{{Name: "order", Value: "7"}},
	}
	require.Equal(t, "10.00", tx.Field("net"))
	require.Empty(t, tx.Field("fee"))
	require.Equal(t, "7", tx.Field("metadata.order"))
	_, has := tx.NamedAmount("original")
	require.False(t, has, "in another currency")
	tx.Original.Currency = "EUR"
	amount, has := tx.NamedAmount("original")
	require.True(t, has)
	require.Equal(t, Minor(7), amount)
}
