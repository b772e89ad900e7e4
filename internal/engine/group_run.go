package engine

import (
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

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
	x := r.ruleRun(rp)
	if !r.progress(x, 0) {
		return
	}
	run := x.onUnits(x.openUnits())
	run.match()
	if rp.partial && !r.stopped {
		run.parts()
	}
	if !rp.pairwise() {
		r.unitRuns[rp.index] = []*unitRun{run}
	}
}

// openUnits are the units of both halves that are open and that the rule may take.
func (x *ruleRun) openUnits() [2]units {
	var u [2]units
	solver.InParallel(2, func(half int) {
		if u[half] = x.limited(half, x.unitsBy(half, x.members(half))); x.r.offers(x.rulePlan) {
			u[half] = x.withResiduals(half, u[half])
		}
	})
	return u
}

// members are the open rows of a half that may be part of a unit: all that the rule compares of a single row, but its keys.
func (x *ruleRun) members(half int) []uint32 {
	var rows []uint32
	for row := range uint32(x.r.tables[half].Len()) {
		if x.r.state[half][row] == stateOpen && !(x.r.held && x.r.isSuspect(half, row)) && x.comparable(half, row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// match finds pairs of units, makes groups of them, and notes on the rows why the other units found nothing.
func (u *unitRun) match() {
	r := u.x.r
	outcomes := r.match(u.x)
	if u.parent.stopped = u.parent.stopped || r.stopped; r.stopped {
		return
	}
	r.tallyUp(u.x, outcomes)
	r.eachPair(outcomes, u.addPair)
	u.passFlags()
}

// passFlags hands what kept a unit open to its rows.
func (u *unitRun) passFlags() {
	for half := range u.units {
		for i, flag := range u.x.r.flags[half] {
			if flag == 0 || u.x.r.state[half][i] != stateOpen {
				continue
			}
			for _, entry := range u.units[half].of(uint32(i)) {
				h, row := member(half, entry)
				u.base.r.flags[h][row] |= flag
			}
		}
	}
}

// addPair makes a group of a pair of units.
func (u *unitRun) addPair(p *pair) {
	r := u.x.r
	if p.held == recon.HeldByNothing && (r.flags[0][p.left]|r.flags[1][p.right])&flagCapped != 0 {
		p.held = recon.HeldBySearchBudget
	}
	var rows [2][]uint32
	for half, i := range [2]uint32{p.left, p.right} {
		rows = split(half, u.units[half].of(i), rows)
	}
	if len(u.parent.residualsAmong(u.sides(rows))) > 0 && !u.grows(p, rows) || !u.addRows(p, rows) {
		return
	}
	state := stateProposed
	if p.held == recon.HeldByNothing {
		state = stateConfirmed
	}
	r.state[0][p.left], r.state[1][p.right] = state, state
}

// addRows makes a group of rows of the two halves; the pair says how well they match, and p.held whether they are confirmed.
// What is left of a partial group is taken up by a confirmed group only: a proposal may be gone tomorrow, and the partial
// group with it. False says that nothing was made.
func (u *unitRun) addRows(p *pair, rows [2][]uint32) bool {
	x, base := u.base, u.base.r
	if p.held == recon.HeldByNothing && base.anySuspect(rows) {
		p.held = recon.HeldByDuplicate
	}
	sides := u.sides(rows)
	difference, fits := base.difference(sides)
	of, currency, mixed := x.measure(rows, p.compared)
	if mixed {
		difference, fits = of, true
	}
	if !fits { // the rows stay open: no group could say what it leaves
		return false
	}
	grown := len(u.parent.residualsAmong(sides)) > 0
	if grown && p.held != recon.HeldByNothing {
		return false
	}
	if p.held = u.parent.affords(p.held, currency, difference); grown && p.held != recon.HeldByNothing {
		return false
	}
	g := Group{
		Compared: recon.Minor(p.compared), Alternatives: p.alternatives, Rule: x.index, Score: x.points(p.score), Method: p.method, held: p.held,
		currency: currency, traits: traitMixed.when(mixed) | traitGrown.when(grown),
	}
	status, state := recon.GroupConfirmed, stateConfirmed
	if p.held != recon.HeldByNothing {
		status, state = recon.GroupProposed, stateProposed
	}
	base.hold(rows, state)
	g.Difference, g.status = recon.Minor(difference), status
	if status == recon.GroupConfirmed {
		if g.adjustment = x.adjustmentOf(p, rows, difference); mixed && difference != 0 {
			g.adjustment = recon.AdjustmentFX
		}
		x.tally.Confirmed++
	} else {
		x.tally.Proposed++
	}
	if grown {
		u.parent.replace(rows)
	}
	u.parent.appendGroup(g, sides)
	return true
}

// grows says whether all rows of a group that takes up a partial one would be confirmed together, and judges it by them.
func (u *unitRun) grows(p *pair, rows [2][]uint32) bool {
	v, held, ok := u.base.judgeWhole(rows)
	p.score, p.compared = v.score, v.compared
	return ok && held == recon.HeldByNothing && p.held == recon.HeldByNothing
}

// hold gives rows the state of their group. They were open, or in a partial group that the group takes up.
func (r *runner) hold(rows [2][]uint32, state rowState) {
	for half := range rows {
		for _, row := range rows[half] {
			if now := r.state[half][row]; now != stateOpen && (now != statePartial || !r.untaken(half, row)) {
				panic("engine: a row was matched twice")
			}
			r.state[half][row] = state
		}
	}
}

func (r *runner) untaken(side int, row uint32) bool {
	i, carried := r.residualOf[side][row]
	return carried && !r.residuals[i].taken
}

// replace notes which partial groups the next group takes the place of.
func (r *runner) replace(rows [2][]uint32) {
	for _, i := range r.residualsAmong(rows) {
		r.residuals[i].taken = true
		r.replaces[len(r.groups)] = append(r.replaces[len(r.groups)], i)
	}
}

// sides turns the rows of two halves into rows of two sides, each in canonical order.
func (u *unitRun) sides(rows [2][]uint32) [2][]uint32 {
	var sides [2][]uint32
	for half := range rows {
		side := u.base.side[half]
		sides[side] = append(sides[side], rows[half]...)
	}
	slices.Sort(sides[0])
	slices.Sort(sides[1])
	return sides
}

func (r *runner) appendGroup(g Group, sides [2][]uint32) {
	g.LeftFrom, g.LeftCount = uint32(len(r.rows[0])), uint32(len(sides[0]))
	g.RightFrom, g.RightCount = uint32(len(r.rows[1])), uint32(len(sides[1]))
	r.rows[0], r.rows[1] = append(r.rows[0], sides[0]...), append(r.rows[1], sides[1]...)
	r.groups = append(r.groups, g)
}

func (r *runner) anySuspect(rows [2][]uint32) bool {
	for half := range rows {
		if slices.ContainsFunc(rows[half], func(row uint32) bool { return r.isSuspect(half, row) }) {
			return true
		}
	}
	return false
}

// difference is Σ left − Σ right of the amounts of rows. Sums of units fit, or they are no candidates; where
// named amounts are compared, those of the rows themselves may still lie too far apart.
func (r *runner) difference(sides [2][]uint32) (difference int64, fits bool) {
	var sum, right recon.Total
	for _, row := range sides[0] {
		sum.Add(recon.Minor(r.tables[0].amounts[0][row]))
	}
	for _, row := range sides[1] {
		right.Add(recon.Minor(r.tables[1].amounts[0][row]))
	}
	sum.Subtract(right)
	m, err := sum.Minor()
	return int64(m), err == nil
}

// adjustmentOf names the reason of the difference that a confirmed group of several rows keeps, as adjustment does for a
// pair: the fees that one half states add up to it, it is a rounding of a few minor units, or a write-off.
func (x *ruleRun) adjustmentOf(p *pair, rows [2][]uint32, difference int64) recon.AdjustmentReason {
	if difference == 0 {
		return recon.AdjustmentNone
	}
	if x.scheduled() {
		return recon.AdjustmentFee
	}
	if p.compared == 0 && x.mode != recon.AmountAny && x.amount != [2]int{} {
		return recon.AdjustmentFee
	}
	for half := range rows {
		if fees, stated := x.r.tables[half].fees(rows[half]); stated && magnitude(fees) == magnitude(difference) {
			return recon.AdjustmentFee
		}
	}
	if magnitude(difference) <= roundingMax {
		return recon.AdjustmentRounding
	}
	return recon.AdjustmentWriteOff
}

// fees that rows state, summed up.
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

// whole is a rule over two units that hold all rows of a group: how the group is judged alone, whatever it was found by.
func (x *ruleRun) whole(rows [2][]uint32) *unitRun {
	var u [2]units
	for half := range rows {
		u[half].add(rows[half]...)
	}
	return x.onUnits(u)
}

// halves parts a group's rows as its rule reads them: within a side, money in and money out.
func (x *ruleRun) halves(left, right []uint32) [2][]uint32 {
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

// judgeWhole judges a group by all of its rows. Within a side the halves may stand either way round.
func (x *ruleRun) judgeWhole(rows [2][]uint32) (verdict, recon.HeldBy, bool) {
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

// viewOf is the run as a rule sees it.
func (r *runner) viewOf(rp *rulePlan) *runner {
	if rp.within() {
		return r.facing(rp.side[0])
	}
	return r
}

// currencyOf a group, whose rows have one.
func (r *runner) currencyOf(left, right []uint32) uint32 {
	if len(left) > 0 {
		return r.tables[LeftIndex].currency[left[0]]
	}
	return r.tables[RightIndex].currency[right[0]]
}

// firstBroken is the first of a rule's confirmed groups that does not hold, all of its rows taken together.
func (x *ruleRun) firstBroken(res *Result, groups []*Group) *Group {
	if len(groups) == 0 {
		return nil
	}
	var u [2]units
	for _, g := range groups {
		rows := x.halves(res.LeftRows(g), res.RightRows(g))
		if len(rows[0]) == 0 || len(rows[1]) == 0 || !g.has(traitGrown) && x.crowded(rows) {
			return g
		}
		if x.subset != nil {
			if x.brokenSubset(rows) {
				return g
			}
			continue
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

// crowded says whether a half has more rows than a group of the rule may have of it.
func (x *ruleRun) crowded(rows [2][]uint32) bool {
	if x.within() && !x.alike() {
		return false // the halves may stand either way round
	}
	return !x.many[0] && len(rows[0]) > 1 || !x.many[1] && len(rows[1]) > 1
}
