//go:build unit || !integration

package solver

import (
	"runtime"
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
	require.Equal(t, [][2]int{{0, 4}, {4, 8}, {8, 9}}, Ranges(9, 4))
	require.Empty(t, Ranges(0, 4))
}
