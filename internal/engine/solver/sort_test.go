//go:build unit || !integration

package solver

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.Uint64Range(0, 1<<rapid.IntRange(0, 63).Draw(t, "bits")), radixLeast, radixLeast+50).Draw(t, "keys")
		rows := make([]uint32, len(keys))
		for i := range rows {
			rows[i] = uint32(i)
		}
		Sort(rows, func(row uint32) uint64 { return keys[row] })
		require.True(t, slices.IsSortedFunc(rows, func(a, b uint32) int {
			if keys[a] != keys[b] {
				return map[bool]int{true: -1, false: 1}[keys[a] < keys[b]]
			}
			return int(a) - int(b)
		}))
	})
}
