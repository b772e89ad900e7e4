//go:build unit || !integration

package solver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetwork(t *testing.T) {
	square := func(scores ...int64) *Assignment {
		a := &Assignment{Capacity: [2][]int64{{1, 1}, {1, 1}}, Budget: 1 << 40, Enough: marginNone}
		for i, s := range scores {
			a.edges = append(a.edges, Edge{Score: s, Left: int32(i / 2), Right: int32(i % 2)})
		}
		return a
	}
	t.Run("four equal candidates leave either pairing: each pair has one alternative", func(t *testing.T) {
		a := square(5, 5, 5, 5)
		a.assign()
		require.Len(t, a.Flows, 2)
		for _, f := range a.Flows {
			require.Zero(t, f.Margin)
			require.Equal(t, int32(1), f.Alternatives)
		}
	})
	t.Run("the margin of a pair is what the whole assignment loses without it", func(t *testing.T) {
		a := square(9, 7, 7, 6) // 9+6 against 7+7
		a.assign()
		require.Equal(t, int64(1), a.Flows[0].Margin)
		require.Equal(t, int64(1), a.Flows[1].Margin)
	})
	t.Run("a margin past what is asked for is not distinguished from none", func(t *testing.T) {
		a := square(90, 10, 10, 90)
		a.Enough = 50
		a.assign()
		require.Equal(t, marginNone, a.Flows[0].Margin)
	})
	t.Run("two pairs beat one pair of a higher score", func(t *testing.T) {
		a := &Assignment{Capacity: [2][]int64{{1, 1}, {1, 1}}, Budget: 1 << 40, Enough: marginNone}
		a.edges = []Edge{{Score: 100, Left: 0, Right: 0}, {Score: 1, Left: 0, Right: 1}, {Score: 1, Left: 1, Right: 0}}
		a.assign()
		pairs, total := sum(a.Flows)
		require.Equal(t, [2]int64{2, 2}, [2]int64{pairs, total})
	})
}

// BenchmarkExactComponent is the hardest component that is solved exactly: about 200 nodes a side, all joined.
func BenchmarkExactComponent(b *testing.B) {
	for b.Loop() {
		a := dense(200)
		a.exact(a.edges)
	}
}

// dense is n nodes a side with every pair a candidate.
func dense(n int32) *Assignment {
	a := &Assignment{Budget: 1 << 40, Enough: 8500 * 10}
	for range n {
		a.Capacity[0], a.Capacity[1] = append(a.Capacity[0], 1), append(a.Capacity[1], 1)
	}
	for l := range n {
		for r := range n {
			a.edges = append(a.edges, Edge{Score: int64(700_000 + (l*7919+r*104729)%150_000), Left: l, Right: r})
		}
	}
	return a
}
