package solver

import (
	"cmp"
	"slices"
)

// Edge is a candidate: two nodes that may be paired, and what each pair of theirs is worth.
type Edge struct {
	Score       int64
	Left, Right int32
	Preferred   bool // assigned before all others: no preferred pair is given up for weaker ones
}

// Method is how a component was assigned.
type Method uint8

// The methods.
const (
	Single Method = iota // one node a side: nothing to choose
	Exact                // optimal: count, then total score
	Greedy               // best first with augmentation; Gap bounds what it may have missed
)

// Flow is what an assignment puts on an edge: how many pairs, and how sure they are.
type Flow struct {
	Edge         Edge
	Pairs        int64
	Margin       int64 // the total lost if this pair were forbidden
	Alternatives int32 // other partners at an equal total
	Method       Method
}

// marginNone: without the pair fewer rows would be matched at all, which no total makes up for.
const marginNone = int64(1) << 62

const (
	// exactWorkMax bounds one component that is solved exactly: about 200 nodes a side with every pair a candidate,
	// 100 ms.
	exactWorkMax = 8 << 20
	workMin      = 20_000 // every component may cost this much: twenty nodes a side with every pair a candidate
)

// Assignment is a bipartite graph of nodes with capacities, and how hard it may be worked on.
type Assignment struct {
	Capacity [2][]int64 // what is left of each node; Solve takes from it
	Budget   int64      // work units for exact solving, over all components
	Enough   int64      // margins past it need not be distinguished
	Flows    []Flow
	Gap      int64

	edges []Edge
}

// Solve assigns the preferred edges among themselves, then the rest among the nodes that still have room.
func (a *Assignment) Solve(edges []Edge) {
	var rest []Edge
	for _, e := range edges {
		if e.Preferred {
			a.edges = append(a.edges, e)
		} else {
			rest = append(rest, e)
		}
	}
	a.assign()
	a.edges = slices.DeleteFunc(rest, func(e Edge) bool {
		return a.Capacity[0][e.Left] == 0 ||
			a.Capacity[1][e.Right] == 0
	})
	a.assign()
}

// assign solves each connected component: at once where there is nothing to weigh, exactly (most pairs, then the
// highest total) where that fits the budget, and best first with augmentation where it does not.
func (a *Assignment) assign() {
	for _, component := range a.components() {
		switch lefts, rights := countNodes(component); {
		case len(component) == 1:
			e := component[0]
			a.Take(Flow{Edge: e, Pairs: a.Room(e), Margin: marginNone, Method: Single})
		case lefts == 1 || rights == 1:
			a.star(component, lefts == 1)
		default:
			work := int64(min(lefts, rights)) * int64(len(component)+lefts+rights)
			if work <= workMin || work <= min(exactWorkMax, a.Budget) {
				a.Budget -= work
				a.exact(component)
			} else {
				a.greedy(component)
			}
		}
	}
}

// Room is how many pairs an edge can still carry.
func (a *Assignment) Room(e Edge) int64 { return min(a.Capacity[0][e.Left], a.Capacity[1][e.Right]) }

// Take puts a flow on an edge, unless it carries nothing.
func (a *Assignment) Take(f Flow) {
	if f.Pairs == 0 {
		return
	}
	a.Capacity[0][f.Edge.Left] -= f.Pairs
	a.Capacity[1][f.Edge.Right] -= f.Pairs
	a.Flows = append(a.Flows, f)
}

// components splits the edges into connected components, in the order of their first left node.
func (a *Assignment) components() [][]Edge {
	switch len(a.edges) {
	case 0:
		return nil
	case 1:
		return [][]Edge{a.edges}
	}
	lefts := len(a.Capacity[0])
	union := NewUnion[int32](lefts + len(a.Capacity[1])) // the root of a set is its first left node
	for _, e := range a.edges {
		union.Join(e.Left, int32(lefts)+e.Right)
	}
	at := make([]int32, lefts+1)
	for _, e := range a.edges {
		at[union.Root(e.Left)+1]++
	}
	var parts [][]Edge
	sorted := make([]Edge, len(a.edges))
	for i := range lefts {
		if n := at[i+1]; n > 0 {
			parts = append(parts, sorted[at[i]:at[i]+n])
		}
		at[i+1] += at[i]
	}
	for _, e := range a.edges {
		root := union.Root(e.Left)
		sorted[at[root]] = e
		at[root]++
	}
	return parts
}

// countNodes counts the nodes of a component, whose edges come by left node.
func countNodes(component []Edge) (lefts, rights int) {
	seen := make(map[int32]bool, min(len(component), 64))
	last := int32(-1)
	for _, e := range component {
		if e.Left != last {
			last = e.Left
			lefts++
		}
		if !seen[e.Right] {
			seen[e.Right] = true
			rights++
		}
	}
	return lefts, rights
}

// star is a component around one node: its best partners, as many as it can take. What it takes is certain as far as
// its score leads the best partner that is left over.
func (a *Assignment) star(component []Edge, centreLeft bool) {
	rank := slices.Clone(component)
	slices.SortStableFunc(rank, func(x, y Edge) int { return cmp.Compare(y.Score, x.Score) })
	leaf := func(e Edge) int64 { return a.Capacity[1][e.Right] }
	if !centreLeft {
		leaf = func(e Edge) int64 { return a.Capacity[0][e.Left] }
	}
	first := len(a.Flows)
	for _, e := range rank {
		a.Take(Flow{Edge: e, Pairs: a.Room(e), Margin: marginNone, Method: Exact})
	}
	a.starMargins(rank, a.Flows[first:], leaf)
}

// starMargins measures what a star took against the best partner that still has room. Rank is by score, best first, so
// everything from the first with room on was left over; only that first one can have been taken in part.
func (a *Assignment) starMargins(rank []Edge, taken []Flow, leaf func(Edge) int64) {
	room := slices.IndexFunc(rank, func(e Edge) bool { return leaf(e) > 0 })
	if room < 0 {
		return
	}
	cut, best := rank[room], rank[room].Score
	tied := int32(0)
	for _, e := range rank[room:] {
		if e.Score == best {
			tied++
		}
	}
	for i := range taken {
		f := &taken[i]
		others, next := tied, best
		if f.Edge == cut {
			others--
			if room+1 == len(rank) {
				continue
			}
			next = rank[room+1].Score
		}
		f.Margin = f.Edge.Score - next
		if f.Margin == 0 {
			f.Alternatives = others
		}
	}
}

// greedy takes candidates best first, then frees rows along paths of three edges for rows that found none. The gap is
// how many more pairs the rows of the component could hold at most. Nothing from here is ever confirmed.
func (a *Assignment) greedy(component []Edge) {
	rank := slices.Clone(component)
	slices.SortStableFunc(rank, func(x, y Edge) int { return cmp.Compare(y.Score, x.Score) })
	first := len(a.Flows)
	for _, e := range rank {
		a.Take(Flow{Edge: e, Pairs: a.Room(e), Method: Greedy})
	}
	if a.missed(component) > 0 {
		a.augment(component, first)
		a.Gap += a.missed(component)
	}
}

// missed is how many more pairs a component could hold at most: what is left of its smaller side.
func (a *Assignment) missed(component []Edge) int64 {
	var sums [2]int64
	seen := [2]map[int32]bool{{}, {}}
	for _, e := range component {
		for side, n := range [2]int32{e.Left, e.Right} {
			if left := a.Capacity[side][n]; left > 0 && !seen[side][n] {
				seen[side][n] = true
				sums[side] += left
			}
		}
	}
	return min(sums[0], sums[1])
}

// augmentTries bounds how many taken partners are asked to move for one row without a partner.
const augmentTries = 64

func (a *Assignment) augment(component []Edge, first int) {
	byLeft := map[int32][]Edge{}
	for _, e := range component {
		byLeft[e.Left] = append(byLeft[e.Left], e)
	}
	taking := map[int32][]int{} // right node → its flows
	for i := first; i < len(a.Flows); i++ {
		taking[a.Flows[i].Edge.Right] = append(taking[a.Flows[i].Edge.Right], i)
	}
	last := int32(-1)
	for _, e := range component {
		if e.Left == last || a.Capacity[0][e.Left] == 0 {
			continue
		}
		last = e.Left
		a.augmentFrom(byLeft, taking, e.Left)
	}
}

// augmentFrom finds a partner for a left node by moving another left node from it to a right node with room.
func (a *Assignment) augmentFrom(byLeft map[int32][]Edge, taking map[int32][]int, left int32) {
	tries := 0
	for _, wanted := range byLeft[left] {
		for _, i := range taking[wanted.Right] {
			for _, other := range byLeft[a.Flows[i].Edge.Left] {
				if tries++; tries > augmentTries || a.Capacity[0][left] == 0 {
					return
				}
				pairs := min(a.Capacity[0][left], a.Capacity[1][other.Right], a.Flows[i].Pairs)
				if pairs == 0 || other.Right == wanted.Right {
					continue
				}
				a.Flows[i].Pairs -= pairs
				a.Capacity[0][other.Left] += pairs
				a.Capacity[1][wanted.Right] += pairs
				for _, e := range [2]Edge{other, wanted} {
					a.Take(Flow{Edge: e, Pairs: pairs, Method: Greedy})
					taking[e.Right] = append(taking[e.Right], len(a.Flows)-1)
				}
			}
		}
	}
}
