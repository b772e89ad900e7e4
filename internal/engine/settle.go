package engine

import (
	"cmp"
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// assign settles a block's candidates: first those that could be confirmed, among themselves, then the rest among the
// rows still free. A confirmable pair is never given up for weaker ones.
func (b *block) assign() {
	b.out.candidates += int64(len(b.edges))
	a := &solver.Assignment{Budget: b.budget, Enough: b.x.margin}
	for side, nodes := range b.nodes {
		a.Capacity[side] = make([]int64, len(nodes))
		b.flags[side] = make([]uint8, len(nodes))
		for i := range nodes {
			a.Capacity[side][i] = nodes[i].count()
		}
	}
	if b.x.prefers {
		b.byAge(a)
	} else {
		a.Solve(b.edges)
	}
	b.out.gap += a.Gap
	b.distribute(a)
	b.markLeftOver(a)
}

// distribute deals the rows of each node to the pairs that its flows hold, in canonical order.
func (b *block) distribute(a *solver.Assignment) {
	partners := [2][]int32{make([]int32, len(b.nodes[0])), make([]int32, len(b.nodes[1]))}
	for _, f := range a.Flows {
		if f.Pairs > 0 {
			partners[0][f.Edge.Left]++
			partners[1][f.Edge.Right]++
		}
	}
	next := [2][]uint32{make([]uint32, len(b.nodes[0])), make([]uint32, len(b.nodes[1]))}
	for i := range a.Flows {
		f := &a.Flows[i]
		l, r := &b.nodes[0][f.Edge.Left], &b.nodes[1][f.Edge.Right]
		others := f.Alternatives
		ambiguous := f.Margin == 0 && f.Method != solver.Greedy
		if f.Pairs > 0 && !b.forced(a, partners, f) {
			ambiguous = true
			others = max(others, int32(l.count()-1)*truth(l.distinct), int32(r.count()-1)*truth(r.distinct))
		}
		for range f.Pairs {
			left := b.rows[0][l.from+next[0][f.Edge.Left]]
			right := b.rows[1][r.from+next[1][f.Edge.Right]]
			next[0][f.Edge.Left]++
			next[1][f.Edge.Right]++
			p := pair{left: left, right: right, alternatives: others}
			if ambiguous || f.Margin < b.x.margin {
				p.rivals = [2]uint32{b.rival(LeftIndex, f, left), b.rival(RightIndex, f, right)}
			}
			b.emit(p, f, ambiguous)
		}
		if ambiguous && f.Pairs > 0 {
			b.flags[0][f.Edge.Left] |= flagAmbiguous
			b.flags[1][f.Edge.Right] |= flagAmbiguous
		}
	}
}

// rival is the next best row of a side for the partner of a row, from 1; 0 where there is none.
func (b *block) rival(side int, f *solver.Flow, row uint32) uint32 {
	own, other := [2]int32{f.Edge.Left, f.Edge.Right}[side], [2]int32{f.Edge.Left, f.Edge.Right}[1-side]
	for _, e := range b.bestOf(1-side, other) {
		if n := [2]int32{e.Left, e.Right}[side]; n != own {
			return b.first(side, n) + 1
		}
	}
	if n := &b.nodes[side][own]; n.count() > 1 { // another row of the same kind
		if first := b.rows[side][n.from]; first != row {
			return first + 1
		}
		return b.rows[side][n.from+1] + 1
	}
	return 0
}

// bestOf are the two best edges of a node.
func (b *block) bestOf(side int, node int32) []solver.Edge {
	if b.best[side] == nil {
		for half, nodes := range b.nodes {
			b.best[half] = make([][]solver.Edge, len(nodes))
		}
		for _, e := range b.edges {
			for half, n := range [2]int32{e.Left, e.Right} {
				best := &b.best[half][n]
				*best = append(*best, e)
				slices.SortStableFunc(*best, func(c, d solver.Edge) int { return cmp.Compare(d.Score, c.Score) })
				*best = (*best)[:min(len(*best), 2)]
			}
		}
	}
	return b.best[side][node]
}

func truth(yes bool) int32 {
	if yes {
		return 1
	}
	return 0
}

// forced reports whether the pairing inside these nodes is unique: rows of one digest are interchangeable, and a
// node of different rows leaves none only if all of them go to one partner whose rows are interchangeable in turn.
func (b *block) forced(a *solver.Assignment, partners [2][]int32, f *solver.Flow) bool {
	l, r := b.nodes[0][f.Edge.Left].distinct, b.nodes[1][f.Edge.Right].distinct
	if l && (r || a.Capacity[0][f.Edge.Left] > 0 || partners[0][f.Edge.Left] > 1) {
		return false
	}
	return !r || a.Capacity[1][f.Edge.Right] == 0 && partners[1][f.Edge.Right] == 1
}

// emit adds a pair with its score and what holds it back.
func (b *block) emit(p pair, f *solver.Flow, ambiguous bool) {
	v, ok := b.x.judge(p.left, p.right)
	if !ok {
		panic("engine: a row was paired that does not hold what its kind holds")
	}
	p.compared, p.score, p.method = v.compared, v.score, f.Method
	switch p.held = b.x.gate(p.left, p.right, v); {
	case f.Method == solver.Greedy:
		p.held = recon.HeldBySearchBudget
	case ambiguous:
		p.held = recon.HeldByAmbiguity
	case p.held == recon.HeldByNothing && f.Margin < b.x.margin:
		p.held = recon.HeldByMargin
	}
	b.out.pairs = append(b.out.pairs, p)
}

// markLeftOver notes for each row with candidates that found no partner whether it was tied with a pair, surplus (its
// equals were taken), or beaten by a better pair.
func (b *block) markLeftOver(a *solver.Assignment) {
	b.taker = [2][]int32{make([]int32, len(b.nodes[0])), make([]int32, len(b.nodes[1]))}
	for _, f := range a.Flows {
		if f.Pairs > 0 {
			b.taker[0][f.Edge.Left], b.taker[1][f.Edge.Right] = f.Edge.Right+1, f.Edge.Left+1
			b.flags[0][f.Edge.Left] |= flagSurplus
			b.flags[1][f.Edge.Right] |= flagSurplus
		}
	}
	for _, e := range b.edges {
		b.flags[0][e.Left] |= flagBeaten | b.flags[1][e.Right]&flagAmbiguous
		b.flags[1][e.Right] |= flagBeaten | b.flags[0][e.Left]&flagAmbiguous
	}
	for side, nodes := range b.nodes {
		for i := range nodes {
			if b.flags[side][i] != 0 && a.Capacity[side][i] > 0 {
				left := nodes[i] // the end of the node: the rows that no flow took
				left.from = left.to - uint32(a.Capacity[side][i])
				from := len(b.out.marks)
				b.markAll(side, left, b.flags[side][i])
				for at := from; at < len(b.out.marks); at++ {
					b.out.marks[at].lost = b.lostBy(side, int32(i))
				}
			}
		}
	}
}

// lostBy is what the rows of a node agree best with, and a row of their own side that took part in it.
func (b *block) lostBy(side int, node int32) lost {
	l := lost{partner: NoRow, rule: b.x.index}
	for _, e := range b.bestOf(side, node) {
		other := [2]int32{e.Left, e.Right}[1-side]
		if taker := b.taker[1-side][other]; taker != 0 {
			l.partner, l.rival = b.first(1-side, other), b.first(side, taker-1)
			break
		}
	}
	return l
}
