//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// searchOf is a search over amounts; rows are their positions.
func searchOf(amounts []int64, alike bool, target int64) *subsetSearch {
	rows := make([]uint32, len(amounts))
	for i := range rows {
		rows[i] = uint32(i)
	}
	s := newSubsetSearch(rows, func(row uint32) int64 { return amounts[row] }, func(uint32, uint32) bool { return alike }, func(uint32) bool { return false })
	s.holds = func(sum int64) bool { return sum == target }
	s.refused = func([]uint32) bool { return false }
	return s
}

func TestSubsetSearch(t *testing.T) {
	t.Run("it finds as many subsets as trying them all does", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			amounts := rapid.SliceOfN(rapid.Int64Range(-6, 12), 0, 10).Draw(t, "amounts")
			target := rapid.Int64Range(-10, 30).Draw(t, "target")
			size := rapid.IntRange(1, 10).Draw(t, "size")
			var ways int64
			for mask := 1; mask < 1<<len(amounts); mask++ {
				sum, n, zero := int64(0), 0, false
				for i, v := range amounts {
					if mask>>i&1 == 1 {
						sum, n, zero = sum+v, n+1, zero || v == 0
					}
				}
				if sum == target && n <= size && !zero {
					ways++
				}
			}
			answer := searchOf(amounts, false, target).find(target, target, size, 1<<40)
			require.False(t, answer.spent)
			require.Equal(t, ways, answer.ways)
			if ways > 0 {
				sum := int64(0)
				for _, row := range answer.rows {
					sum += amounts[row]
				}
				require.Equal(t, target, sum)
				require.LessOrEqual(t, len(answer.rows), size)
			}
		})
	})
	t.Run("it never takes more steps than its budget", func(t *testing.T) {
		amounts := make([]int64, 60)
		for i := range amounts {
			amounts[i] = int64(1_000_003 * (i + 1) / 7)
		}
		s := searchOf(amounts, false, 12_345_678)
		answer := s.find(12_345_678, 12_345_678, 60, 5_000)
		require.True(t, answer.spent)
		require.Zero(t, s.budget)
	})
	t.Run("ten thousand equal amounts are one kind, and no search", func(t *testing.T) {
		amounts := make([]int64, 10_000)
		for i := range amounts {
			amounts[i] = 10
		}
		s := searchOf(amounts, false, 105)
		require.Equal(t, subsetAnswer{}, s.find(105, 105, 10_000, 100_000))
		require.Greater(t, s.budget, int64(80_000))
		answer := searchOf(amounts, false, 100).find(100, 100, 50, 100_000)
		require.EqualValues(t, subsetWaysMax, answer.ways)
		answer = searchOf(amounts, true, 100).find(100, 100, 50, 100_000)
		require.EqualValues(t, 1, answer.ways, "rows of one digest are interchangeable")
		require.Len(t, answer.rows, 10)
	})
	t.Run("sums past the end of a number are no answer", func(t *testing.T) {
		require.Zero(t, searchOf([]int64{1 << 62, 1 << 62, 1 << 62}, false, -1<<62).find(-1<<62, -1<<62, 3, 1000).ways)
	})
}
