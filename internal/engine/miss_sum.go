package engine

import (
	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// sumMisses are the nearest misses of rows that a rule sums up under a key: what the rows of a target's key add up to, and
// what that lacks, is a miss of the target and of each of them. Where it lacks more than a slip, the open rows of a customer
// have nothing to do with his payment, and nobody is told.
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
			s.note(m, l, s.one, s.targets[i].row, pools[i][0])
			for _, row := range pools[i] {
				s.note(m, l, 1-s.one, row, s.targets[i].row)
			}
		}
	}
	return m
}

// lack is how far the sum of all rows of a target's key is from it: what is compared on the left and on the right, and the
// least change of the target and of the sum.
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
	if err != nil || !fits || len(rows) == 0 || magnitude(gap) > magnitude(x.amountOf(s.one, t.row))/noiseShare {
		return lack{}
	}
	l.known = true
	if _, _, held := x.amountHeld(code, l.left, l.right); held || len(rows) > x.subset.size {
		l.change = ChangeGroup // the search was cut short, or somebody rejected them, or they are too many
		return l
	}
	l.target, l.sum = x.amountChange(s.one, code, l.left, l.right), x.amountChange(1-s.one, code, l.left, l.right)
	return l
}

// note takes a lack as the miss of one row, if it is the least.
func (s *subsetRun) note(m *sumMisses, l *lack, half int, row, other uint32) {
	x := &mender{s.x}
	n := near{miss: Miss{Rule: x.index, Row: other, failed: recon.ReasonSplitIncomplete, Change: l.change}, keyed: true, fails: 1, whole: true}
	n.amount = magnitude(l.left - l.right)
	if l.change == ChangeSum {
		change := l.sum
		if half == s.one {
			change = l.target
		}
		n.miss.Delta = change * x.turned(half, row)
		now := x.amounts[half][row]
		pastZero := x.sign == recon.SignAny && now != 0 && (now < 0) != (now+n.miss.Delta < 0) // it would be read the other way round
		if x.fixed[ChangeSum][half] || !x.sumReaches() || pastZero {
			n.miss.Change, n.miss.Delta = ChangeGroup, 0
		}
	}
	m.near[half][row].keep(&n)
}
