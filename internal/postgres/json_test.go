//go:build unit || !integration

package postgres

import (
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestAttributesAreTheirJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]string{}
		var attributes []recon.Attribute
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			name, value := rapid.String().Draw(t, "name"), rapid.String().Draw(t, "value")
			want[name] = value
			attributes = append(attributes, recon.Attribute{Name: name, Value: value})
		}
		var got map[string]string
		require.NoError(t, json.Unmarshal(appendAttributes(nil, attributes), &got))
		require.Equal(t, want, got)
	})
}

func TestStorable(t *testing.T) {
	t.Parallel()
	require.True(t, Storable("naïve ☃"))
	require.False(t, Storable("a\x00b"))
	require.False(t, Storable("\xc3("))
}

func TestDecimalTextAgreesWithMoney(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Min(-1<<62).Draw(t, "minor")
		currency := rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "CLF", "XXX", "???"}).Draw(t, "currency")
		require.Equal(t, decimal(minor, currency), decimalText(big.NewInt(minor).String(), currency))
	})
	require.Equal(t, "-123456789012345678901234567.89", decimalText("-12345678901234567890123456789", "EUR"))
}
