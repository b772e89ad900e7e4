package engine

import (
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// unitMisses are the nearest misses of the units that a rule left open: a payout whose sales do not add up to its
// bank line is a miss of all of its rows.
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

// sumMisses are the nearest misses of rows that a rule sums up under a key: what the rows of a target's key add up
// to, and what that lacks, is a miss of the target and of each of them. Where it lacks more than a slip, the open
// rows of a customer have nothing to do with the payment, and none is reported.
type sumMisses struct {
	near [2][]near // by row; an absent row where there is none
}

// misses looks at the rows that each open target could have taken, as many as its search was given.
func (s *subsetRun) misses() *sumMisses {
	m := &sumMisses{}
	for half, t := range s.x.tables {
		m.near[half] = noMisses(t.Len())
	}
	lacks, pools := make([]lack, len(s.targets)), make([][]uint32, len(s.targets))
	parts := solver.Ranges(len(s.targets), 64)
	solver.InParallel(len(parts), func(p int) {
		for i := parts[p][0]; i < parts[p][1]; i++ {
			if t := &s.targets[i]; s.r.sides[s.one].state[t.row] == stateOpen && !t.answer.Spent {
				pools[i], _ = s.candidates(t)
				lacks[i] = s.lack(t, pools[i])
			}
		}
	})
	for i := range lacks {
		if l := &lacks[i]; l.known {
			target := s.targets[i].row
			m.near[s.one][target].keep(s.missOf(l, s.one, target, pools[i][0]))
			for _, row := range pools[i] {
				m.near[1-s.one][row].keep(s.missOf(l, 1-s.one, row, target))
			}
		}
	}
	return m
}

// lack is how far the sum of all rows of a target's key is from it: what is compared on the left and on the right,
// and the least change of the target and of the sum.
type lack struct {
	known       bool
	change      Change
	left, right int64
	target, sum int64
}

func (s *subsetRun) lack(t *subsetTarget, rows []uint32) lack {
	x := &mender{s.x}
	sum := recon.Total{}
	for _, row := range rows {
		sum.Add(recon.Minor(x.amountOf(1-s.one, row)))
	}
	of, err := sum.Minor()
	code, l := x.currency[s.one][t.row], lack{change: ChangeSum}
	l.left, l.right = s.ordered(x.amountOf(s.one, t.row), int64(of))
	gap, fits := subtract(l.left, l.right)
	lists := len(x.namedBy(s.one, t.row).numbers) > 1 // then the rows do belong together
	if err != nil || !fits || len(rows) == 0 ||
		!lists && magnitude(gap) > magnitude(x.amountOf(s.one, t.row))/noiseShare {
		return lack{}
	}
	l.known = true
	if _, _, held := x.amountHeld(code, l.left, l.right); held || len(rows) > x.subset.size ||
		lists && x.sign == recon.SignAny {
		l.change = ChangeGroup // the search was cut short, or they were rejected, or they are too many
		return l
	}
	l.target, l.sum = x.amountChange(s.one, code, l.left, l.right), x.amountChange(1-s.one, code, l.left, l.right)
	return l
}

// missOf returns a lack as the miss of one row.
func (s *subsetRun) missOf(l *lack, half int, row, other uint32) *near {
	x := &mender{s.x}
	n := &near{
		miss:  Miss{Rule: x.index, Row: other, failed: recon.ReasonSplitIncomplete, Change: l.change},
		keyed: true, fails: 1, whole: true,
	}
	n.amount = magnitude(l.left - l.right)
	if l.change == ChangeSum {
		change := l.sum
		if half == s.one {
			change = l.target
		}
		n.miss.Delta = change * x.turned(half, row)
		now := x.amounts[half][row]
		// it would be read the other way round
		pastZero := x.sign == recon.SignAny && now != 0 && (now < 0) != (now+n.miss.Delta < 0)
		if x.fixed[ChangeSum][half] || x.rated[half] != nil || !x.sumReaches() || pastZero {
			n.miss.Change, n.miss.Delta = ChangeGroup, 0
		}
	}
	return n
}
