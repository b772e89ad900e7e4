//go:build unit || !integration

package recon_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestParseFixedColumn(t *testing.T) {
	for text, want := range map[string]recon.FixedColumn{
		"amount 9-20": {"amount", 9, 20}, " Booking  date 1-8 ": {"Booking  date", 1, 8}, "sign 21-21": {"sign", 21, 21},
	} {
		got, ok := recon.ParseFixedColumn(text)
		require.True(t, ok, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "amount", "amount 9", "9-20", "amount 0-3", "amount 20-9", "amount 1-100001", "amount 1-9999999"} {
		_, ok := recon.ParseFixedColumn(text)
		require.False(t, ok, text)
	}
}
