package engine

import (
	"slices"

	"matcher/internal/recon"
)

// A rule within one side matches money in with money out: reversals, refunds, netting. It runs after every rule across the
// sides. Its left half is the money in and its right half the money out; where the two halves read different fields (a
// reversal names the row that it reverses), it runs a second time with the halves exchanged, on what is still open.

// facing is the run as such a rule sees it: its side on both halves.
func (r *runner) facing(side int) *runner {
	view := *r
	for half := range view.tables {
		view.tables[half], view.state[half], view.flags[half] = r.tables[side], r.state[side], r.flags[side]
		view.outside[half], view.suspect[half] = r.outside[side], r.suspect[side]
	}
	return &view
}

func (r *runner) runWithin(rp *rulePlan) {
	x := r.facing(rp.side[0]).ruleRun(rp)
	delete(r.unitRuns, rp.index)
	for turn := range 2 {
		if !r.progress(x, 0) {
			return
		}
		run := x.onUnits(x.inAndOut(turn == 1))
		run.parent = r
		r.unitRuns[rp.index] = append(r.unitRuns[rp.index], run)
		if run.match(); turn == 0 && x.alike() {
			return
		}
	}
}

// inAndOut are the units of money in and of money out, or the other way round. Nothing cancels out with nothing.
func (x *ruleRun) inAndOut(turned bool) [2]units {
	var u [2]units
	for half := range u {
		var rows []uint32
		for _, row := range x.members(half) {
			if v := x.amounts[half][row]; v != 0 && (v < 0) == (half == 1 != turned) {
				rows = append(rows, row)
			}
		}
		u[half] = x.limited(half, x.unitsBy(half, rows))
	}
	return u
}

// alike says whether both halves of the rule read the same, so that exchanging them changes nothing.
func (x *ruleRun) alike() bool {
	for _, k := range x.keys {
		if c := x.r.plan.pairs[k.pair].column; c[0] != c[1] {
			return false
		}
	}
	s := x.rule
	return s.Amount.Left == s.Amount.Right && s.Date.Left == s.Date.Right && s.Where.Left == s.Where.Right && s.Text.Left == s.Text.Right && x.direction == recon.DirectionAbs &&
		slices.Equal(s.Sources.Left, s.Sources.Right) && slices.Equal(s.Group.By.Left, s.Group.By.Right) && x.many[0] == x.many[1]
}
