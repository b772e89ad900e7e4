//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLimits(t *testing.T) {
	t.Run("one limit is cut to each currency's decimals", func(t *testing.T) {
		l := Limits{Default: "0.559"}
		for currency, want := range map[string]Minor{"EUR": 55, "JPY": 0, "BHD": 559} {
			got, given := l.In(currency)
			require.True(t, given)
			require.Equal(t, want, got, currency)
		}
	})
	t.Run("a map leaves other currencies without a limit", func(t *testing.T) {
		l := Limits{ByCurrency: map[string]Decimal{"EUR": "5"}}
		got, given := l.In("EUR")
		require.True(t, given)
		require.Equal(t, Minor(500), got)
		_, given = l.In("USD")
		require.False(t, given)
	})
}
