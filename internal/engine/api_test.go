//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestCodes keeps the one-byte codes next to their texts.
func TestCodes(t *testing.T) {
	g := Group{status: recon.GroupProposed, held: recon.HeldByMargin, adjustment: recon.AdjustmentWriteOff}
	require.Equal(t, recon.GroupProposed, g.Status())
	require.Equal(t, recon.HeldByMargin, g.HeldBy())
	require.Equal(t, recon.AdjustmentWriteOff, g.Adjustment())
	o := Open{class: recon.ClassData, reason: recon.ReasonPending}
	require.Equal(t, recon.ClassData, o.Class())
	require.Equal(t, recon.ReasonPending, o.Reason())
	require.Equal(t, recon.ReasonNoCandidate, (&Miss{}).Failed(), "there is no near row")
	require.Equal(t, recon.ReasonTaken, (&Miss{failed: recon.ReasonTaken}).Failed())
}
