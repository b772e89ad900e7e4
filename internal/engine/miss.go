package engine

import (
	"cmp"
	"sort"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// missCandidates bounds the rows that are looked at for one nearest miss by key; by amount and date it is the two on each
// side of the row's own place, which are the nearest there are.
const (
	missCandidates = 8
	missNeighbours = 2
)

// missFinder holds the indexes in which nearest misses are sought: open rows by key, and by currency, amount and date.
type missFinder struct {
	r        *runner
	rules    []*ruleRun // that compare pairs of rows, by index; nil where a rule does not
	all      []*ruleRun
	units    []*unitMisses
	within   []*unitMisses
	sums     []*sumMisses
	signs    []int64     // of amounts that are near a row's: 1, and −1 where some rule matches money in with money out
	keyed    []*keyIndex // by pair; nil where no rule requires the pair
	byAmount [2][]openRow
}

// keyIndex lists the open rows of each side by key number.
type keyIndex struct {
	start [2][]uint32
	rows  [2][]uint32
}

func (r *runner) missFinder() *missFinder {
	f := &missFinder{r: r, keyed: make([]*keyIndex, len(r.joins)), signs: []int64{1}}
	for i := range r.plan.rules {
		x := r.viewOf(&r.plan.rules[i]).ruleRun(&r.plan.rules[i])
		x.remember()
		f.all = append(f.all, x)
		if !x.pairwise() && (x.subset == nil || x.within()) {
			f.rules = append(f.rules, nil)
			continue
		}
		f.rules = append(f.rules, x)
		if x.sign != recon.SignSame && len(f.signs) == 1 {
			f.signs = append(f.signs, -1)
		}
		for _, k := range x.keys {
			if k.required && f.keyed[k.pair] == nil {
				f.keyed[k.pair] = r.keyIndex(k.pair)
			}
		}
	}
	solver.InParallel(2, func(side int) { f.byAmount[side] = r.openByAmount(side) })
	f.units, f.within = r.unitMisses()
	f.sums = r.sumMisses()
	return f
}

func (r *runner) keyIndex(pair int) *keyIndex {
	x := &keyIndex{}
	solver.InParallel(2, func(side int) {
		start := make([]uint32, r.joins[pair].count+3)
		each := func(visit func(id, row uint32)) {
			for row := range r.tables[side].Len() {
				if r.state[side][row] == stateOpen {
					for _, id := range r.values(pair, side, uint32(row)) {
						visit(id, uint32(row))
					}
				}
			}
		}
		each(func(id, _ uint32) { start[id+2]++ })
		for i := 1; i < len(start); i++ {
			start[i] += start[i-1]
		}
		rows := make([]uint32, start[len(start)-1])
		each(func(id, row uint32) { // start[id+1] moves from where id begins to where it ends, which is where the next begins
			rows[start[id+1]] = row
			start[id+1]++
		})
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

// openByAmount lists a side's open rows by currency, amount and date.
func (r *runner) openByAmount(side int) []openRow {
	t := r.tables[side]
	var rows []uint32
	for row := range t.Len() {
		if r.state[side][row] == stateOpen {
			rows = append(rows, uint32(row))
		}
	}
	solver.Sort(rows, func(row uint32) uint64 { return uint64(t.amounts[0][row]) ^ 1<<63 })
	solver.Sort(rows, func(row uint32) uint64 { return uint64(t.currency[row]) })
	list := make([]openRow, len(rows))
	for i, row := range rows {
		list[i] = openRow{t.amounts[0][row], t.currency[row], t.date[row], row}
	}
	return list
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

// noiseShare is the part of a row's amount by which the amount of its nearest row may differ when no key is shared.
const noiseShare = 20

// noise says whether a miss tells nobody anything: no key is shared, and the amount differs by more than a slip, or is
// not all that differs.
func (n *near) noise(amount int64) bool {
	return !n.keyed && (n.miss.failed == recon.ReasonAmountDiffers || n.miss.failed == recon.ReasonFeeVariance) && (n.fails > 1 || n.amount > magnitude(amount)/noiseShare)
}

// find looks for the nearest miss of an open row.
func (f *missFinder) find(side int, row uint32) near {
	best := near{miss: Miss{Row: NoRow}}
	var room [2 * missCandidates]uint32
	for pair, index := range f.keyed {
		if index == nil {
			continue
		}
		found := f.sameKey(room[:0], pair, index, side, row)
		for _, other := range found {
			f.weigh(&best, side, row, other)
		}
	}
	for _, u := range f.units {
		u.weigh(&best, side, row)
	}
	for _, s := range f.sums {
		s.weigh(&best, side, row)
	}
	if best.keyed {
		return f.measured(&best, side, row)
	}
	for _, other := range f.nearAmount(room[:0], side, row) {
		f.weigh(&best, side, row, other)
	}
	if best.noise(f.r.tables[side].amounts[0][row]) {
		return near{miss: Miss{Row: NoRow}}
	}
	return f.measured(&best, side, row)
}

// inside is what came closest across the sides, or else what would cancel the row out within its own. What a row is open
// for is the other side's affair, so its class and reason do not follow from it.
func (f *missFinder) inside(across *near, side int, row uint32) *near {
	best := near{miss: Miss{Row: NoRow}}
	for _, u := range f.within {
		if u.run.base.side[0] == side {
			u.weighWithin(&best, row)
		}
	}
	if best.miss.Row == NoRow || across.miss.Row != NoRow && (across.keyed || !best.keyed) {
		return across
	}
	return &best
}

// measured puts the size of the change into the miss that was chosen.
func (f *missFinder) measured(best *near, side int, row uint32) near {
	m := &best.miss
	if best.whole || m.Row == NoRow || m.Change == ChangeNone {
		return *best
	}
	x := f.rules[m.Rule]
	if x.fixed[m.Change][side] {
		if m.Change = ChangeLimit; m.failed == recon.ReasonKeyDiffers {
			m.Change = ChangeNone
		}
		return *best
	}
	if m.Change != ChangeAmount && m.Change != ChangeDate {
		return *best
	}
	left, right := row, m.Row
	if side == RightIndex {
		left, right = right, left
	}
	if m.Change == ChangeAmount {
		change, possible := x.wholeUnits(side, row, left, right)
		if m.Delta = change * x.turned(side, row); !possible {
			m.Change = ChangeLimit
		}
		return *best
	}
	delta, possible := x.dayChange(side, x.days[LeftIndex][left], x.days[RightIndex][right])
	if m.Delta = delta; !possible {
		m.Change = ChangeNone
	}
	return *best
}

func (f *missFinder) sameKey(to []uint32, pair int, index *keyIndex, side int, row uint32) []uint32 {
	other := 1 - side
	for _, id := range f.r.values(pair, side, row) {
		for _, candidate := range index.rows[other][index.start[other][id]:index.start[other][id+1]] {
			if len(to) == missCandidates {
				return to
			}
			to = append(to, candidate)
		}
	}
	return to
}

// nearAmount lists the open rows around a row's amount, and around its opposite where some rule asks for that: those of the
// same amount nearest in date, then the neighbours.
func (f *missFinder) nearAmount(to []uint32, side int, row uint32) []uint32 {
	for _, sign := range f.signs {
		to = f.around(to, side, row, sign*f.r.tables[side].amounts[0][row])
	}
	return to
}

func (f *missFinder) around(to []uint32, side int, row uint32, amount int64) []uint32 {
	t, list := f.r.tables[side], f.byAmount[1-side]
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
	left, right := row, other
	if side == RightIndex {
		left, right = other, row
	}
	for _, x := range f.rules {
		if x == nil {
			continue
		}
		if n, ok := x.miss(left, right); ok && x.tellsOf(&n, left, right) && n.better(best) {
			n.miss.Row = other
			*best = n
		}
	}
}

// tellsOf says whether the miss of two rows means anything under the rule. A row of a sum differs in amount from the row
// that the sum belongs to: where a key says which rows those are, the sum is what misses (sumMisses).
// Nothing is part of no sum.
func (x *ruleRun) tellsOf(n *near, left, right uint32) bool {
	if x.subset == nil {
		return true
	}
	return x.amountOf(LeftIndex, left) != 0 && x.amountOf(RightIndex, right) != 0 &&
		(x.required == 0 || n.miss.Change == ChangeDate || n.miss.Change == ChangeText)
}

// miss says what keeps a pair from holding a rule, and what kind of single change would mend it.
func (x *ruleRun) miss(left, right uint32) (near, bool) {
	n := near{miss: Miss{Rule: x.index}}
	if !x.comparable(LeftIndex, left) || !x.comparable(RightIndex, right) {
		return n, false
	}
	fail := func(code recon.Reason, change Change) {
		if n.fails++; n.fails == 1 {
			n.miss.failed, n.miss.Change = code, change
		} else {
			n.miss.Change = ChangeNone
		}
	}
	code := x.currency[LeftIndex][left]
	if code != x.currency[RightIndex][right] {
		fail(recon.ReasonCurrencyDiffers, ChangeNone)
	}
	if x.mode != recon.AmountAny {
		a, b := x.amountOf(LeftIndex, left), x.amountOf(RightIndex, right)
		difference, fits := subtract(a, b)
		if !fits {
			return n, false
		}
		n.amount = magnitude(difference)
		if _, _, held := x.amountHeld(code, a, b); !held {
			fail(x.amountReason(), ChangeAmount)
			n.beyond = int64(n.amount) - x.rulePlan.allowed(code, a, b)
		}
	}
	lag := x.dayOf(RightIndex, right) - x.dayOf(LeftIndex, left)
	n.days = uint32(magnitude(int64(lag)))
	if _, held := x.lagHeld(0, lag); !held {
		if fail(recon.ReasonDateOutside, ChangeDate); n.fails == 1 {
			n.beyond = int64(magnitude(x.calendarChange(RightIndex, 0, lag)))
		}
	}
	compared, wrong := x.keyFaults(left, right)
	n.keyed = compared > 0
	if wrong > 0 {
		change := ChangeKey
		if wrong > 1 {
			change = ChangeNone
		}
		fail(recon.ReasonKeyDiffers, change)
	}
	if x.text != nil && n.fails < 2 { // texts are compared where nothing but them may stand between the rows
		if _, held := x.textHeld(left, right); !held {
			fail(recon.ReasonTextBelow, ChangeText)
		}
	}
	if n.fails == 0 {
		n.miss.failed = recon.ReasonTaken
		if _, held := x.judge(left, right); !held {
			n.miss.failed = recon.ReasonScoreBelow
		}
		if x.r.refuses != nil && x.r.refuses(left, right) {
			n.miss.failed = recon.ReasonRejected
		}
	}
	return n, true
}

// keyFaults counts the keys on which two rows agree, and those that do not hold.
func (x *ruleRun) keyFaults(left, right uint32) (held, wrong int) {
	for _, k := range x.keys {
		a, b := x.r.values(k.pair, LeftIndex, left), x.r.values(k.pair, RightIndex, right)
		switch {
		case len(a)+len(b) == 0: // the text of one row mends nothing
			wrong += 2 * int(truth(k.required))
		case !x.r.filled(k, a, b):
			wrong += int(truth(k.required))
		case meets(a, b):
			held++
		default:
			wrong++
		}
	}
	return held, wrong
}

// amountReason is why an amount does not hold: it differs, or the fee does that the rule takes off before it compares.
func (x *ruleRun) amountReason() recon.Reason {
	if x.scheduled() {
		return recon.ReasonFeeVariance
	}
	return recon.ReasonAmountDiffers
}

// amountChange is the least change to the compared amount of one side's row after which the amounts hold. The allowance
// may move with the amount, by at most half as fast, so the search may halve.
func (x *ruleRun) amountChange(side int, currency uint32, a, b int64) int64 {
	gap, direction := a-b, int64(-1)
	if side == RightIndex && gap > 0 || side == LeftIndex && gap < 0 {
		direction = 1
	}
	holds := func(step int64) bool {
		l, r := a, b
		if side == LeftIndex {
			l += direction * step
		} else {
			r += direction * step
		}
		_, _, held := x.amountHeld(currency, l, r)
		return held
	}
	low, high := int64(0), int64(magnitude(gap)) // low fails, high holds
	for low+1 < high {
		if middle := low + (high-low)/2; holds(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return direction * high
}

// wholeUnits is the least change of a row's amount that its currency can express: a bare number has more decimals.
func (x *ruleRun) wholeUnits(side int, row, left, right uint32) (change int64, possible bool) {
	code, a, b := x.currency[LeftIndex][left], x.amountOf(LeftIndex, left), x.amountOf(RightIndex, right)
	change = x.amountChange(side, code, a, b)
	if code != codeAny {
		return change, true
	}
	unit := widened(currencyName(x.r.tables[side].currency[row]), 1)
	switch rest := change % unit; {
	case rest > 0:
		change += unit - rest
	case rest < 0:
		change -= unit + rest
	}
	if side == LeftIndex {
		a += change
	} else {
		b += change
	}
	if _, _, possible = x.amountHeld(code, a, b); !possible {
		change = 0
	}
	return change, possible
}

// turned is −1 where the rule compares the negative of a row's amount, so that a change can be told in its own sign.
func (x *ruleRun) turned(side int, row uint32) int64 {
	if x.sign == recon.SignOpposite && side == RightIndex || x.sign == recon.SignAny && x.amounts[side][row] < 0 {
		return -1
	}
	return 1
}

// dayChangeMax bounds the search of a day: a lag of ten years of business days.
const dayChangeMax = 6000

// dayChange is the least shift of one side's day after which the lag lies in the window. Calendar days are all of one
// length, so the distance is known; business days are searched.
func (x *ruleRun) dayChange(side int, left, right int32) (int64, bool) {
	if x.business == nil {
		return x.calendarChange(side, left, right), true
	}
	for step := int32(1); step <= dayChangeMax; step++ {
		for _, shift := range [2]int32{step, -step} {
			l, r := left, right
			if side == LeftIndex {
				l += shift
			} else {
				r += shift
			}
			if !recon.Day(l).Plausible() || !recon.Day(r).Plausible() {
				continue
			}
			if _, held := x.lagHeld(x.coordinate(l), x.coordinate(r)); held {
				return int64(shift), true
			}
		}
	}
	return 0, false
}

func (rp *rulePlan) calendarChange(side int, left, right int32) int64 {
	lag := right - left
	direction := int32(1)
	if rp.direction == recon.DirectionRightFirst || rp.direction == recon.DirectionAbs && lag < 0 {
		direction = -1
	}
	wanted := min(max(lag*direction, rp.minLag), rp.maxLag) * direction
	if side == RightIndex {
		return int64(wanted - lag)
	}
	return int64(lag - wanted)
}
