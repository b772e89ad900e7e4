package engine

import (
	"cmp"
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// Where a rule allows it, units whose keys hold and whose sums do not tie become a partial group. Parts are taken in
// the order of their days, like payments on an invoice, until they tie or go past what is due: what comes later stays
// open, and the same rows over one run or over several give the same groups. Several units on both sides of one key
// are ambiguous: it is open which part belongs to which.

// portion is what a partial group may take at a time: a row, or what is left of another partial group.
type portion struct {
	rows   [2][]uint32
	amount int64
	day    int32
}

// parts makes partial groups of the units that are still open.
func (u *unitRun) parts() {
	list := u.r.blocks(u.x)
	for _, at := range list.ranges {
		open := [2][]uint32{list.rows[0][at[0]:at[1]], list.rows[1][at[2]:at[3]]}
		var codes []uint32
		for _, i := range open[0] {
			if code := u.x.currency[0][i]; !slices.Contains(codes, code) {
				codes = append(codes, code)
				u.partOf([2][]uint32{u.inCurrency(0, open[0], code), u.inCurrency(1, open[1], code)})
			}
		}
	}
	u.passFlags()
}

func (u *unitRun) inCurrency(half int, open []uint32, code uint32) []uint32 {
	return slices.DeleteFunc(slices.Clone(open), func(i uint32) bool { return u.x.currency[half][i] != code })
}

// partOf sets the one unit of a side against the parts on the other.
func (u *unitRun) partOf(open [2][]uint32) {
	if len(open[0]) == 0 || len(open[1]) == 0 {
		return
	}
	centre := LeftIndex
	switch {
	case len(open[0]) > 1 && len(open[1]) > 1:
		for half := range open {
			for _, i := range open[half] {
				u.r.sides[half].flags[i] |= flagAmbiguous
			}
		}
		return
	case len(open[0]) > 1, len(open[1]) == 1 && !u.base.many[1] && u.base.many[0]:
		centre = RightIndex
	}
	u.fill(centre, open[centre][0], u.partsFor(centre, open))
}

// partsFor lists the parts that may go with a unit, by day.
func (u *unitRun) partsFor(centre int, open [2][]uint32) []portion {
	x, leaf, c := u.x, 1-centre, open[centre][0]
	var parts []portion
	for _, i := range open[leaf] {
		l, r := c, i
		if centre == RightIndex {
			l, r = i, c
		}
		if _, held := x.keysHeld(l, r); !held || x.contradicts(l, r) {
			continue
		}
		members := u.units[leaf].of(i)
		if members[len(members)-1]&otherHalf != 0 {
			parts = append(parts, portion{split(leaf, members, [2][]uint32{}), x.amountOf(leaf, i), x.dayOf(leaf, i)})
			continue
		}
		for _, row := range members {
			p := portion{amount: u.base.amountOf(leaf, row), day: u.base.dayOf(leaf, row)}
			p.rows[leaf] = []uint32{row}
			parts = append(parts, p)
		}
	}
	slices.SortFunc(parts, func(a, b portion) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.rows[leaf][0], b.rows[leaf][0]))
	})
	return parts
}

// fill takes parts until they tie with the unit or go past it.
func (u *unitRun) fill(centre int, unit uint32, parts []portion) {
	x, due := u.x, u.x.amountOf(centre, unit)
	rows := split(centre, u.units[centre].of(unit), [2][]uint32{})
	sum, taken, tied := int64(0), 0, false
	for _, p := range parts {
		days := [2]int32{x.dayOf(centre, unit), p.day}
		if centre == RightIndex {
			days[0], days[1] = days[1], days[0]
		}
		if _, inTime := x.lagHeld(days[0], days[1]); !inTime || p.amount < 0 != (due < 0) || p.amount == 0 {
			continue
		}
		next := [2][]uint32{append(slices.Clip(rows[0]), p.rows[0]...), append(slices.Clip(rows[1]), p.rows[1]...)}
		if u.base.tooMany(next) && taken > 0 {
			break
		}
		rows, taken, sum = next, taken+1, solver.AddWithin(sum, p.amount)
		amounts := [2]int64{due, sum}
		if centre == RightIndex {
			amounts[0], amounts[1] = sum, due
		}
		if _, _, tied = x.amountHeld(x.currency[centre][unit], amounts[0], amounts[1]); tied ||
			magnitude(sum) > magnitude(due) {
			break
		}
	}
	if taken > 0 && !u.rows.anyRow(rows, u.rows.suspect) {
		u.addPart(rows, tied)
	}
}

// addPart makes a group of a unit and the parts that it took: confirmed or proposed where they tie, partial otherwise.
func (u *unitRun) addPart(rows [2][]uint32, tied bool) {
	x := u.base
	if tied {
		if v, held, ok := x.judgeWhole(rows); ok {
			u.rows.addGroup(x, &pair{compared: v.compared, score: v.score, held: held, method: solver.Exact}, rows)
		}
		return
	}
	w := x.whole(rows).x
	lag, inTime := w.lagBetween(0, 0)
	_, held := w.keysHeld(0, 0)
	difference, fits := subtract(w.amountOf(LeftIndex, 0), w.amountOf(RightIndex, 0))
	score := weightKeys*full + weightDate*closeness(int64(lag-x.minLag), int64(x.maxLag-x.minLag))
	large := w.over(x.maxAmount, w.currency[0][0], w.tables[0].amounts[0][0]) ||
		w.over(x.maxAmount, w.currency[1][0], w.tables[1].amounts[0][0])
	if !inTime || !held || !fits || large || score < x.proposeAt || w.contradicts(0, 0) || x.memory.holds(rows) {
		return
	}
	rest, fits := x.difference(rows)
	if !fits {
		return
	}
	if u.rows.elsewhere(rows) {
		return
	}
	u.rows.hold(rows, statePartial)
	u.rows.byRule[x.index].Partial++
	u.rows.replace(rows)
	u.rows.appendGroup(Group{
		Difference: recon.Minor(rest), Compared: recon.Minor(difference), Rule: x.index, Score: x.points(score),
		Method: solver.Exact,
		status: recon.GroupPartial, currency: x.currencyOf(rows[0], rows[1]),
	}, x.sidesOf(rows))
}
