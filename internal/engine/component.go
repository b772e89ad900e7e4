package engine

import (
	"cmp"
	"slices"
)

// node is a kind of row on one side of a block: rows equal in every field that the rule compares. Collapsing them is
// what makes a million equal rows one decision.
type node struct {
	amount   int64
	day      int32
	from, to uint32 // its rows, in canonical order, in block.rows of its side
	distinct bool   // its rows are not all of the same digest, so which of them is taken matters
}

func (n *node) count() int64 { return int64(n.to - n.from) }

// edge is a candidate: two nodes whose rows hold every predicate of the rule.
type edge struct {
	score       int64
	left, right int32
	confirmable bool
}

// flow is what an assignment puts on an edge: how many pairs, and how sure they are.
type flow struct {
	edge         edge
	pairs        int64
	margin       int64 // the total lost if this pair were forbidden
	alternatives int32 // other kinds of partner at an equal total
	method       Method
}

// marginNone: without the pair fewer rows would be matched at all, which no total makes up for.
const marginNone = int64(1) << 62

// assignment is a bipartite graph of nodes with capacities, and how hard it may be worked on.
type assignment struct {
	capacity [2][]int64 // what is left of each node; assign takes from it
	edges    []edge
	budget   int64 // work units for exact solving, over all components
	enough   int64 // margins past it need not be told apart
	flows    []flow
	gap      int64
}

// assign solves each connected component: at once where there is nothing to weigh, exactly (most pairs, then the highest
// total) where that fits the budget, and best first with augmentation where it does not.
func (a *assignment) assign() {
	if len(a.edges) == 1 {
		a.single(a.edges[0])
		return
	}
	for _, component := range a.components() {
		switch lefts, rights := countNodes(component); {
		case len(component) == 1:
			a.single(component[0])
		case lefts == 1 || rights == 1:
			a.star(component, lefts == 1)
		default:
			work := int64(min(lefts, rights)) * int64(len(component)+lefts+rights)
			if work <= workMin || work <= min(exactWorkMax, a.budget) {
				a.budget -= work
				a.exact(component)
			} else {
				a.greedy(component)
			}
		}
	}
}

// exactWorkMax bounds one component that is solved exactly: about 200 rows a side with every pair a candidate, 100 ms.
const exactWorkMax = 8 << 20

func (a *assignment) single(e edge) {
	pairs := min(a.capacity[0][e.left], a.capacity[1][e.right])
	a.take(flow{edge: e, pairs: pairs, margin: marginNone, method: MethodSingle})
}

func (a *assignment) take(f flow) {
	if f.pairs == 0 {
		return
	}
	a.capacity[0][f.edge.left] -= f.pairs
	a.capacity[1][f.edge.right] -= f.pairs
	a.flows = append(a.flows, f)
}

// components splits the edges into connected components, in the order of their first left node.
func (a *assignment) components() [][]edge {
	lefts := len(a.capacity[0])
	parent := make([]int32, lefts+len(a.capacity[1]))
	for i := range parent {
		parent[i] = int32(i)
	}
	find := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for _, e := range a.edges {
		x, y := find(e.left), find(int32(lefts)+e.right)
		if x != y {
			parent[max(x, y)] = min(x, y) // the root is the first left node
		}
	}
	sizes := make([]int32, lefts+1)
	for _, e := range a.edges {
		sizes[find(e.left)+1]++
	}
	var bounds []int32
	for i := range lefts {
		if sizes[i+1] > 0 {
			bounds = append(bounds, sizes[i])
		}
		sizes[i+1] += sizes[i]
	}
	sorted := make([]edge, len(a.edges))
	for _, e := range a.edges {
		root := find(e.left)
		sorted[sizes[root]] = e
		sizes[root]++
	}
	return cut(sorted, bounds)
}

func cut(edges []edge, bounds []int32) [][]edge {
	parts := make([][]edge, len(bounds))
	for i, from := range bounds {
		to := len(edges)
		if i+1 < len(bounds) {
			to = int(bounds[i+1])
		}
		parts[i] = edges[from:to]
	}
	return parts
}

// countNodes counts the nodes of a component, whose edges come by left node.
func countNodes(component []edge) (lefts, rights int) {
	seen := make(map[int32]bool, min(len(component), 64))
	last := int32(-1)
	for _, e := range component {
		if e.left != last {
			last = e.left
			lefts++
		}
		if !seen[e.right] {
			seen[e.right] = true
			rights++
		}
	}
	return lefts, rights
}

// star is a component around one node: its best partners, as many as it can take. What it takes is certain as far as
// its score leads the best partner that is left over.
func (a *assignment) star(component []edge, centreLeft bool) {
	rank := slices.Clone(component)
	slices.SortStableFunc(rank, func(x, y edge) int { return cmp.Compare(y.score, x.score) })
	centre, leaf := func(e edge) *int64 { return &a.capacity[0][e.left] }, func(e edge) *int64 { return &a.capacity[1][e.right] }
	if !centreLeft {
		centre, leaf = func(e edge) *int64 { return &a.capacity[1][e.right] }, func(e edge) *int64 { return &a.capacity[0][e.left] }
	}
	first := len(a.flows)
	for _, e := range rank {
		a.take(flow{edge: e, pairs: min(*centre(e), *leaf(e)), margin: marginNone, method: MethodExact})
	}
	a.starMargins(rank, a.flows[first:], leaf)
}

// starMargins measures what a star took against the best partner that still has room. Rank is by score, best first, so
// everything from the first with room on was left over; only that first one can have been taken in part.
func (a *assignment) starMargins(rank []edge, taken []flow, leaf func(edge) *int64) {
	room := slices.IndexFunc(rank, func(e edge) bool { return *leaf(e) > 0 })
	if room < 0 {
		return
	}
	cut, best := rank[room], rank[room].score
	tied := int32(0)
	for _, e := range rank[room:] {
		if e.score == best {
			tied++
		}
	}
	for i := range taken {
		f := &taken[i]
		others, next := tied, best
		if f.edge == cut {
			others--
			if room+1 == len(rank) {
				continue
			}
			next = rank[room+1].score
		}
		f.margin = f.edge.score - next
		if f.margin == 0 {
			f.alternatives = others
		}
	}
}

// greedy takes candidates best first, then frees rows along paths of three edges for rows that found none. The gap is
// how many more pairs the rows of the component could hold at most. Nothing from here is ever confirmed.
func (a *assignment) greedy(component []edge) {
	rank := slices.Clone(component)
	slices.SortStableFunc(rank, func(x, y edge) int { return cmp.Compare(y.score, x.score) })
	first := len(a.flows)
	for _, e := range rank {
		pairs := min(a.capacity[0][e.left], a.capacity[1][e.right])
		a.take(flow{edge: e, pairs: pairs, method: MethodGreedy})
	}
	if a.room(component) > 0 {
		a.augment(component, first)
		a.gap += a.room(component)
	}
}

// room is how many more pairs a component could hold at most: what is left of its smaller side.
func (a *assignment) room(component []edge) int64 {
	var sums [2]int64
	seen := [2]map[int32]bool{{}, {}}
	for _, e := range component {
		for side, n := range [2]int32{e.left, e.right} {
			if left := a.capacity[side][n]; left > 0 && !seen[side][n] {
				seen[side][n] = true
				sums[side] += left
			}
		}
	}
	return min(sums[0], sums[1])
}

// augmentTries bounds how many taken partners are asked to move for one row without a partner.
const augmentTries = 64

func (a *assignment) augment(component []edge, first int) {
	byLeft := map[int32][]edge{}
	for _, e := range component {
		byLeft[e.left] = append(byLeft[e.left], e)
	}
	taking := map[int32][]int{} // right node → its flows
	for i := first; i < len(a.flows); i++ {
		taking[a.flows[i].edge.right] = append(taking[a.flows[i].edge.right], i)
	}
	last := int32(-1)
	for _, e := range component {
		if e.left == last || a.capacity[0][e.left] == 0 {
			continue
		}
		last = e.left
		a.augmentFrom(byLeft, taking, e.left)
	}
}

// augmentFrom finds a partner for a left node by moving another left node from it to a right node with room.
func (a *assignment) augmentFrom(byLeft map[int32][]edge, taking map[int32][]int, left int32) {
	tries := 0
	for _, wanted := range byLeft[left] {
		for _, i := range taking[wanted.right] {
			for _, other := range byLeft[a.flows[i].edge.left] {
				if tries++; tries > augmentTries || a.capacity[0][left] == 0 {
					return
				}
				pairs := min(a.capacity[0][left], a.capacity[1][other.right], a.flows[i].pairs)
				if pairs == 0 || other.right == wanted.right {
					continue
				}
				a.flows[i].pairs -= pairs
				a.capacity[0][other.left] += pairs
				a.capacity[1][wanted.right] += pairs
				for _, e := range [2]edge{other, wanted} {
					a.take(flow{edge: e, pairs: pairs, method: MethodGreedy})
					taking[e.right] = append(taking[e.right], len(a.flows)-1)
				}
			}
		}
	}
}
