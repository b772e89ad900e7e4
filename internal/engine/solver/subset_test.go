//go:build unit || !integration

package solver

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// itemsOf are items whose numbers are the positions of their amounts.
func itemsOf(amounts []int64, alike bool, target int64) *SubsetItems {
	items := make([]uint32, len(amounts))
	for i := range items {
		items[i] = uint32(i)
	}
	return &SubsetItems{
		Items: items, Amount: func(item uint32) int64 { return amounts[item] }, Equal: func(uint32, uint32) bool { return alike },
		Single: func(uint32) bool { return false }, Holds: func(sum int64) bool { return sum == target },
		Refuse: func([]uint32) bool { return false },
	}
}

// search looks for subsets of exactly the target.
func search(amounts []int64, alike bool, target int64, size int, budget int64) (SubsetAnswer, *subsetSearch) {
	s := newSubsetSearch(itemsOf(amounts, alike, target), SubsetLimits{target, target, size, budget})
	s.enter(0, 0, 0)
	return s.answer, s
}

func TestSubsetSearch(t *testing.T) {
	t.Run("it finds as many subsets as trying them all does", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			amounts := rapid.SliceOfN(rapid.Int64Range(-6, 12), 0, 10).Draw(t, "amounts")
			target := rapid.Int64Range(-10, 30).Draw(t, "target")
			size := rapid.IntRange(1, 10).Draw(t, "size")
			var ways int64
			sumOf := make([]int64, 1<<len(amounts))
			for mask := 1; mask < len(sumOf); mask++ {
				n, cancels := 0, false
				for i, v := range amounts {
					if mask>>i&1 == 1 {
						sumOf[mask], n, cancels = sumOf[mask]+v, n+1, cancels || v == 0
					}
				}
				for part := (mask - 1) & mask; part > 0 && target != 0; part = (part - 1) & mask {
					cancels = cancels || sumOf[part] == 0
				}
				if sumOf[mask] == target && n <= size && !cancels {
					ways++
				}
			}
			answer := FindSubset(itemsOf(amounts, false, target), SubsetLimits{target, target, size, 1 << 40})
			require.False(t, answer.Spent)
			require.Equal(t, ways, answer.Ways)
			if ways > 0 {
				sum := int64(0)
				for _, item := range answer.Items {
					sum += amounts[item]
				}
				require.Equal(t, target, sum)
				require.LessOrEqual(t, len(answer.Items), size)
			}
		})
	})
	t.Run("it never takes more steps than its budget", func(t *testing.T) {
		amounts := make([]int64, 60)
		for i := range amounts {
			amounts[i] = int64(1_000_003 * (i + 1) / 7)
		}
		answer, s := search(amounts, false, 12_345_678, 60, 5_000)
		require.True(t, answer.Spent)
		require.Zero(t, s.Budget)
	})
	t.Run("ten thousand equal amounts are one kind, and no search", func(t *testing.T) {
		amounts := make([]int64, 10_000)
		for i := range amounts {
			amounts[i] = 10
		}
		answer, s := search(amounts, false, 105, 10_000, 100_000)
		require.Equal(t, SubsetAnswer{}, answer)
		require.Greater(t, s.Budget, int64(80_000))
		answer, _ = search(amounts, false, 100, 50, 100_000)
		require.EqualValues(t, subsetWaysMax, answer.Ways)
		answer, _ = search(amounts, true, 100, 50, 100_000)
		require.EqualValues(t, 1, answer.Ways, "rows of one digest are interchangeable")
		require.Len(t, answer.Items, 10)
	})
	t.Run("sums past the end of a number are no answer", func(t *testing.T) {
		answer, _ := search([]int64{1 << 62, 1 << 62, 1 << 62}, false, -1<<62, 3, 1000)
		require.Zero(t, answer.Ways)
	})
}

// TestItemsThatCancelAreNoChoice: each pair that cancels would double the answers.
func TestItemsThatCancelAreNoChoice(t *testing.T) {
	amounts := []int64{2500, 1500}
	for i := range int64(9) {
		amounts = append(amounts, 7001+3*i, -7001-3*i)
	}
	answer, _ := search(amounts, false, 4000, 20, 1<<20)
	require.Equal(t, []uint32{0, 1}, answer.Items)
	require.EqualValues(t, 1, answer.Ways)
}
