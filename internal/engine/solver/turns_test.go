//go:build unit || !integration

package solver

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// While a request waits, one core stays free of long work; turns come in the order in which they were asked for.
func TestTurnsLeaveACoreToRequests(t *testing.T) { //nolint:paralleltest // the turns are the process's
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	Waiting.Add(1)
	defer Waiting.Add(-1)
	TakeTurn()
	TakeTurn()
	began := make(chan int)
	for n := range 3 {
		go func() {
			TakeTurn()
			began <- n
		}()
		require.Eventually(t, func() bool { return waitForTurn() == n+1 }, time.Minute, time.Millisecond, "a third turn is not given")
	}
	for n := range 3 {
		EndTurn()
		require.Equal(t, n, <-began)
	}
	EndTurn()
	EndTurn()
	require.Zero(t, turns.busy)
}

func waitForTurn() int {
	turns.Lock()
	defer turns.Unlock()
	return len(turns.queue)
}
