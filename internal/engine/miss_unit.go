package engine

import (
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// unitMisses are the nearest misses of the units that a rule left open: a payout whose sales do not add up to its bank line
// is a miss of all of its rows.
type unitMisses struct {
	*unitView
	near   [2][]near
	unitOf [2][]uint32 // of each row; NoRow: of none
}

// misses looks for those of the units whose rows are all still open.
func (u *unitRun) misses() *unitMisses {
	m := &unitMisses{unitView: u.unitView}
	var state [2][]rowState
	for half := range u.units {
		m.unitOf[half] = slices.Repeat([]uint32{NoRow}, u.base.tables[half].Len())
		state[half] = make([]rowState, u.units[half].len())
		for i := range uint32(u.units[half].len()) {
			for _, entry := range u.units[half].of(i) {
				if entry&otherHalf == 0 {
					m.unitOf[half][entry] = i
				}
				if h, row := member(half, entry); u.rows.sides[h].state[row] != stateOpen {
					state[half][i] = stateConfirmed
				}
			}
		}
	}
	rules := make([]*mender, len(u.x.plan.rules))
	rules[u.x.index] = &mender{u.x}
	f := newMissFinder(u.x.view, state, rules)
	slices.Reverse(f.signs)
	for half := range u.units {
		m.near[half] = noMisses(u.units[half].len())
		parts := solver.Ranges(len(m.near[half]), 1<<12)
		solver.InParallel(len(parts), func(p int) {
			for i := parts[p][0]; i < parts[p][1]; i++ {
				if state[half][i] == stateOpen {
					n := f.find(half, uint32(i))
					n.miss = f.advised(&n, half, uint32(i))
					m.near[half][i] = m.ofRows(half, uint32(i), n)
				}
			}
		})
	}
	return m
}

func noMisses(rows int) []near { return slices.Repeat([]near{{miss: Miss{Row: NoRow}}}, rows) }

// ofRows turns a miss of units into one of their rows. Two rows by themselves are an ordinary pair.
func (m *unitMisses) ofRows(half int, unit uint32, n near) near {
	if n.miss.Row == NoRow {
		return n
	}
	n.whole = true
	own, other := m.units[half].of(unit), m.units[1-half].of(n.miss.Row)
	_, n.miss.Row = member(1-half, other[0])
	if len(own) > 1 || len(other) > 1 {
		change := ChangeGroup
		if n.miss.failed == recon.ReasonAmountDiffers || n.miss.failed == recon.ReasonFeeVariance {
			if n.miss.failed = recon.ReasonSplitIncomplete; n.miss.Change == ChangeAmount {
				change = ChangeSum
			}
		}
		n.miss.Change = change
	}
	if m.base.within() && half == RightIndex { // remembers which half of the rule the row was on
		n.miss.failed |= missOfRight
	}
	return n
}

// weigh keeps the miss of a row's unit where it is better than what was found so far.
func (m *unitMisses) weigh(best *near, half int, row uint32) {
	if i := m.unitOf[half][row]; i != NoRow {
		best.keep(&m.near[half][i])
	}
}
