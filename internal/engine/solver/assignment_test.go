//go:build unit || !integration

package solver

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawAssignment is a small bipartite graph with capacities and few scores, so that ties are common.
func drawAssignment(t *rapid.T) *Assignment {
	a := &Assignment{Budget: 1 << 40, Enough: marginNone}
	for side := range a.Capacity {
		for range rapid.IntRange(1, 4).Draw(t, "nodes") {
			a.Capacity[side] = append(a.Capacity[side], int64(rapid.IntRange(1, 2).Draw(t, "capacity")))
		}
	}
	for l := range a.Capacity[0] {
		for r := range a.Capacity[1] {
			if score := rapid.IntRange(-2, 5).Draw(t, "score"); score >= 0 {
				a.edges = append(a.edges, Edge{Score: int64(score), Left: int32(l), Right: int32(r)})
			}
		}
	}
	return a
}

// best is the optimum by trying everything: how many pairs, and the highest total among those. limit holds how many
// pairs an edge may carry.
func best(edges []Edge, capacity [2][]int64, limit map[Edge]int64) (pairs, total int64) {
	if len(edges) == 0 {
		return 0, 0
	}
	e := edges[0]
	most := min(capacity[0][e.Left], capacity[1][e.Right])
	if bound, bounded := limit[e]; bounded {
		most = min(most, bound)
	}
	pairs, total = -1, -1
	for n := int64(0); n <= most; n++ {
		capacity[0][e.Left] -= n
		capacity[1][e.Right] -= n
		p, s := best(edges[1:], capacity, limit)
		capacity[0][e.Left] += n
		capacity[1][e.Right] += n
		if p, s = p+n, s+n*e.Score; p > pairs || p == pairs && s > total {
			pairs, total = p, s
		}
	}
	return pairs, total
}

func sum(flows []Flow) (pairs, total int64) {
	for _, f := range flows {
		pairs += f.Pairs
		total += f.Pairs * f.Edge.Score
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
			capacity := copyCapacity(a.Capacity)
			wantPairs, wantTotal := best(a.edges, copyCapacity(capacity), nil)
			a.assign()
			pairs, total := sum(a.Flows)
			require.Equal(t, wantPairs, pairs)
			require.Equal(t, wantTotal, total)
			require.Zero(t, a.Gap)
			for _, f := range a.Flows {
				without, rest := best(a.edges, copyCapacity(capacity), map[Edge]int64{f.Edge: f.Pairs - 1})
				switch {
				case f.Method == Exact && without == pairs:
					require.Equal(t, total-rest, f.Margin, "%+v", f)
					require.Equal(t, f.Margin == 0, f.Alternatives > 0)
				case without < pairs:
					require.Equal(t, marginNone, f.Margin)
				}
			}
		})
	})
	t.Run("best first never loses a pair that a short path would give, and bounds what it lost", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			a := drawAssignment(t)
			wantPairs, _ := best(a.edges, copyCapacity(a.Capacity), nil)
			for _, c := range a.components() {
				a.greedy(c)
			}
			pairs, _ := sum(a.Flows)
			require.LessOrEqual(t, pairs, wantPairs)
			require.GreaterOrEqual(t, pairs+a.Gap, wantPairs)
			for side := range a.Capacity {
				for _, left := range a.Capacity[side] {
					require.GreaterOrEqual(t, left, int64(0))
				}
			}
		})
	})
	t.Run("a path of three edges finds the partner that best first took away", func(t *testing.T) {
		a := &Assignment{Capacity: [2][]int64{{1, 1}, {1, 1}}, edges: []Edge{{Score: 9, Left: 0, Right: 0}, {Score: 1, Left: 0, Right: 1}, {Score: 5, Left: 1, Right: 0}}}
		a.greedy(a.edges)
		pairs, total := sum(a.Flows)
		require.Equal(t, [2]int64{2, 6}, [2]int64{pairs, total})
	})
	t.Run("a component past its budget is not solved exactly", func(t *testing.T) {
		a := &Assignment{}
		for range 300 {
			a.Capacity[0], a.Capacity[1] = append(a.Capacity[0], 1), append(a.Capacity[1], 1)
		}
		for l := range int32(300) {
			for r := range int32(300) {
				a.edges = append(a.edges, Edge{Score: int64(l * r % 97), Left: l, Right: r})
			}
		}
		a.assign()
		pairs, _ := sum(a.Flows)
		require.Equal(t, int64(300), pairs)
		require.Equal(t, Greedy, a.Flows[0].Method)
	})
}
