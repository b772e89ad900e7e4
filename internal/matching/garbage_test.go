//go:build unit || !integration

package matching

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// The setting is the process's, so the test is not parallel.
func TestGarbageSettingComesBack(t *testing.T) {
	for _, usual := range []int{100, 10, -1} {
		debug.SetGCPercent(usual)
		small := collectSooner(largeRows - 1)
		require.Equal(t, usual, debug.SetGCPercent(usual))
		one, other := collectSooner(largeRows), collectSooner(largeRows)
		one()
		within := min(largePercent, usual)
		require.Equal(t, within, debug.SetGCPercent(within), "another is still on")
		other()
		small()
		require.Equal(t, usual, debug.SetGCPercent(100))
	}
}
