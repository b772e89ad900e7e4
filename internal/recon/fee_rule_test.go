//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFeeRule_Check(t *testing.T) {
	good := FeeRule{Name: "cards", Priority: 10, FeeSchedule: "acquirer", Sources: []string{"psp"}, Kinds: []string{"SALE", "REFUND"}}
	require.Empty(t, good.Check())
	for pointer, spoil := range map[string]func(r *FeeRule){
		"/name":        func(r *FeeRule) { r.Name = " " },
		"/priority":    func(r *FeeRule) { r.Priority = 0 },
		"/feeSchedule": func(r *FeeRule) { r.FeeSchedule = "" },
		"/kinds/1":     func(r *FeeRule) { r.Kinds = []string{"SALE", "SALE"} },
		"/sources":     func(r *FeeRule) { r.Sources = make([]string, 51) },
	} {
		bad := good
		spoil(&bad)
		faults := bad.Check()
		require.NotEmpty(t, faults, pointer)
		require.Equal(t, pointer, faults[0].Pointer)
	}
}

func TestFeeRule_Fits(t *testing.T) {
	r := FeeRule{Sources: []string{"psp"}, Kinds: []string{"SALE"}}
	require.True(t, r.Fits("psp", "SALE"))
	require.False(t, r.Fits("bank", "SALE"))
	require.False(t, r.Fits("psp", "PAYOUT"))
	require.True(t, (&FeeRule{}).Fits("any", ""))
}
