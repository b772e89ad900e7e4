//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFindingsThatContradict(t *testing.T) {
	t.Parallel()
	require.True(t, FindingControlTotal.Contradicts())
	require.True(t, FindingContinuity.Contradicts())
	require.False(t, FindingNote.Contradicts())
	require.False(t, FindingProof.Contradicts())
}
