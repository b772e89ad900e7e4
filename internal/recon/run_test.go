//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyARunThatEndedCanNoLongerChange(t *testing.T) {
	t.Parallel()
	for status, ended := range map[RunStatus]bool{
		RunQueued: false, RunRunning: false, RunCompleted: true, RunFailed: true, RunCancelled: true,
	} {
		require.Equal(t, ended, status.Final(), status)
	}
}
