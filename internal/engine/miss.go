package engine

import (
	"cmp"
	"sort"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// missCandidates bounds the rows that are looked at for one nearest miss by key; by amount and date it is the two on
// each side of the row's own place, which are the nearest there are.
const (
	missCandidates = 8
	missNeighbours = 2
)

// missFinder looks for the nearest misses of open rows. It reads what a run left open and never changes it.
type missFinder struct {
	*view
	state    [2][]rowState
	rules    []*mender // that compare pairs of rows, by index; nil where a rule does not
	units    []*unitMisses
	within   []*unitMisses
	sums     []*sumMisses
	signs    []int64      // of amounts that are near a row's: 1, and −1 where some rule matches money in with money out
	keyed    []*keyIndex  // by pair; nil where no rule requires the pair
	byAmount [2][]openRow // by currency, amount and date
}

// keyIndex lists the open rows of each side by key number.
type keyIndex struct {
	start [2][]uint32
	rows  [2][]uint32
}

// newMissFinder makes the indexes that some rules need.
func newMissFinder(v *view, state [2][]rowState, rules []*mender) *missFinder {
	f := &missFinder{view: v, state: state, rules: rules, keyed: make([]*keyIndex, len(v.joins)), signs: []int64{1}}
	for _, x := range rules {
		if x == nil {
			continue
		}
		if x.sign != recon.SignSame && len(f.signs) == 1 {
			f.signs = append(f.signs, -1)
		}
		for _, k := range x.keys {
			if k.required && f.keyed[k.pair] == nil {
				f.keyed[k.pair] = f.keyIndex(k.pair)
			}
		}
	}
	solver.InParallel(2, func(side int) {
		t, rows := f.tables[side], f.openRows(side)
		solver.Sort(rows, func(row uint32) uint64 { return uint64(t.amounts[0][row]) ^ 1<<63 })
		solver.Sort(rows, func(row uint32) uint64 { return uint64(t.currency[row]) })
		f.byAmount[side] = make([]openRow, len(rows))
		for i, row := range rows {
			f.byAmount[side][i] = openRow{t.amounts[0][row], t.currency[row], t.date[row], row}
		}
	})
	return f
}

// openRows lists the open rows of a side.
func (f *missFinder) openRows(side int) []uint32 {
	var rows []uint32
	for row, state := range f.state[side] {
		if state == stateOpen {
			rows = append(rows, uint32(row))
		}
	}
	return rows
}

func (f *missFinder) keyIndex(pair int) *keyIndex {
	x := &keyIndex{}
	solver.InParallel(2, func(side int) {
		start, open := make([]uint32, f.joins[pair].count+3), f.openRows(side)
		for _, row := range open {
			for _, id := range f.values(pair, side, row) {
				start[id+2]++
			}
		}
		for i := 1; i < len(start); i++ {
			start[i] += start[i-1]
		}
		rows := make([]uint32, start[len(start)-1])
		// start[id+1] moves from where id begins to where it ends, which is where the next begins
		for _, row := range open {
			for _, id := range f.values(pair, side, row) {
				rows[start[id+1]] = row
				start[id+1]++
			}
		}
		x.start[side], x.rows[side] = start, rows
	})
	return x
}

// openRow is an open row with what it is sought by, so that a search stays inside one list.
type openRow struct {
	amount   int64
	currency uint32
	date     int32
	row      uint32
}

// near is a miss while it is being ranked.
type near struct {
	miss   Miss
	keyed  bool
	fails  int
	amount uint64
	days   uint32
	whole  bool  // a miss of units or of a subset, which has been measured
	beyond int64 // minor units, or days, between what fails first and the limit of the rule
}

// better ranks misses: a shared key first, then fewer failed predicates, then the smaller distance, then the rule whose
// limit is nearest; what was found first stays on a tie, and rows are looked at in canonical order.
func (n *near) better(o *near) bool {
	if o.miss.Row == NoRow {
		return true
	}
	if n.keyed != o.keyed {
		return n.keyed
	}
	if c := cmp.Compare(n.fails, o.fails); c != 0 {
		return c < 0
	}
	if c := cmp.Compare(n.amount, o.amount); c != 0 {
		return c < 0
	}
	if n.days != o.days {
		return n.days < o.days
	}
	return n.miss.Change == o.miss.Change && n.beyond < o.beyond
}

// keep takes over another miss where there is one and it is better.
func (n *near) keep(other *near) {
	if other.miss.Row != NoRow && other.better(n) {
		*n = *other
	}
}

// noiseShare is the part of a row's amount by which the amount of its nearest row may differ when no key is shared.
const noiseShare = 20

// isNoise reports whether a miss is too weak to show: no key is shared, and the amount differs by more than a slip,
// or is not all that differs.
func (n *near) isNoise(amount int64) bool {
	return !n.keyed && (n.miss.failed == recon.ReasonAmountDiffers || n.miss.failed == recon.ReasonFeeVariance) &&
		(n.fails > 1 || n.amount > magnitude(amount)/noiseShare)
}

// find looks for the nearest miss of an open row.
func (f *missFinder) find(side int, row uint32) near {
	best := near{miss: Miss{Row: NoRow}}
	var room [2 * missCandidates]uint32
	for pair := range f.keyed {
		for _, other := range f.sameKey(room[:0], pair, side, row) {
			f.weigh(&best, side, row, other)
		}
	}
	for _, u := range f.units {
		u.weigh(&best, side, row)
	}
	for _, s := range f.sums {
		best.keep(&s.near[side][row])
	}
	if !best.keyed {
		amount, found := f.tables[side].amounts[0][row], room[:0]
		for _, sign := range f.signs {
			found = f.around(found, side, row, sign*amount)
		}
		for _, other := range found {
			f.weigh(&best, side, row, other)
		}
		if best.isNoise(amount) {
			return near{miss: Miss{Row: NoRow}}
		}
	}
	f.measure(&best, side, row)
	return best
}

// inside is what came closest across the sides, or else what would cancel the row out within its own. What a row is
// open for is the other side's affair, so its class and reason do not follow from it.
func (f *missFinder) inside(across *near, side int, row uint32) *near {
	best := near{miss: Miss{Row: NoRow}}
	for _, u := range f.within {
		if u.base.side[0] == side {
			u.weigh(&best, LeftIndex, row) // as money in
			u.weigh(&best, RightIndex, row)
		}
	}
	if best.miss.Row == NoRow || across.miss.Row != NoRow && (across.keyed || !best.keyed) {
		return across
	}
	return &best
}

// measure puts the size of the change into the miss that was chosen.
func (f *missFinder) measure(best *near, side int, row uint32) {
	m := &best.miss
	if best.whole || m.Row == NoRow || m.Change == ChangeNone {
		return
	}
	x := f.rules[m.Rule]
	converted := m.Change == ChangeAmount && x.rated[side] != nil && x.rated[side][row] > 0
	if x.fixed[m.Change][side] || converted {
		if m.Change = ChangeLimit; m.failed == recon.ReasonKeyDiffers {
			m.Change = ChangeNone
		}
		return
	}
	left, right := oriented(side, row, m.Row)
	switch m.Change {
	case ChangeAmount:
		change, possible := x.wholeUnits(side, row, left, right)
		if m.Delta = change * x.turned(side, row); !possible {
			m.Change = ChangeLimit
		}
	case ChangeDate:
		delta, possible := x.dayChange(side, x.days[LeftIndex][left], x.days[RightIndex][right])
		if m.Delta = delta; !possible {
			m.Change = ChangeNone
		}
	}
}

// oriented returns a row of a side and one of the other side as left and right.
func oriented(side int, row, other uint32) (left, right uint32) {
	if side == RightIndex {
		return other, row
	}
	return row, other
}

// sameKey lists open rows of the other side with a value of the row's.
func (f *missFinder) sameKey(to []uint32, pair, side int, row uint32) []uint32 {
	if f.keyed[pair] == nil {
		return to
	}
	start, rows := f.keyed[pair].start[1-side], f.keyed[pair].rows[1-side]
	for _, id := range f.values(pair, side, row) {
		candidates := rows[start[id]:start[id+1]]
		to = append(to, candidates[:min(len(candidates), missCandidates-len(to))]...)
	}
	return to
}

// around lists the open rows of the other side around an amount: those of the same amount nearest in date, then the
// neighbours.
func (f *missFinder) around(to []uint32, side int, row uint32, amount int64) []uint32 {
	t, list := f.tables[side], f.byAmount[1-side]
	currency, day := t.currency[row], t.date[row]
	at := sort.Search(len(list), func(i int) bool {
		switch o := &list[i]; {
		case o.currency != currency:
			return o.currency > currency
		case o.amount != amount:
			return o.amount > amount
		default:
			return o.date >= day
		}
	})
	for i := max(at-missNeighbours, 0); i < min(at+missNeighbours, len(list)); i++ {
		if list[i].currency == currency {
			to = append(to, list[i].row)
		}
	}
	return to
}

// weigh compares a pair under every rule and keeps the best miss.
func (f *missFinder) weigh(best *near, side int, row, other uint32) {
	left, right := oriented(side, row, other)
	for _, x := range f.rules {
		if x == nil {
			continue
		}
		if n, ok := x.miss(left, right); ok && x.counts(&n, left, right) {
			n.miss.Row = other
			best.keep(&n)
		}
	}
}

// advised is a miss without a change that would not do. Its reason stays, and so does what the row is open for.
func (f *missFinder) advised(n *near, side int, row uint32) Miss {
	m := n.miss
	if m.Row == NoRow || n.whole || m.Change == ChangeNone {
		return m
	}
	left, right := oriented(side, row, m.Row)
	if !f.rules[m.Rule].reaches(m.failed, left, right) {
		m.Change, m.Delta = ChangeScore, 0
	}
	return m
}
