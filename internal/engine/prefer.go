package engine

import (
	"cmp"
	"maps"
	"slices"
	"unicode"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// Two things may decide between partners that are otherwise equal: a reference that is in the other side's text letter
// for letter, and, where the rule has `prefer`, the age. Without a key the first only orders proposals; the second
// confirms only where the rule has `confirm.mode: AUTO`, since the same money may have been meant for another row.
// Pairs that share a reference go first. The other rows differ by age alone, so that equal ones collapse.

// nameColumns are the columns of references and texts by which rows are preferred, by side: none where the rule asks
// for no such order.
func (p *Plan) nameColumns(r *recon.Rule, rp *rulePlan) (columns [2][2]int, preferring bool) {
	if !rp.pairwise() || len(r.Keys) > 0 && r.Prefer == recon.PreferNone || r.Text != (recon.RuleText{}) {
		return columns, false
	}
	for side := range columns {
		for i, field := range []string{"reference", "description"} {
			columns[side][i] = p.keyColumn(side, field, &recon.RuleKey{Normalise: []string{"trim"}})
		}
	}
	return columns, true
}

// reference and description of a row, as they are written.
func (x *evaluator) nameText(side int, row uint32, column int) []byte {
	return x.tables[side].text(x.tables[side].keys[x.names[side][column]].start[row])
}

// takeNamed matches the rows of a block that share a reference, which one of them has and the other's text holds,
// before it matches any of them with another row.
func (b *block) takeNamed() {
	n := &block{x: b.x, out: b.out, budget: b.budget, shared: b.references()}
	if len(n.shared[LeftIndex]) == 0 {
		return
	}
	for side := range b.rows {
		n.rows[side] = slices.DeleteFunc(slices.Clone(b.rows[side]), func(row uint32) bool {
			return n.shared[side][row] == nil
		})
		n.collapse(side)
	}
	n.nameEdges()
	from, taken := len(b.out.pairs), [2]map[uint32]bool{{}, {}}
	n.assign()
	b.tied = n.tied
	for _, p := range b.out.pairs[from:] {
		taken[LeftIndex][p.left], taken[RightIndex][p.right] = true, true
	}
	for side := range b.rows {
		b.rows[side] = slices.DeleteFunc(b.rows[side], func(row uint32) bool { return taken[side][row] })
	}
}

// nameNear is how far apart two kinds of rows that share a reference may be by age, where many share it.
const nameNear = 32

// nameEdges makes the candidates that share a reference.
func (b *block) nameEdges() {
	nodes := [2]map[uint32][]int32{{}, {}} // by reference
	for side := range b.nodes {
		for i := range b.nodes[side] {
			for _, reference := range b.shared[side][b.first(side, int32(i))] {
				nodes[side][reference] = append(nodes[side][reference], int32(i))
			}
		}
		for _, list := range nodes[side] {
			slices.SortStableFunc(list, func(m, n int32) int { return b.compareAge(side, m, n) })
		}
	}
	for reference, lefts := range nodes[LeftIndex] {
		rights := nodes[RightIndex][reference]
		for i, l := range lefts {
			from, to := min(max(0, i-nameNear), len(rights)), min(len(rights), i+nameNear)
			for _, r := range rights[from:to] {
				if e, ok := b.candidate(l, r); ok {
					b.edges = append(b.edges, e)
				}
			}
			if to-from < len(rights) {
				b.markAll(LeftIndex, b.nodes[LeftIndex][l], flagCapped)
			}
		}
	}
	slices.SortFunc(b.edges, func(c, d solver.Edge) int {
		return cmp.Or(cmp.Compare(c.Left, d.Left), cmp.Compare(c.Right, d.Right))
	})
	b.edges = slices.Compact(b.edges)
}

// references numbers the references of a block that a text of the other side holds, and lists them by row: a row has
// its own, and those in its text.
func (b *block) references() (of [2]map[uint32][]uint32) {
	of = [2]map[uint32][]uint32{{}, {}}
	last := uint32(0)
	for side := range b.rows {
		numbers := map[string]uint32{}
		b.eachNamed(side, func(reference string, rows []uint32, other uint32) {
			number, known := numbers[reference]
			if !known {
				last++
				number, numbers[reference] = last, last
				for _, row := range rows {
					of[side][row] = append(of[side][row], number)
				}
			}
			if !slices.Contains(of[1-side][other], number) {
				of[1-side][other] = append(of[1-side][other], number)
			}
		})
	}
	return of
}

// eachNamed gives the references of a side that a text of the other side holds, with the rows that have it and the row
// of that text.
func (b *block) eachNamed(side int, visit func(reference string, rows []uint32, other uint32)) {
	x, byReference, known := b.x, map[string][]uint32{}, map[int]bool{}
	if !x.described[1-side] {
		return
	}
	for _, row := range b.rows[side] {
		if reference := x.nameText(side, row, 0); len(reference) >= nameMin {
			byReference[string(reference)] = append(byReference[string(reference)], row)
			known[len(reference)] = true
		}
	}
	if len(byReference) == 0 {
		return
	}
	lengths := slices.Sorted(maps.Keys(known))
	for _, other := range b.rows[1-side] {
		text := x.nameText(1-side, other, 1)
		for from := range text {
			if from > 0 && isWord(text[from-1]) || !isWord(text[from]) {
				continue
			}
			for _, n := range lengths {
				if to := from + n; to <= len(text) && (to == len(text) || !isWord(text[to])) {
					if rows := byReference[string(text[from:to])]; rows != nil {
						visit(string(text[from:to]), rows, other)
					}
				}
			}
		}
	}
}

// nameMin is the length of a reference that means something in a text.
const nameMin = 4

// isWord reports whether a byte is of a letter or a digit; all of what is not ASCII counts as one.
func isWord(b byte) bool { return b >= 0x80 || unicode.IsLetter(rune(b)) || unicode.IsDigit(rune(b)) }

// due is the day on which a row was due, its booking date where it has none.
func (x *evaluator) due(side int, row uint32) int32 {
	if x.prefers {
		if day := x.tables[side].value[row]; recon.Day(day).Plausible() {
			return day
		}
	}
	return x.tables[side].date[row]
}

// compareAge compares two nodes of a side by what the rule prefers: due first, then booked first, or last.
func (b *block) compareAge(side int, m, n int32) int {
	x, one, other := b.x, b.first(side, m), b.first(side, n)
	order := cmp.Or(
		cmp.Compare(x.due(side, one), x.due(side, other)),
		cmp.Compare(x.tables[side].date[one], x.tables[side].date[other]),
	)
	if x.rule.Prefer == recon.PreferNewest {
		return -order
	}
	return order
}

// byAge assigns edges in the order of what the rule prefers: what could be confirmed, then the closer amount and keys,
// then the older or newer partner.
func (b *block) byAge(a *solver.Assignment) {
	edges := slices.Clone(b.edges)
	for i := range edges {
		e := &edges[i]
		lag, _ := b.x.lagBetween(b.first(LeftIndex, e.Left), b.first(RightIndex, e.Right))
		e.Score -= weightDate * closeness(int64(lag-b.x.minLag), int64(b.x.maxLag-b.x.minLag))
	}
	rank := func(c, d solver.Edge) int {
		return cmp.Or(
			-cmp.Compare(truth(c.Preferred), truth(d.Preferred)), -cmp.Compare(c.Score, d.Score),
			b.compareAge(LeftIndex, c.Left, d.Left), b.compareAge(RightIndex, c.Right, d.Right),
		)
	}
	slices.SortStableFunc(edges, rank)
	tied := b.tiedNodes()
	for from, to := 0, 0; from < len(edges); from = to {
		for to < len(edges) && rank(edges[from], edges[to]) == 0 {
			to++
		}
		b.takeEqual(a, edges[from:to], tied)
	}
	for side := range tied {
		for i, tie := range tied[side] {
			if n := b.nodes[side][i]; tie {
				b.tied[side] = append(b.tied[side], b.rows[side][n.from:n.to]...)
			}
		}
	}
}

// tiedNodes reports of each node whether it has a row about which a tie was left open.
func (b *block) tiedNodes() (tied [2][]bool) {
	for side, nodes := range b.nodes {
		tied[side] = make([]bool, len(nodes))
		if len(b.tied[side]) == 0 {
			continue
		}
		rows := map[uint32]bool{}
		for _, row := range b.tied[side] {
			rows[row] = true
		}
		for i, n := range nodes {
			tied[side][i] = slices.ContainsFunc(b.rows[side][n.from:n.to], func(row uint32) bool { return rows[row] })
		}
	}
	return tied
}

// takeEqual assigns edges of equal rank. A node that several of them want and that cannot take them all leaves open
// which of them it gets, so each of its pairs is ambiguous, and so is what the others get after it: they are tied.
func (b *block) takeEqual(a *solver.Assignment, edges []solver.Edge, tied [2][]bool) {
	type demand struct{ partners, rows int64 }
	wanted := [2]map[int32]demand{{}, {}}
	if edges = slices.DeleteFunc(edges, func(e solver.Edge) bool { return a.Room(e) == 0 }); len(edges) > 1 {
		for _, e := range edges {
			l, r := wanted[LeftIndex][e.Left], wanted[RightIndex][e.Right]
			wanted[LeftIndex][e.Left] = demand{l.partners + 1, l.rows + a.Capacity[RightIndex][e.Right]}
			wanted[RightIndex][e.Right] = demand{r.partners + 1, r.rows + a.Capacity[LeftIndex][e.Left]}
		}
	}
	flows := make([]solver.Flow, len(edges))
	for i, e := range edges {
		flows[i] = solver.Flow{Edge: e, Margin: b.x.margin, Method: solver.Exact}
		for side, n := range [2]int32{e.Left, e.Right} {
			if d := wanted[side][n]; d.partners > 1 && d.rows > a.Capacity[side][n] {
				flows[i].Margin = 0
				flows[i].Alternatives += int32(d.partners - 1)
			}
		}
		if tied[LeftIndex][e.Left] || tied[RightIndex][e.Right] {
			flows[i].Margin, flows[i].Alternatives = 0, max(1, flows[i].Alternatives)
		}
	}
	for _, f := range flows {
		if f.Margin == 0 {
			tied[LeftIndex][f.Edge.Left], tied[RightIndex][f.Edge.Right] = true, true
		}
		f.Pairs = a.Room(f.Edge)
		a.Take(f)
	}
}
