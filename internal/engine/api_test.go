//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// TestCodes keeps the one-byte codes beside the texts that they stand for.
func TestCodes(t *testing.T) {
	g := Group{status: statusProposed, held: heldMargin, adjustment: adjustWriteOff}
	require.Equal(t, recon.GroupProposed, g.Status())
	require.Equal(t, recon.HeldByMargin, g.HeldBy())
	require.Equal(t, recon.AdjustmentWriteOff, g.Adjustment())
	require.Equal(t, recon.HeldByDuplicate, helds[heldDuplicate])
	require.Equal(t, recon.AdjustmentFee, adjustments[adjustFee])
	o := Open{class: classData, reason: reasonPending}
	require.Equal(t, recon.ClassData, o.Class())
	require.Equal(t, recon.ReasonPending, o.Reason())
	require.Equal(t, recon.ReasonSearchBudget, reasons[reasonSearchBudget])
	require.Equal(t, recon.ReasonTaken, (&Miss{failed: reasonTaken}).Failed())
	require.Equal(t, []string{"SINGLE", "EXACT", "GREEDY"}, []string{solver.Single.String(), solver.Exact.String(), solver.Greedy.String()})
}
