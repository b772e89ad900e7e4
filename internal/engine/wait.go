package engine

import (
	"slices"

	"matcher/internal/recon"
)

// An open row waits where some rule across the sides could still give it a partner: one that takes the row by its
// source, predicate, fields and keys, and whose window is still ahead. A bank fee under a rule by which the books come
// first waits for nothing. The end of the widest such window is held against the day on which the books are looked at,
// and against the coverage of the other side, the last day of which its files have everything.

// cover is the last day of a side's coverage: that of its last row, or a later one that the run was given.
func (r *runner) cover(side int) recon.Day {
	through := [2]recon.Day{r.plan.Options.Covered.Left, r.plan.Options.Covered.Right}[side]
	for row, day := range r.tables[side].date {
		if !r.tables[side].Settled(uint32(row)) {
			through = max(through, recon.Day(day))
		}
	}
	return through
}

// look settles until when each side is covered, and as of which day the books are looked at: by default the earlier
// one. A side of which nothing is known limits nothing.
func (r *runner) look() {
	for side := range r.tables {
		r.covered[side] = r.cover(side)
	}
	if r.asOf = r.plan.Options.AsOf; !r.asOf.Set() {
		r.asOf = min(r.covered[LeftIndex], r.covered[RightIndex])
	}
	if !r.asOf.Set() {
		r.asOf = max(r.covered[LeftIndex], r.covered[RightIndex])
	}
	for side := range r.covered {
		if !r.covered[side].Set() {
			r.covered[side] = r.asOf
		}
	}
}

// ahead is the last calendar day on which a rule may bring the row of a half a partner, and whether it may at all.
func (x *mender) ahead(half int, row uint32) (recon.Day, bool) {
	first := [2]string{recon.DirectionLeftFirst, recon.DirectionRightFirst}[half]
	if x.within() || x.direction != recon.DirectionAbs && x.direction != first || !x.takes(half, row) {
		return recon.NoDay, false
	}
	if len(x.by[half]) == 0 && !x.carries(half, row) {
		return recon.NoDay, false
	}
	day := x.tables[half].date[row]
	if !x.timestamp {
		day = x.days[half][row]
	}
	return recon.Day(day) + recon.Day(x.spans), true
}

// waiting returns why an open row is not missing yet, or by what name it is missing: of the books' own movements, a
// payment that was not cashed in its window, or a deposit that was not banked in it.
func (c *classifier) waiting(side int, row uint32) (recon.Class, recon.Reason) {
	until, may := recon.NoDay, false
	for _, x := range c.all {
		for half, s := range x.side {
			if s == side {
				end, ahead := x.ahead(half, row)
				until, may = max(until, end), may || ahead
			}
		}
	}
	t, covered := c.tables[side], c.covered[1-side]
	date := recon.Day(t.date[row])
	switch {
	case !may:
		return 0, 0
	case until > covered && (c.asOf > covered || date > covered):
		return recon.ClassTiming, recon.ReasonNotCovered
	case until > c.asOf:
		return recon.ClassTiming, recon.ReasonInTransit
	case side != LeftIndex || !slices.Contains(c.plan.Options.Movements.Left, t.Source(row)):
		return 0, 0
	case t.amounts[0][row] < 0:
		return recon.ClassMissing, recon.ReasonStalePayment
	}
	return recon.ClassMissing, recon.ReasonLateDeposit
}
