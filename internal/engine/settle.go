package engine

import (
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
			b.emit(pair{left: left, right: right, alternatives: others}, f, ambiguous)
		}
		if ambiguous && f.Pairs > 0 {
			b.flags[0][f.Edge.Left] |= flagAmbiguous
			b.flags[1][f.Edge.Right] |= flagAmbiguous
		}
	}
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
	for _, f := range a.Flows {
		if f.Pairs > 0 {
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
				b.markAll(side, left, b.flags[side][i])
			}
		}
	}
}
