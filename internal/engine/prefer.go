package engine

import (
	"cmp"
	"slices"
	"unicode"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// Two things may decide between partners that are otherwise equal: a reference that is in the other side's text letter
// for letter, and, where the rule has `prefer`, the age. Without a key the first only orders proposals; the second
// confirms only where the rule has `confirm.mode: AUTO`, since the same money may have been meant for another row.

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

// takeNamed pairs the rows of a block of which one has the other's reference in its text, and no further row's, and
// returns the others.
func (b *block) takeNamed() {
	var partner [2]map[uint32]uint32 // of rows that are named once; NoRow: several times
	for side := range partner {
		partner[side] = map[uint32]uint32{}
	}
	for side := range b.rows {
		b.eachNamed(side, func(row, other uint32) {
			pair := [2]uint32{row, other}
			if side == RightIndex {
				pair[0], pair[1] = other, row
			}
			if _, ok := b.x.judge(pair[0], pair[1]); !ok {
				return
			}
			for half := range pair {
				if known, seen := partner[half][pair[half]]; seen && known != pair[1-half] {
					partner[half][pair[half]] = NoRow
				} else {
					partner[half][pair[half]] = pair[1-half]
				}
			}
		})
	}
	taken := func(half int, row uint32) bool {
		other, named := partner[half][row]
		return named && other != NoRow && partner[1-half][other] == row
	}
	for _, row := range b.rows[LeftIndex] {
		if taken(LeftIndex, row) {
			b.out.single(b.x, row, partner[LeftIndex][row])
		}
	}
	for half := range b.rows {
		b.rows[half] = slices.DeleteFunc(b.rows[half], func(row uint32) bool { return taken(half, row) })
	}
}

// eachNamed gives the rows of a side whose reference is in a text of the other side, with the row of that text.
func (b *block) eachNamed(side int, visit func(row, other uint32)) {
	x, byReference, lengths := b.x, map[string][]uint32{}, map[int]bool{}
	if !x.described[1-side] {
		return
	}
	for _, row := range b.rows[side] {
		if reference := x.nameText(side, row, 0); len(reference) >= nameMin {
			byReference[string(reference)] = append(byReference[string(reference)], row)
			lengths[len(reference)] = true
		}
	}
	if len(byReference) == 0 {
		return
	}
	for _, other := range b.rows[1-side] {
		text := x.nameText(1-side, other, 1)
		for from := range text {
			if from > 0 && isWord(text[from-1]) || !isWord(text[from]) {
				continue
			}
			for n := range lengths {
				if to := from + n; to <= len(text) && (to == len(text) || !isWord(text[to])) {
					for _, row := range byReference[string(text[from:to])] {
						visit(row, other)
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
	if day := x.tables[side].value[row]; recon.Day(day).Plausible() {
		return day
	}
	return x.tables[side].date[row]
}

// ranked is an edge as preference ranks it.
type ranked struct {
	solver.Edge
	named bool
	age   [2][2]int32
}

// byAge assigns edges in the order of what the rule prefers: what could be confirmed, then the closer amount and keys,
// then a reference that the other side names, then the older or newer partner. Edges that are equal in all of that
// stay ambiguous.
func (b *block) byAge(a *solver.Assignment) {
	choices, named := make([]ranked, len(b.edges)), map[[2]uint32]bool{}
	for side := range b.rows {
		b.eachNamed(side, func(row, other uint32) {
			l, r := oriented(side, row, other)
			named[[2]uint32{l, r}] = true
		})
	}
	sign := int32(1)
	if b.x.rule.Prefer == recon.PreferNewest {
		sign = -1
	}
	for i, e := range b.edges {
		l, r := b.first(LeftIndex, e.Left), b.first(RightIndex, e.Right)
		lag, _ := b.x.lagBetween(l, r)
		e.Score -= weightDate * closeness(int64(lag-b.x.minLag), int64(b.x.maxLag-b.x.minLag))
		choices[i] = ranked{Edge: e, named: named[[2]uint32{l, r}]}
		for side, row := range [2]uint32{l, r} {
			choices[i].age[side] = [2]int32{sign * b.x.due(side, row), sign * b.x.tables[side].date[row]}
		}
	}
	rank := func(c, d *ranked) int {
		return cmp.Or(
			-cmp.Compare(truth(c.Preferred), truth(d.Preferred)), -cmp.Compare(c.Score, d.Score),
			-cmp.Compare(truth(c.named), truth(d.named)), slices.Compare(c.age[0][:], d.age[0][:]),
			slices.Compare(c.age[1][:], d.age[1][:]),
		)
	}
	slices.SortStableFunc(choices, func(c, d ranked) int { return rank(&c, &d) })
	for i := range choices {
		c := &choices[i]
		f := solver.Flow{Edge: c.Edge, Pairs: a.Room(c.Edge), Margin: b.x.margin, Method: solver.Exact}
		for j := i + 1; j < len(choices) && f.Pairs > 0 && rank(c, &choices[j]) == 0; j++ {
			if o := &choices[j]; (o.Left == c.Left) != (o.Right == c.Right) && a.Room(o.Edge) > 0 {
				f.Margin = 0
				f.Alternatives++
			}
		}
		a.Take(f)
	}
}
