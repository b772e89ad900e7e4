package engine

import (
	"math/bits"
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// view is what judging rows reads: two tables, how their keys and texts join, and the sets that were rejected.
type view struct {
	plan   *Plan
	tables [2]*Table
	joins  []*joined // by Plan.pairs
	texts  []*joined // by Plan.texts
	memory memory
}

// evaluator is one rule over a view: everything that judging a pair touches, looked up once.
type evaluator struct {
	*rulePlan
	*view
	amounts   [2][]int64
	currency  [2][]uint32 // in which amounts are compared
	days      [2][]int32
	newest    [2][]int32 // of the members of each unit, where each of them must be in the window; nil otherwise
	where     [2][]bool
	rated     [2][]int32                        // the rate of an amount, from 1; nil where the half converts nothing
	grossOf   [2][]int64                        // what a fee schedule is applied to; nil where the half names none
	admitted  [2][]bool                         // by source; nil: every source
	moneyIn   func(half int, unit uint32) int64 // of the members of a unit; nil where rows are compared
	similar   solver.SimilarityCache
	described [2]bool // rows of the side have texts in which a reference may be
	lists     bool    // single rows are compared by a key by which one may name several
	foreign   []int   // live key pairs that the rule does not compare: rows may contradict each other on them
}

// verdict on a pair that holds every predicate of a rule.
type verdict struct {
	score    int64 // numerator over rulePlan.weight · 10,000
	compared int64 // left − right of the compared amounts
	keyed    bool
}

// evaluator returns a rule over the view; one within a side reads that side on both halves.
func (v *view) evaluator(rp *rulePlan) *evaluator {
	if rp.within() {
		v = v.facing(rp.side[0])
	}
	x := &evaluator{rulePlan: rp, view: v}
	for side, t := range v.tables {
		x.amounts[side] = t.amounts[rp.amount[side]]
		switch {
		case rp.timestamp:
			x.days[side] = t.instant
		case rp.valueDate[side]:
			x.days[side] = t.value
		default:
			x.days[side] = t.date
		}
		if x.currency[side] = t.currency; rp.currencyAt[side] != ownCurrency {
			x.currency[side] = t.compared[rp.currencyAt[side]]
		}
		if x.rated[side] = t.rated[rp.amount[side]]; rp.gross[side] != noGross {
			x.grossOf[side] = t.amounts[rp.gross[side]]
		}
		if rp.whereAt[side] != noWhere {
			x.where[side] = t.wheres[rp.whereAt[side]]
		}
		if wanted := rp.sources[side]; len(wanted) > 0 {
			x.admitted[side] = make([]bool, len(t.sources))
			for i, name := range t.sources {
				x.admitted[side][i] = slices.Contains(wanted, name)
			}
		}
	}
	for side, t := range v.tables {
		x.described[side] = rp.named && len(t.keys) > 0 && slices.ContainsFunc(t.keys[rp.names[side][1]].start,
			func(start uint32) bool { return start != noText })
	}
	for i, k := range rp.keys { // a list of a field may be several names of one thing; what a text names is several
		x.lists = x.lists || k.required && rp.pairwise() && rp.rule.Keys[i].Split == "" && len(v.joins) > 0 &&
			v.multi(k.pair)
	}
	for pair, j := range v.joins {
		compared := slices.ContainsFunc(rp.keys, func(k ruleKey) bool { return v.plan.comparesAs(k.pair, pair) })
		if j.live && !rp.within() && v.plan.pairs[pair].side == rp.side && !compared {
			x.foreign = append(x.foreign, pair)
		}
	}
	return x
}

// facing returns the view of a rule within one side: that side on both halves.
func (v *view) facing(side int) *view {
	facing := *v
	facing.tables = [2]*Table{v.tables[side], v.tables[side]}
	return &facing
}

// selects reports whether a row is of the rule's sources and satisfies its predicate.
func (x *evaluator) selects(side int, row uint32) bool {
	return (x.admitted[side] == nil || x.admitted[side][x.tables[side].source[row]]) &&
		(x.where[side] == nil || x.where[side][row])
}

// inScope reports whether the rule selects a row and it is booked, or pending where the rule asks for such rows.
func (x *evaluator) inScope(side int, row uint32) bool {
	return x.selects(side, row) && (!x.tables[side].pending[row] || x.pending[side])
}

// comparable is carries, ignoring keys: a row whose key is empty may lack nothing else.
func (x *evaluator) comparable(side int, row uint32) bool {
	return x.inScope(side, row) && (x.mode == recon.AmountAny || x.amounts[side][row] != absent) &&
		x.dated(side, row) && x.hasText(side, row)
}

// dated reports whether a row has the day or the instant that the rule compares.
func (x *evaluator) dated(side int, row uint32) bool {
	if x.timestamp {
		return x.days[side][row] != noInstant
	}
	return recon.Day(x.days[side][row]).Plausible()
}

// carries reports whether a row has what the rule compares: its source, amount, day and required keys. A pending row is
// left alone unless the rule asks for it, by a key on bookingStatus.
func (x *evaluator) carries(side int, row uint32) bool {
	if !x.comparable(side, row) {
		return false
	}
	for _, k := range x.keys {
		if k.required && len(x.values(k.pair, side, row)) == 0 {
			return false
		}
	}
	return true
}

// amountOf is what the rule compares, the right side turned round where the rule wants opposite signs.
func (x *evaluator) amountOf(side int, row uint32) int64 {
	v := x.amounts[side][row]
	switch {
	case x.mode == recon.AmountAny:
		return 0
	case x.sign == recon.SignAny && v < 0, x.sign == recon.SignOpposite && side == RightIndex:
		return -v
	}
	return v
}

// dayOf is a row's coordinate on the axis in which the rule counts lags.
func (x *evaluator) dayOf(side int, row uint32) int32 { return x.coordinate(x.days[side][row]) }

func (rp *rulePlan) coordinate(day int32) int32 {
	if rp.business == nil {
		return day
	}
	return rp.business[day-1]
}

// judge reports whether two rows that carry what the rule needs hold all of its predicates, and how well.
func (x *evaluator) judge(left, right uint32) (verdict, bool) {
	var v verdict
	if x.currency[LeftIndex][left] != x.currency[RightIndex][right] {
		return v, false
	}
	lag, ok := x.lagBetween(left, right)
	if !ok {
		return v, false
	}
	score := int64(0)
	if x.mode != recon.AmountAny {
		near, difference, ok := x.amountHeld(x.currency[LeftIndex][left], x.amountOf(LeftIndex, left),
			x.amountOf(RightIndex, right))
		if !ok {
			return v, false
		}
		v.compared, score = difference, weightAmount*near
	} else if a, b := x.amounts[LeftIndex][left], x.amounts[RightIndex][right]; a != absent && b != absent {
		v.compared, _ = subtract(a, b) // not judged, but gated
	} else {
		v.compared, _ = subtract(x.tables[LeftIndex].amounts[0][left], x.tables[RightIndex].amounts[0][right])
	}
	compared, ok := x.keysHeld(left, right)
	if !ok {
		return v, false
	}
	if v.keyed = compared > 0; v.keyed {
		score += weightKeys * full
	}
	if x.text != nil {
		similar, ok := x.textHeld(left, right)
		if !ok {
			return v, false
		}
		score += weightText * similar
	}
	v.score = score + weightDate*closeness(int64(lag-x.minLag), int64(x.maxLag-x.minLag))
	_, fits := subtract(x.tables[LeftIndex].amounts[0][left], x.tables[RightIndex].amounts[0][right])
	return v, fits && v.score >= x.proposeAt && (x.memory.pair == nil || !x.memory.pair(left, right))
}

// lagBetween is the lag of two rows or units, and whether it is in the window: where each member's date must be, that
// of the worst pair of members.
func (x *evaluator) lagBetween(left, right uint32) (int32, bool) {
	oldest := [2]int32{x.dayOf(LeftIndex, left), x.dayOf(RightIndex, right)}
	if x.newest[0] == nil {
		return x.lagHeld(oldest[0], oldest[1])
	}
	newest := [2]int32{x.coordinate(x.newest[0][left]), x.coordinate(x.newest[1][right])}
	first, held := x.lagHeld(newest[0], oldest[1])
	last, also := x.lagHeld(oldest[0], newest[1])
	// where members are on both sides of each other, some may be nearer than the least lag
	between := x.minLag > 0 && oldest[1] < newest[0] && newest[1] > oldest[0]
	return max(first, last), held && also && !between
}

// lagHeld reads the lag as the rule's direction does, and reports whether it is in the window.
func (rp *rulePlan) lagHeld(left, right int32) (int32, bool) {
	lag := rp.lag(left, right)
	return lag, lag >= rp.minLag && lag <= rp.maxLag
}

func (rp *rulePlan) lag(left, right int32) int32 {
	lag := right - left
	if rp.direction == recon.DirectionRightFirst || rp.direction == recon.DirectionAbs && lag < 0 {
		return -lag
	}
	return lag
}

// amountHeld compares two amounts of one sign; zero goes with either.
func (rp *rulePlan) amountHeld(currency uint32, left, right int64) (near, difference int64, ok bool) {
	if left == right {
		return full, 0, true
	}
	if rp.mode != recon.AmountTolerance || left < 0 && right > 0 || left > 0 && right < 0 {
		return 0, left - right, false
	}
	if short := magnitude(right) < magnitude(left); short && rp.amountOn == recon.AmountOver ||
		!short && rp.amountOn == recon.AmountShort {
		return 0, left - right, false
	}
	difference = left - right
	allowed := rp.allowed(currency, left, right)
	if magnitude(difference) > uint64(allowed) {
		return 0, difference, false
	}
	return closeness(int64(magnitude(difference)), allowed), difference, true
}

// keysHeld counts the keys that both rows fill; a filled key that differs, or a required one that is not filled, fails.
func (x *evaluator) keysHeld(left, right uint32) (compared int, ok bool) {
	for _, k := range x.keys {
		a, b := x.values(k.pair, LeftIndex, left), x.values(k.pair, RightIndex, right)
		if !x.filled(k, a, b) {
			if k.required {
				return 0, false
			}
			continue
		}
		if !meets(a, b) {
			return 0, false
		}
		compared++
	}
	return compared, true
}

// contradicts reports whether both rows carry a live key that the rule does not compare, and differ on it.
func (x *evaluator) contradicts(left, right uint32) bool {
	for _, pair := range x.foreign {
		a, b := x.values(pair, LeftIndex, left), x.values(pair, RightIndex, right)
		if x.filled(ruleKey{pair, false}, a, b) && !meets(a, b) {
			return true
		}
	}
	return false
}

// gate is the first gate that keeps a judged pair from being confirmed, those of an assignment aside.
func (x *evaluator) gate(left, right uint32, v verdict) recon.HeldBy {
	lt, rt := x.tables[LeftIndex], x.tables[RightIndex]
	switch {
	case x.contradicts(left, right):
		return recon.HeldByContradicts
	case !v.keyed:
		return recon.HeldByNoKey
	case x.lists && x.namesMore(left, right):
		return recon.HeldByNamed
	case x.proposes:
		return recon.HeldByRule
	case x.unlimited(x.currency[LeftIndex][left], x.left(left, right, v.compared)):
		return recon.HeldByNoLimit
	case x.overpaid(left, right, v.compared):
		return recon.HeldByOver
	case x.over(x.maxDiff, x.currency[LeftIndex][left], x.left(left, right, v.compared)), x.netsOut(left, right):
		return recon.HeldByDifference
	case x.over(x.maxAmount, lt.currency[left], lt.amounts[0][left]),
		x.over(x.maxAmount, rt.currency[right], rt.amounts[0][right]):
		return recon.HeldByAmount
	case v.score < x.autoAt:
		return recon.HeldByScore
	}
	return recon.HeldByNothing
}

// unlimited reports whether a difference has no limit at all: a score never makes up for one.
func (x *evaluator) unlimited(currency uint32, difference int64) bool {
	_, given := x.maxDiff.in(currency)
	return (x.mode == recon.AmountAny || x.crosses()) && difference != 0 && !given
}

// crosses reports whether the rule pairs money in on one side with money out on the other. What is left of the two is
// twice the amount, although the rule sees no difference.
func (x *evaluator) crosses() bool { return !x.within() && x.sign != recon.SignSame }

// left is the difference that a confirmed pair would leave in the books. Where signs are not compared, sizes may tie
// though money does not: 15 of 10 and −5.
func (x *evaluator) left(left, right uint32, compared int64) int64 {
	if difference, fits := subtract(x.amounts[LeftIndex][left], x.amounts[RightIndex][right]); x.crosses() &&
		x.mode != recon.AmountAny && fits {
		return difference
	}
	return compared
}

// overpaid reports whether the right side is more than the left one by what the rule's percentage alone allows, while
// the rule does not say that it may be. A rate may go either way.
func (x *evaluator) overpaid(left, right uint32, difference int64) bool {
	if x.amountOn != "" || x.percent == 0 || x.converts || x.within() || difference == 0 {
		return false
	}
	abs, _ := x.abs.in(x.currency[LeftIndex][left])
	return magnitude(difference) > uint64(abs) &&
		magnitude(x.amountOf(RightIndex, right)) > magnitude(x.amountOf(LeftIndex, left))
}

// netsOut reports whether the members of two units cancel out on both sides, while not the same money did: that their
// sums are both 0 shows nothing then.
func (x *evaluator) netsOut(left, right uint32) bool {
	if x.moneyIn == nil || x.within() || x.amountOf(LeftIndex, left) != 0 || x.amountOf(RightIndex, right) != 0 {
		return false
	}
	in := [2]int64{x.moneyIn(LeftIndex, left), x.moneyIn(RightIndex, right)}
	return in[0] != in[1] && in[0] != 0 && in[1] != 0
}

func (x *evaluator) over(limits currencyLimits, currency uint32, value int64) bool {
	most, given := limits.in(currency)
	return given && magnitude(value) > uint64(most)
}

// closeness is 1 − difference / (2 · allowed) in 1/10,000, rounded half up: the boundary is one half, and where nothing
// is allowed the only difference that holds is none.
func closeness(difference, allowed int64) int64 {
	if allowed == 0 || difference == 0 {
		return full
	}
	hi, lo := bits.Mul64(uint64(difference), full/2)
	quotient, rest := bits.Div64(hi, lo, uint64(allowed))
	if rest > uint64(allowed)/2 { // rounding the difference half down rounds the closeness half up
		quotient++
	}
	return full - int64(quotient)
}

// points is a numerator as the score that people see: 0..100, rounded half up.
func (rp *rulePlan) points(score int64) uint8 {
	most := rp.weight * full
	return uint8((score*200 + most) / (2 * most))
}

func subtract(a, b int64) (int64, bool) {
	d := a - b
	return d, (a^b)&(a^d) >= 0
}
