//go:build unit || !integration

package matching

import (
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// Runs wait while every core computes already. The turns are the process's, so the test is not parallel.
func TestComputeWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan, errs := engine.Compile([]recon.Rule{{Name: "exact", Priority: 1}}, recon.RunOptions{})
		require.Empty(t, errs)
		cores := runtime.GOMAXPROCS(0)
		for range cores {
			solver.TakeTurn()
		}
		ended := false
		go func() {
			_, err := Compute(plan, engine.NewTable(plan, recon.Left, 0), engine.NewTable(plan, recon.Right, 0), nil)
			ended = err == nil
		}()
		synctest.Wait()
		require.False(t, ended)
		for range cores {
			solver.EndTurn()
		}
		synctest.Wait()
		require.True(t, ended)
	})
}

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
