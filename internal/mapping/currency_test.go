//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCodeInName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"CAD$": "CAD", "Betrag (EUR)": "EUR", "amount_usd": "USD", "Amount CZK": "CZK", "Montant en euros": "EUR", "Amount": "",
		"All amounts": "", "Valor (R$)": "BRL", "出金金額(円)": "JPY",
	} {
		require.Equal(t, want, codeInName(name), name)
	}
}

func TestLooksCode(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"XXBT", "DOT.S", "USDT", "1INCH", "EUR"} {
		require.True(t, looksCode(text), text)
	}
	for _, text := range []string{"euro", "", "A", "123", "US DOLLAR", "THIRTEENCHARS"} {
		require.False(t, looksCode(text), text)
	}
}
