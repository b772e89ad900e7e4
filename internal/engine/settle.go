package engine

// assign settles a block's candidates in two passes: first those that could be confirmed, among themselves, then the
// rest among the rows still free. A confirmable pair is never given up for weaker ones.
func (b *block) assign() {
	b.out.candidates += int64(len(b.edges))
	a := &assignment{budget: b.budget, enough: b.x.margin}
	for side, nodes := range b.nodes {
		a.capacity[side] = make([]int64, len(nodes))
		b.flags[side] = make([]uint8, len(nodes))
		for i := range nodes {
			a.capacity[side][i] = nodes[i].count()
		}
	}
	var rest []edge
	for _, e := range b.edges {
		if e.confirmable {
			a.edges = append(a.edges, e)
		} else {
			rest = append(rest, e)
		}
	}
	if len(a.edges) > 0 {
		a.assign()
	}
	a.edges = a.withRoom(rest)
	if len(a.edges) > 0 {
		a.assign()
	}
	b.out.gap += a.gap
	b.distribute(a)
	b.markLeftOver(a)
}

func (a *assignment) withRoom(edges []edge) []edge {
	kept := edges[:0]
	for _, e := range edges {
		if a.capacity[0][e.left] > 0 && a.capacity[1][e.right] > 0 {
			kept = append(kept, e)
		}
	}
	return kept
}

// distribute deals the rows of each node to the pairs that its flows hold, in canonical order.
func (b *block) distribute(a *assignment) {
	partners := [2][]int32{make([]int32, len(b.nodes[0])), make([]int32, len(b.nodes[1]))}
	for _, f := range a.flows {
		if f.pairs > 0 {
			partners[0][f.edge.left]++
			partners[1][f.edge.right]++
		}
	}
	next := [2][]uint32{make([]uint32, len(b.nodes[0])), make([]uint32, len(b.nodes[1]))}
	for i := range a.flows {
		f := &a.flows[i]
		l, r := &b.nodes[0][f.edge.left], &b.nodes[1][f.edge.right]
		others := f.alternatives
		ambiguous := f.margin == 0 && f.method != MethodGreedy
		if f.pairs > 0 && !b.forced(a, partners, f) {
			ambiguous = true
			others = max(others, int32(l.count()-1)*truth(l.distinct), int32(r.count()-1)*truth(r.distinct))
		}
		for range f.pairs {
			left := b.rows[0][l.from+next[0][f.edge.left]]
			right := b.rows[1][r.from+next[1][f.edge.right]]
			next[0][f.edge.left]++
			next[1][f.edge.right]++
			b.emit(left, right, f, ambiguous, others)
		}
		if ambiguous && f.pairs > 0 {
			b.flags[0][f.edge.left] |= flagAmbiguous
			b.flags[1][f.edge.right] |= flagAmbiguous
		}
	}
}

func truth(yes bool) int32 {
	if yes {
		return 1
	}
	return 0
}

// forced says whether which row of a node pairs with which is no choice: rows of one digest are interchangeable, and a
// node of different rows leaves none only if all of them go to one partner whose rows are interchangeable in turn.
func (b *block) forced(a *assignment, partners [2][]int32, f *flow) bool {
	l, r := b.nodes[0][f.edge.left].distinct, b.nodes[1][f.edge.right].distinct
	if l && (r || a.capacity[0][f.edge.left] > 0 || partners[0][f.edge.left] > 1) {
		return false
	}
	return !r || a.capacity[1][f.edge.right] == 0 && partners[1][f.edge.right] == 1
}

func (b *block) emit(left, right uint32, f *flow, ambiguous bool, alternatives int32) {
	v, ok := b.x.judge(left, right)
	if !ok {
		panic("engine: a row was paired that does not hold what its kind holds")
	}
	p := pair{left: left, right: right, compared: v.compared, score: v.score, method: f.method, alternatives: alternatives}
	switch p.held = b.x.gate(left, right, v); {
	case f.method == MethodGreedy:
		p.held = heldSearchBudget
	case ambiguous:
		p.held = heldAmbiguity
	case p.held == heldNothing && f.margin < b.x.margin:
		p.held = heldMargin
	}
	b.out.pairs = append(b.out.pairs, p)
}

// markLeftOver notes for each row with candidates that found no partner whether it was tied with a pair, surplus (its
// equals were taken), or beaten by a better pair.
func (b *block) markLeftOver(a *assignment) {
	for _, f := range a.flows {
		if f.pairs > 0 {
			b.flags[0][f.edge.left] |= flagSurplus
			b.flags[1][f.edge.right] |= flagSurplus
		}
	}
	for _, e := range b.edges {
		b.flags[0][e.left] |= flagBeaten | b.flags[1][e.right]&flagAmbiguous
		b.flags[1][e.right] |= flagBeaten | b.flags[0][e.left]&flagAmbiguous
	}
	for side, nodes := range b.nodes {
		for i := range nodes {
			if b.flags[side][i] != 0 && a.capacity[side][i] > 0 {
				b.markAll(side, b.leftOver(side, int32(i), a), b.flags[side][i])
			}
		}
	}
}

// leftOver is the end of a node: the rows that no flow took.
func (b *block) leftOver(side int, i int32, a *assignment) node {
	n := b.nodes[side][i]
	n.from = n.to - uint32(a.capacity[side][i])
	return n
}
