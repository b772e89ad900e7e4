package engine

import "slices"

// suspectDuplicates marks the rows that equal an earlier row of their side in a required key, amount and currency and
// follow it within the window of the options: an invoice that was booked twice, perhaps. Rows of one digest are no
// suspects; they are interchangeable, and their surplus is found by matching.
func (r *runner) suspectDuplicates() {
	window := int32(r.plan.Options.DuplicateDays)
	if window <= 0 {
		return
	}
	for side, t := range r.tables {
		r.sides[side].suspect = make([]bool, t.Len())
		for pair := range r.joins {
			if r.requires(pair) {
				r.suspectByKey(side, pair, window)
			}
		}
	}
}

func (r *runner) requires(pair int) bool {
	if r.plan.pairs[pair].side != acrossSides {
		return false
	}
	for i := range r.plan.rules {
		for _, k := range r.plan.rules[i].keys {
			if k.required && k.pair == pair {
				return true
			}
		}
	}
	return false
}

// repeat is what a row and its duplicate share.
type repeat struct {
	key      uint32
	currency uint32
	amount   int64
}

// suspectByKey walks a side by date and remembers the last row of each kind, so it is one pass.
func (r *runner) suspectByKey(side, pair int, window int32) {
	t := r.tables[side]
	last := make(map[repeat]uint32)
	for row := range uint32(t.Len()) {
		for _, key := range r.values(pair, side, row) {
			kind := repeat{key, t.currency[row], t.amounts[0][row]}
			if before, seen := last[kind]; seen && t.digest[before] != t.digest[row] && t.date[row]-t.date[before] <= window {
				r.sides[side].suspect[row] = true
			}
			last[kind] = row
		}
	}
}

// mayTake reports whether a row is open, and its turn has come.
func (r *runner) mayTake(side int, row uint32) bool {
	s := &r.sides[side]
	return s.state[row] == stateOpen && !(r.held && s.isSuspect(row))
}

// sweeps is how often the rules run: suspects match last, after every rule has had its turn on the others.
func (r *runner) sweeps() int {
	for side := range r.sides {
		if slices.Contains(r.sides[side].suspect, true) {
			return 2
		}
	}
	return 1
}
