package engine

import "matcher/internal/recon"

// A change that mends what failed is no advice where the pair would still score below the rule's proposeAt: a candidate
// below it is none.

// reaches says whether two rows are a candidate once the one predicate that failed is mended. Amount, date and text are
// mended no further than to the boundary of the limit, which is where the smallest change ends and where a moved limit lies.
func (x *ruleRun) reaches(failed recon.Reason, left, right uint32) bool {
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
			near, _, _ = x.amountHeld(x.currency[LeftIndex][left], x.amountOf(LeftIndex, left), x.amountOf(RightIndex, right))
		}
		score += weightAmount * near
	}
	near := boundary
	if lag, held := x.lagHeld(x.dayOf(LeftIndex, left), x.dayOf(RightIndex, right)); held {
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

// sumReaches says the same of a row and a subset whose sum is mended: everything counts for the least that the rule admits.
func (x *ruleRun) sumReaches() bool {
	score := int64(weightKeys*full) + weightAmount*boundary + weightDate*boundary
	if x.maxLag == x.minLag {
		score += weightDate * (full - boundary)
	}
	if x.text != nil {
		score += weightText * x.text.min
	}
	return score >= x.proposeAt
}

// advised is a miss without a change that would not do. Its reason stays, and so does what the row is open for.
func (f *missFinder) advised(n *near, side int, row uint32) Miss {
	m := n.miss
	if m.Row == NoRow || n.whole || m.Change == ChangeNone {
		return m
	}
	left, right := row, m.Row
	if side == RightIndex {
		left, right = right, left
	}
	if !f.rules[m.Rule].reaches(m.failed, left, right) {
		m.Change, m.Delta = ChangeScore, 0
	}
	return m
}
