//go:build unit || !integration

package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAdjustable(t *testing.T) {
	short := &decidedGroup{GroupRow: GroupRow{Status: recon.GroupPartial, Currency: "EUR", Difference: -100}, Adjusted: -40}
	for amount, want := range map[string]int64{"": -60, "-0.10": -10, "-0.60": -60} {
		got, err := adjustable(short, amount)
		require.NoError(t, err, amount)
		require.Equal(t, want, got)
	}
	for _, amount := range []string{"0", "0.10", "-0.61", "-0.001", "x"} {
		_, err := adjustable(short, amount)
		require.Equal(t, "VALIDATION_FAILED", recon.CodeOf(err), amount)
	}
	_, err := adjustable(&decidedGroup{GroupRow: GroupRow{Status: recon.GroupConfirmed, Difference: 5}, Adjusted: 5}, "")
	require.Equal(t, "NOTHING_TO_ADJUST", recon.CodeOf(err))
	_, err = adjustable(&decidedGroup{GroupRow: GroupRow{Status: recon.GroupUnmatched, Difference: 5}}, "")
	require.Equal(t, "GROUP_STATUS", recon.CodeOf(err))
	_, err = adjustable(&decidedGroup{GroupRow: GroupRow{Status: recon.GroupProposed, Difference: 5}, Preview: true}, "")
	require.Equal(t, "GROUP_PREVIEW", recon.CodeOf(err))
}

func TestSetHash_IsOfTheSet(t *testing.T) {
	require.Equal(t, setHash([]int64{3, 1, 2}), setHash([]int64{1, 2, 3}))
	require.NotEqual(t, setHash([]int64{1, 2}), setHash([]int64{1, 2, 3}))
}
