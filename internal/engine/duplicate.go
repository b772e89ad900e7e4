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
	required := map[int]bool{} // pairs across the sides
	for i := range r.plan.rules {
		for _, k := range r.plan.rules[i].keys {
			if k.required && r.plan.pairs[k.pair].side == acrossSides {
				required[k.pair] = true
			}
		}
	}
	type kind struct {
		key, currency uint32
		amount        int64
	}
	for side, t := range r.tables {
		suspect := make([]bool, t.Len())
		for pair := range required { // by date, with the last row of each kind, so it is one pass
			last := make(map[kind]uint32)
			for row := range uint32(t.Len()) {
				for _, key := range r.values(pair, side, row) {
					kind := kind{key, t.currency[row], t.amounts[0][row]}
					if before, seen := last[kind]; seen && t.digest[before] != t.digest[row] &&
						t.date[row]-t.date[before] <= window {
						suspect[row] = true
					}
					last[kind] = row
				}
			}
		}
		r.sides[side].suspect = suspect
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
