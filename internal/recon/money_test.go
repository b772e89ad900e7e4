//go:build unit || !integration

package recon

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestT41_PlainDecimalsAreExactOrRefused(t *testing.T) {
	t.Parallel()
	read := map[string]Minor{
		"0.30": 30, "+12": 1200, "−12": -1200, "-12.5": -1250, ".5": 50, "5.": 500, "12.3400": 1234,
		"92233720368547758.07": math.MaxInt64, "000000000000000000000000000000000001.00": 100,
	}
	for text, want := range read {
		got, err := ParseMinor(text, 2)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	refused := map[string]string{
		"": CodeAmountUnreadable, "-": CodeAmountUnreadable, ".": CodeAmountUnreadable, "1e3": CodeAmountUnreadable, "1,234.56": CodeAmountUnreadable,
		"(12.00)": CodeAmountUnreadable, "12.00-": CodeAmountUnreadable, "1.2.3": CodeAmountUnreadable, "0x10": CodeAmountUnreadable, "1.00x": CodeAmountUnreadable,
		"0.001": CodeAmountTooPrecise, "0.0000000000000000010": CodeAmountTooPrecise,
		"92233720368547758.08":                    CodeAmountTooBig,
		"99999999999999999999999999999999999999":  CodeAmountTooBig,
		"999999999999999999999999999999999999999": CodeAmountTooBig,
	}
	for text, want := range refused {
		_, err := ParseMinor(text, 2)
		require.Equal(t, want, CodeOf(err), text)
	}
}

func TestT42_DecimalsFollowTheCurrency(t *testing.T) {
	t.Parallel()
	for code, digits := range map[string]int{
		"JPY": 0, "KRW": 0, "CLP": 0, "BHD": 3, "KWD": 3, "TND": 3, "CLF": 4, "UYW": 4, "EUR": 2, "BRL": 2,
	} {
		got, known := CurrencyDigits(code)
		require.True(t, known, code)
		require.Equal(t, digits, got, code)
	}
	_, err := ParseMoney("10.5", "JPY")
	require.Equal(t, CodeAmountTooPrecise, CodeOf(err))
	_, err = ParseMoney("10", "EURO")
	require.Equal(t, CodeCurrencyUnknown, CodeOf(err))
	money, err := ParseMoney("10.0", "JPY")
	require.NoError(t, err)
	require.Equal(t, "10", money.String())
}

func TestDecimalsSurviveTheRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := Minor(rapid.Int64Range(-math.MaxInt64, math.MaxInt64).Draw(t, "minor"))
		digits := rapid.IntRange(0, 4).Draw(t, "digits")
		text := m.Decimal(digits)
		back, err := ParseMinor(text, digits)
		require.NoError(t, err)
		require.Equal(t, m, back)
		require.NotEqual(t, "-0", strings.TrimRight(text, "0."))
	})
}

func TestAddFindsEveryOverflow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		exact := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		sum, err := Minor(a).Add(Minor(b))
		if exact.IsInt64() {
			require.NoError(t, err)
			require.Equal(t, exact.Int64(), int64(sum))
		} else {
			require.Error(t, err)
		}
	})
}
