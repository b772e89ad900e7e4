//go:build unit || !integration

package solver

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInParallel(t *testing.T) {
	for _, cores := range []int{1, 4} {
		before := runtime.GOMAXPROCS(cores)
		var sum atomic.Int64
		InParallel(100, func(i int) { sum.Add(int64(i)) })
		require.Equal(t, int64(4950), sum.Load())
		require.PanicsWithValue(t, "law", func() {
			InParallel(100, func(i int) {
				if i == 50 {
					panic("law")
				}
			})
		}, "a broken law reaches the caller, whose recover is the one that counts")
		runtime.GOMAXPROCS(before)
	}
	t.Run("a core is left to requests that wait", func(t *testing.T) {
		before := runtime.GOMAXPROCS(4)
		defer runtime.GOMAXPROCS(before)
		for waiting, want := range map[int64]int{0: 4, 1: 3} {
			Waiting.Add(waiting)
			var together sync.WaitGroup // the first ones wait for each other: so many there are
			together.Add(want)
			var now, most atomic.Int32
			InParallel(64, func(i int) {
				most.Store(max(most.Load(), now.Add(1)))
				if i < want {
					together.Done()
					together.Wait()
				}
				for range 100 {
					runtime.Gosched()
				}
				now.Add(-1)
			})
			Waiting.Add(-waiting)
			require.EqualValues(t, want, most.Load())
		}
	})
	require.Equal(t, [][2]int{{0, 4}, {4, 8}, {8, 9}}, Ranges(9, 4))
	require.Empty(t, Ranges(0, 4))
}
