//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawAssignment is a small bipartite graph with capacities and few scores, so that ties are common.
func drawAssignment(t *rapid.T) *assignment {
	a := &assignment{budget: workMax, enough: marginNone}
	for side := range a.capacity {
		for range rapid.IntRange(1, 4).Draw(t, "nodes") {
			a.capacity[side] = append(a.capacity[side], int64(rapid.IntRange(1, 2).Draw(t, "capacity")))
		}
	}
	for l := range a.capacity[0] {
		for r := range a.capacity[1] {
			if score := rapid.IntRange(-2, 5).Draw(t, "score"); score >= 0 {
				a.edges = append(a.edges, edge{score: int64(score), left: int32(l), right: int32(r)})
			}
		}
	}
	return a
}

// best is the optimum by trying everything: how many pairs, and the highest total among those. limit holds how many
// pairs an edge may carry.
func best(edges []edge, capacity [2][]int64, limit map[edge]int64) (pairs, total int64) {
	if len(edges) == 0 {
		return 0, 0
	}
	e := edges[0]
	most := min(capacity[0][e.left], capacity[1][e.right])
	if bound, bounded := limit[e]; bounded {
		most = min(most, bound)
	}
	pairs, total = -1, -1
	for n := int64(0); n <= most; n++ {
		capacity[0][e.left] -= n
		capacity[1][e.right] -= n
		p, s := best(edges[1:], capacity, limit)
		capacity[0][e.left] += n
		capacity[1][e.right] += n
		if p, s = p+n, s+n*e.score; p > pairs || p == pairs && s > total {
			pairs, total = p, s
		}
	}
	return pairs, total
}

func sum(flows []flow) (pairs, total int64) {
	for _, f := range flows {
		pairs += f.pairs
		total += f.pairs * f.edge.score
	}
	return pairs, total
}

func copyCapacity(c [2][]int64) [2][]int64 {
	return [2][]int64{append([]int64(nil), c[0]...), append([]int64(nil), c[1]...)}
}

func TestAssignment(t *testing.T) {
	t.Run("is optimal, by count and then total, and knows what each pair is worth", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			a := drawAssignment(t)
			if len(a.edges) == 0 {
				return
			}
			capacity := copyCapacity(a.capacity)
			wantPairs, wantTotal := best(a.edges, copyCapacity(capacity), nil)
			a.assign()
			pairs, total := sum(a.flows)
			require.Equal(t, wantPairs, pairs)
			require.Equal(t, wantTotal, total)
			require.Zero(t, a.gap)
			for _, f := range a.flows {
				without, rest := best(a.edges, copyCapacity(capacity), map[edge]int64{f.edge: f.pairs - 1})
				switch {
				case f.method == MethodExact && without == pairs:
					require.Equal(t, total-rest, f.margin, "%+v", f)
					require.Equal(t, f.margin == 0, f.alternatives > 0)
				case without < pairs:
					require.Equal(t, marginNone, f.margin)
				}
			}
		})
	})
	t.Run("best first never loses a pair that a short path would give, and bounds what it lost", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			a := drawAssignment(t)
			wantPairs, _ := best(a.edges, copyCapacity(a.capacity), nil)
			for _, c := range a.components() {
				a.greedy(c)
			}
			pairs, _ := sum(a.flows)
			require.LessOrEqual(t, pairs, wantPairs)
			require.GreaterOrEqual(t, pairs+a.gap, wantPairs)
			for side := range a.capacity {
				for _, left := range a.capacity[side] {
					require.GreaterOrEqual(t, left, int64(0))
				}
			}
		})
	})
	t.Run("a path of three edges finds the partner that best first took away", func(t *testing.T) {
		a := &assignment{capacity: [2][]int64{{1, 1}, {1, 1}}, edges: []edge{{score: 9, left: 0, right: 0}, {score: 1, left: 0, right: 1}, {score: 5, left: 1, right: 0}}}
		a.greedy(a.edges)
		pairs, total := sum(a.flows)
		require.Equal(t, [2]int64{2, 6}, [2]int64{pairs, total})
	})
	t.Run("a component past its budget is not solved exactly", func(t *testing.T) {
		a := &assignment{}
		for range 300 {
			a.capacity[0], a.capacity[1] = append(a.capacity[0], 1), append(a.capacity[1], 1)
		}
		for l := range int32(300) {
			for r := range int32(300) {
				a.edges = append(a.edges, edge{score: int64(l * r % 97), left: l, right: r})
			}
		}
		a.assign()
		pairs, _ := sum(a.flows)
		require.Equal(t, int64(300), pairs)
		require.Equal(t, MethodGreedy, a.flows[0].method)
	})
}
