//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetwork(t *testing.T) {
	square := func(scores ...int64) *assignment {
		a := &assignment{capacity: [2][]int64{{1, 1}, {1, 1}}, budget: workMax, enough: marginNone}
		for i, s := range scores {
			a.edges = append(a.edges, edge{score: s, left: int32(i / 2), right: int32(i % 2)})
		}
		return a
	}
	t.Run("four equal candidates leave either pairing: each pair has one alternative", func(t *testing.T) {
		a := square(5, 5, 5, 5)
		a.assign()
		require.Len(t, a.flows, 2)
		for _, f := range a.flows {
			require.Zero(t, f.margin)
			require.Equal(t, int32(1), f.alternatives)
		}
	})
	t.Run("the margin of a pair is what the whole assignment loses without it", func(t *testing.T) {
		a := square(9, 7, 7, 6) // 9+6 against 7+7
		a.assign()
		require.Equal(t, int64(1), a.flows[0].margin)
		require.Equal(t, int64(1), a.flows[1].margin)
	})
	t.Run("a margin past what is asked for is not told apart from none", func(t *testing.T) {
		a := square(90, 10, 10, 90)
		a.enough = 50
		a.assign()
		require.Equal(t, marginNone, a.flows[0].margin)
	})
	t.Run("two pairs beat one pair of a higher score", func(t *testing.T) {
		a := &assignment{capacity: [2][]int64{{1, 1}, {1, 1}}, budget: workMax, enough: marginNone}
		a.edges = []edge{{score: 100, left: 0, right: 0}, {score: 1, left: 0, right: 1}, {score: 1, left: 1, right: 0}}
		a.assign()
		pairs, total := sum(a.flows)
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
func dense(n int32) *assignment {
	a := &assignment{budget: workMax, enough: 8500 * 10}
	for range n {
		a.capacity[0], a.capacity[1] = append(a.capacity[0], 1), append(a.capacity[1], 1)
	}
	for l := range n {
		for r := range n {
			a.edges = append(a.edges, edge{score: int64(700_000 + (l*7919+r*104729)%150_000), left: l, right: r})
		}
	}
	return a
}
