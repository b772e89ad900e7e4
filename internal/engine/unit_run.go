package engine

import (
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// unitRun matches units: rows is the run over the rows, r the one over the tables of the units.
type unitRun struct {
	*unitView
	rows *runner
	r    *runner
}

func (r *runner) unitRun(x *evaluator, units [2]units) *unitRun {
	view := x.onUnits(units)
	sub := &runner{
		view: *view.x.view, record: r.record, residuals: r.residuals, control: r.control,
		held: r.held,
	}
	for half := range units {
		sub.sides[half] = newSideState(units[half].len())
	}
	return &unitRun{unitView: view, rows: r, r: sub}
}

// runUnits matches what is still open under a rule whose groups may hold several rows.
func (r *runner) runUnits(rp *rulePlan) {
	if rp.within() {
		r.runWithin(rp)
		return
	}
	if rp.subset != nil {
		r.runSubsets(rp)
		return
	}
	x := r.evaluator(rp)
	if !r.progress(x, 0) {
		return
	}
	u := r.unitRun(x, r.openUnits(x))
	u.match()
	if rp.partial && !r.stopped {
		u.parts()
	}
	if !rp.pairwise() {
		r.units[rp.index] = []*unitRun{u}
	}
}

// openUnits returns the units of both halves that are open and that the rule may take.
func (r *runner) openUnits(x *evaluator) [2]units {
	var u [2]units
	solver.InParallel(2, func(half int) {
		if u[half] = x.limited(half, x.unitsBy(half, r.members(x, half))); r.offers(x.rulePlan) {
			u[half] = r.withResiduals(x, half, u[half])
		}
	})
	return u
}

// members returns the open rows of a half that may be part of a unit: all that the rule compares of a single row, but
// its keys.
func (r *runner) members(x *evaluator, half int) []uint32 {
	var rows []uint32
	for row := range uint32(r.tables[half].Len()) {
		if r.mayTake(half, row) && x.comparable(half, row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// match finds pairs of units, makes groups of them, and notes on the rows why the other units found nothing.
func (u *unitRun) match() {
	outcomes := u.r.match(u.x)
	if u.r.stopped {
		return
	}
	u.r.eachPair(outcomes, u.addPair)
	u.passFlags()
}

// passFlags passes what kept a unit open on to its rows.
func (u *unitRun) passFlags() {
	for half := range u.units {
		side := &u.r.sides[half]
		for i, flag := range side.flags {
			_, limited := side.limits[uint32(i)]
			if flag == 0 && !limited || side.state[i] != stateOpen {
				continue
			}
			for _, entry := range u.units[half].of(uint32(i)) {
				h, row := member(half, entry)
				if u.rows.sides[h].flags[row] |= flag; limited {
					u.rows.sides[h].limits[row] = u.x.index
				}
			}
		}
	}
}

// addPair makes a group of a pair of units.
func (u *unitRun) addPair(p *pair) {
	left, right := &u.r.sides[0], &u.r.sides[1]
	u.r.holdLimited(p)
	rows := u.unitView.rows(p.left, p.right)
	if len(u.rows.residualsAmong(u.base.sidesOf(rows))) > 0 { // all rows must be confirmed together, and are judged so
		v, held, ok := u.base.judgeWhole(rows)
		p.score, p.compared = v.score, v.compared
		if !ok || held != recon.HeldByNothing || p.held != recon.HeldByNothing {
			return
		}
	}
	if !u.rows.addGroup(u.base, p, rows) {
		return
	}
	state := stateProposed
	if p.held == recon.HeldByNothing {
		state = stateConfirmed
	}
	left.state[p.left], right.state[p.right] = state, state
}

// difference is Σ left − Σ right of the amounts of rows of the two sides.
func (v *view) difference(sides [2][]uint32) (difference int64, fits bool) {
	var sum, right recon.Total
	for _, row := range sides[0] {
		sum.Add(recon.Minor(v.tables[0].amounts[0][row]))
	}
	for _, row := range sides[1] {
		right.Add(recon.Minor(v.tables[1].amounts[0][row]))
	}
	sum.Subtract(right)
	m, err := sum.Minor()
	return int64(m), err == nil
}

// fees returns the sum of the fees that rows state.
func (t *Table) fees(rows []uint32) (sum int64, stated bool) {
	if len(t.fee) == 0 {
		return 0, false
	}
	var all recon.Total
	for _, row := range rows {
		if t.fee[row] != absent {
			all.Add(recon.Minor(t.fee[row]))
			stated = true
		}
	}
	m, err := all.Minor()
	return int64(m), stated && err == nil
}

// halves parts a group's rows as its rule reads them: within a side, money in and money out.
func (x *evaluator) halves(left, right []uint32) [2][]uint32 {
	if !x.within() {
		return [2][]uint32{left, right}
	}
	var rows [2][]uint32
	all := left
	if x.side[0] == RightIndex {
		all = right
	}
	for _, row := range all {
		half := truth(x.amounts[0][row] < 0)
		rows[half] = append(rows[half], row)
	}
	return rows
}

// judgeWhole judges a group by all of its rows. Within a side the halves may be either way round.
func (x *evaluator) judgeWhole(rows [2][]uint32) (verdict, recon.HeldBy, bool) {
	for turn := range 2 {
		u := x.whole(rows)
		if v, ok := u.x.judge(0, 0); ok {
			return v, u.x.gate(0, 0, v), true
		}
		if turn == 0 && (!x.within() || x.alike()) {
			break
		}
		rows[0], rows[1] = rows[1], rows[0]
	}
	return verdict{}, recon.HeldByNothing, false
}

// currencyOf a group, whose rows have one.
func (v *view) currencyOf(left, right []uint32) uint32 {
	if len(left) > 0 {
		return v.tables[LeftIndex].currency[left[0]]
	}
	return v.tables[RightIndex].currency[right[0]]
}

// firstBroken is the first of a rule's confirmed groups that does not hold, all of its rows taken together.
func (x *evaluator) firstBroken(res *Result, groups []*Group) *Group {
	if len(groups) == 0 {
		return nil
	}
	var u [2]units
	if x.posts != nil {
		at := slices.IndexFunc(groups, func(g *Group) bool {
			return !x.booked(slices.Concat(res.LeftRows(g), res.RightRows(g)))
		})
		if at < 0 {
			return nil
		}
		return groups[at]
	}
	for _, g := range groups {
		rows := x.halves(res.LeftRows(g), res.RightRows(g))
		if len(rows[0]) == 0 || len(rows[1]) == 0 || !g.has(traitGrown) && (!x.within() || x.alike()) &&
			x.tooMany(rows) {
			return g
		}
		if x.subset != nil {
			_, held, ok := x.judgeSubset(rows)
			listed := 2 * len(x.namedBy(x.subset.one, rows[x.subset.one][0]).numbers)
			if !ok || held != recon.HeldByNothing || x.memory.holds(rows) || len(rows[x.subset.one]) != 1 ||
				len(rows[1-x.subset.one]) > max(x.subset.size, listed) {
				return g
			}
		}
		u[0].add(rows[0]...)
		u[1].add(rows[1]...)
	}
	if x.subset != nil {
		return nil
	}
	all := x.onUnits(u)
	for i, g := range groups {
		v, ok := all.x.judge(uint32(i), uint32(i))
		held := recon.HeldByNothing
		if ok {
			held = all.x.gate(uint32(i), uint32(i), v)
		} else if x.within() {
			_, held, ok = x.judgeWhole(x.halves(res.LeftRows(g), res.RightRows(g)))
		}
		if !ok || held != recon.HeldByNothing {
			return g
		}
	}
	return nil
}

// tooMany reports whether a half has more rows than a group of the rule may have of it.
func (g *groupPlan) tooMany(rows [2][]uint32) bool {
	return !g.many[0] && len(rows[0]) > 1 || !g.many[1] && len(rows[1]) > 1
}
