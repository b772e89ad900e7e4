package engine

import (
	"slices"

	"matcher/internal/recon"
)

// A rule within one side matches money in with money out: reversals, refunds, netting. Its
// left half is the money in and its right half the money out; where the two halves read different fields (a reversal
// names the row that it reverses), it runs a second time with the halves exchanged, on what is still open.

func (r *runner) runWithin(rp *rulePlan) {
	facing := r.facing(rp.side[0])
	x := facing.evaluator(rp)
	delete(r.units, rp.index)
	for turn := range 2 {
		if !r.progress(x, 0) {
			return
		}
		u := facing.unitRun(x, facing.inAndOut(x, turn == 1))
		r.units[rp.index] = append(r.units[rp.index], u)
		if u.match(); turn == 0 && x.alike() {
			return
		}
	}
}

// inAndOut returns the units of money in and of money out, or the other way round. A row without an amount cancels out
// nothing.
func (r *runner) inAndOut(x *evaluator, turned bool) [2]units {
	var u [2]units
	for half := range u {
		rows := slices.DeleteFunc(r.members(x, half), func(row uint32) bool {
			v := x.amounts[half][row]
			return v == 0 || (v < 0) != (half == 1 != turned)
		})
		u[half] = x.limited(half, x.unitsBy(half, rows))
	}
	return u
}

// alike reports whether both halves of the rule read the same, so that exchanging them changes nothing.
func (x *evaluator) alike() bool {
	for _, k := range x.keys {
		if c := x.plan.pairs[k.pair].column; c[0] != c[1] {
			return false
		}
	}
	s := x.rule
	return s.Amount.Left == s.Amount.Right && s.Date.Left == s.Date.Right && s.Where.Left == s.Where.Right &&
		s.Text.Left == s.Text.Right && x.direction == recon.DirectionAbs && x.many[0] == x.many[1] &&
		slices.Equal(s.Sources.Left, s.Sources.Right) && slices.Equal(s.Group.By.Left, s.Group.By.Right)
}
