package engine

import (
	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// unitMisses are the nearest misses of the units that a rule left open: a payout whose sales do not add up to its bank line
// is a miss of all of its rows.
type unitMisses struct {
	run    *unitRun
	near   [2][]near
	unitOf [2][]uint32 // of each row; NoRow: of none
}

// unitMisses looks for them among the units whose rows are all still open: across the sides, and within one.
func (r *runner) unitMisses() (across, within []*unitMisses) {
	for i := range r.plan.rules {
		for _, run := range r.unitRuns[int16(i)] {
			if run.base.within() {
				within = append(within, run.misses())
			} else {
				across = append(across, run.misses())
			}
		}
	}
	return across, within
}

func (u *unitRun) misses() *unitMisses {
	m := &unitMisses{run: u}
	r := u.x.r
	for half := range u.units {
		m.unitOf[half] = make([]uint32, u.base.r.tables[half].Len())
		for row := range m.unitOf[half] {
			m.unitOf[half][row] = NoRow
		}
		for i := range uint32(u.units[half].len()) {
			r.state[half][i] = u.stateOf(half, u.units[half].of(i))
			for _, entry := range u.units[half].of(i) {
				if entry&otherHalf == 0 {
					m.unitOf[half][entry] = i
				}
			}
		}
	}
	f := r.finderOf(u.x)
	for half := range u.units {
		m.near[half] = make([]near, u.units[half].len())
		parts := solver.Ranges(len(m.near[half]), 1<<12)
		solver.InParallel(len(parts), func(p int) {
			for i := parts[p][0]; i < parts[p][1]; i++ {
				m.near[half][i] = near{miss: Miss{Row: NoRow}}
				if r.state[half][i] == stateOpen {
					n := f.find(half, uint32(i))
					n.miss = f.advised(&n, half, uint32(i))
					m.near[half][i] = m.marked(half, m.inRows(half, uint32(i), n))
				}
			}
		})
	}
	return m
}

// stateOf a unit is open while all of its rows are.
func (u *unitRun) stateOf(half int, members []uint32) rowState {
	for _, entry := range members {
		if h, row := member(half, entry); u.base.r.state[h][row] != stateOpen {
			return stateConfirmed
		}
	}
	return stateOpen
}

// finderOf looks for misses of one rule.
func (r *runner) finderOf(x *ruleRun) *missFinder {
	f := &missFinder{r: r, rules: make([]*ruleRun, len(r.plan.rules)), keyed: make([]*keyIndex, len(r.joins)), signs: []int64{1}}
	if x.sign != recon.SignSame {
		f.signs = []int64{-1, 1}
	}
	f.rules[x.index] = x
	for _, k := range x.keys {
		if k.required && f.keyed[k.pair] == nil {
			f.keyed[k.pair] = r.keyIndex(k.pair)
		}
	}
	solver.InParallel(2, func(side int) { f.byAmount[side] = r.openByAmount(side) })
	return f
}

// inRows says a miss of units as one of their rows. Two rows by themselves are an ordinary pair.
func (m *unitMisses) inRows(half int, unit uint32, n near) near {
	if n.miss.Row == NoRow {
		return n
	}
	n.whole = true
	own, other := m.run.units[half].of(unit), m.run.units[1-half].of(n.miss.Row)
	_, n.miss.Row = member(1-half, other[0])
	if len(own) == 1 && len(other) == 1 {
		return n
	}
	switch n.miss.failed {
	case recon.ReasonAmountDiffers, recon.ReasonFeeVariance:
		n.miss.failed = recon.ReasonSplitIncomplete
		if n.miss.Change == ChangeAmount {
			n.miss.Change = ChangeSum
		} else {
			n.miss.Change = ChangeGroup
		}
	default:
		n.miss.Change = ChangeGroup
	}
	return n
}

// marked remembers which half of a rule within one side a row was on.
func (m *unitMisses) marked(half int, n near) near {
	if m.run.base.within() && half == RightIndex && n.miss.Row != NoRow {
		n.miss.failed |= missOfRight
	}
	return n
}

// weigh keeps the miss of a row's unit where it is better than what was found so far.
func (m *unitMisses) weigh(best *near, side int, row uint32) {
	i := m.unitOf[side][row]
	if i == NoRow {
		return
	}
	if n := &m.near[side][i]; n.miss.Row != NoRow && n.better(best) {
		*best = *n
	}
}

// weighWithin does so for a rule within one side, of which a row is the money in or the money out.
func (m *unitMisses) weighWithin(best *near, row uint32) {
	for half := range m.near {
		m.weigh(best, half, row)
	}
}

// takes says whether a row has what the rule compares of a single row.
func (x *ruleRun) takes(half int, row uint32) bool {
	if x.pairwise() || x.within() {
		return x.carries(half, row)
	}
	for _, column := range x.by[half] {
		if x.r.tables[half].keys[column].start[row] == noText {
			return false
		}
	}
	return x.comparable(half, row)
}
