package engine

import (
	"matcher/internal/recon"
)

// mender is a rule as nearest misses read it: it finds what keeps two rows apart, and the smallest change that would
// mend that.
type mender struct{ *evaluator }

// counts reports whether the miss of two rows means anything under the rule. A row of a sum differs in amount from
// the row that the sum belongs to: where a key names those rows, the sum is what misses (sumMisses). A zero amount
// belongs to no sum.
func (x *mender) counts(n *near, left, right uint32) bool {
	if x.subset == nil {
		return true
	}
	return x.amountOf(LeftIndex, left) != 0 && x.amountOf(RightIndex, right) != 0 &&
		(x.required == 0 || n.miss.Change == ChangeDate || n.miss.Change == ChangeText)
}

// miss returns what keeps a pair from holding a rule, and what kind of single change would mend it.
func (x *mender) miss(left, right uint32) (near, bool) {
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
			reason := recon.ReasonAmountDiffers
			if x.scheduled() { // or the fee does that the rule takes off before it compares
				reason = recon.ReasonFeeVariance
			}
			fail(reason, ChangeAmount)
			n.beyond = int64(n.amount) - x.allowed(code, a, b)
		}
	}
	lag := x.dayOf(RightIndex, right) - x.dayOf(LeftIndex, left)
	n.days = uint32(magnitude(int64(lag)))
	if _, held := x.lagBetween(left, right); !held {
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
		if x.memory.pair != nil && x.memory.pair(left, right) {
			n.miss.failed = recon.ReasonRejected
		}
	}
	return n, true
}

// keyFaults counts the keys on which two rows agree, and those that do not hold.
func (x *mender) keyFaults(left, right uint32) (held, wrong int) {
	for _, k := range x.keys {
		a, b := x.values(k.pair, LeftIndex, left), x.values(k.pair, RightIndex, right)
		switch {
		case len(a)+len(b) == 0: // the text of one row mends nothing
			wrong += 2 * int(truth(k.required))
		case !x.filled(k, a, b):
			wrong += int(truth(k.required))
		case meets(a, b):
			held++
		default:
			wrong++
		}
	}
	return held, wrong
}

// amountChange is the least change to the compared amount of one side's row after which the amounts hold. The allowance
// may move with the amount, by at most half as fast, so the search may halve.
func (x *mender) amountChange(side int, currency uint32, a, b int64) int64 {
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
func (x *mender) wholeUnits(side int, row, left, right uint32) (change int64, possible bool) {
	code, a, b := x.currency[LeftIndex][left], x.amountOf(LeftIndex, left), x.amountOf(RightIndex, right)
	change = x.amountChange(side, code, a, b)
	if code != codeAny {
		return change, true
	}
	unit := widened(currencyName(x.tables[side].currency[row]), 1)
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

// turned is −1 where the rule compares the negative of a row's amount, so that a change has the sign of the row.
func (x *mender) turned(side int, row uint32) int64 {
	if x.sign == recon.SignOpposite && side == RightIndex || x.sign == recon.SignAny && x.amounts[side][row] < 0 {
		return -1
	}
	return 1
}

// dayChangeMax bounds the search of a day: a lag of ten years of business days.
const dayChangeMax = 6000

// dayChange is the least shift of one side's day after which the lag is in the window. Calendar days are all of one
// length, so the distance is known; business days are searched.
func (x *mender) dayChange(side int, left, right int32) (int64, bool) {
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

// A change that mends what failed is no advice where the pair would still score below the rule's proposeAt: a candidate
// below it is none.

// reaches reports whether two rows are a candidate once the one predicate that failed is mended. Amount, date and
// text are mended no further than to the boundary of the limit, which is where the smallest change ends and where a
// moved limit is.
func (x *mender) reaches(failed recon.Reason, left, right uint32) bool {
	if x.proposeAt <= 0 {
		return true
	}
	score := int64(0)
	if keys, _ := x.keyFaults(left, right); keys > 0 || failed == recon.ReasonKeyDiffers {
		score += weightKeys * full
	}
	if x.mode != recon.AmountAny {
		near := boundary
		if failed != recon.ReasonAmountDiffers && failed != recon.ReasonFeeVariance {
			near, _, _ = x.amountHeld(x.currency[LeftIndex][left], x.amountOf(LeftIndex, left),
				x.amountOf(RightIndex, right))
		}
		score += weightAmount * near
	}
	near := boundary
	if lag, held := x.lagBetween(left, right); held {
		near = closeness(int64(lag-x.minLag), int64(x.maxLag-x.minLag))
	}
	score += weightDate * near
	if x.text != nil {
		similar, _ := x.textHeld(left, right)
		score += weightText * similar
	}
	return score >= x.proposeAt
}

// boundary is the closeness of what a limit just admits.
const boundary = int64(full / 2)

// sumReaches does the same for a row and a subset whose sum is mended: everything counts for the least that the rule
// admits.
func (x *mender) sumReaches() bool {
	score := int64(weightKeys*full) + weightAmount*boundary + weightDate*boundary
	if x.maxLag == x.minLag {
		score += weightDate * (full - boundary)
	}
	if x.text != nil {
		score += weightText * x.text.min
	}
	return score >= x.proposeAt
}
