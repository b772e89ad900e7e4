//go:build unit || !integration

package solver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReordered(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int{3, 1, 2}, Reordered([]int{1, 2, 3}, []uint32{2, 0, 1}))
	same := []int{7, 7}
	require.Same(t, &same[0], &Reordered(same, []uint32{1, 0})[0], "a column in which all rows agree is no work")
	require.Empty(t, Reordered([]int(nil), []uint32{0}))
}

func TestMoveText(t *testing.T) {
	t.Parallel()
	for _, n := range []uint32{0, 1, moveStep, moveStep + 1} {
		from, to := make([]byte, 2*moveStep), make([]byte, 2*moveStep)
		for i := range from {
			from[i] = byte(i)
		}
		MoveText(to, from, n)
		require.Equal(t, from[:n], to[:n])
	}
}
