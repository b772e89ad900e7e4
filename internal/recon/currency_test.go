//go:build unit || !integration

package recon

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCodesAreThreeUpperCaseLettersAndNothingElseIsKnown(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(currencyDigits), 170)
	for code := range currencyDigits {
		require.Len(t, code, 3)
		require.Equal(t, strings.ToUpper(code), code)
	}
	for _, code := range []string{"", "eur", "EURO", "XXY", "BTC", "ЕUR"} {
		_, known := CurrencyDigits(code)
		require.False(t, known, code)
	}
}
