package engine

import (
	"matcher/internal/recon"
)

// writeOffs are the differences that confirmed groups keep, without their signs, by currency and month.
type writeOffs map[writeOffMonth]uint64

type writeOffMonth struct {
	currency uint32
	month    recon.Day
}

// newWriteOffs are those of earlier runs: what a rule of type POST booked, or with "" what the others left.
func newWriteOffs(written []recon.WriteOff, rule string) writeOffs {
	w := writeOffs{}
	for _, o := range written {
		if o.Rule != rule {
			continue
		}
		w[writeOffMonth{currencyCode(o.Currency), o.Month}] += uint64(o.Amount)
	}
	return w
}

// limitWriteOffs holds the groups whose differences would take their month over its limit. They ask in the order in
// which rules and rows come; one that no longer fits is proposed, and a smaller one after it may still fit. What took
// up a partial group has asked before.
func (r *runner) limitWriteOffs() {
	if !r.plan.writeOff.given {
		return
	}
	for i := range r.groups {
		g := &r.groups[i]
		if g.status == recon.GroupConfirmed && !g.has(traitGrown) && !r.affords(g, r.rowsOfGroup(g)) {
			r.propose(g, recon.HeldByWriteOff)
		}
	}
}

// affords reports whether the difference of a group is within the limit of the month of its newest row, and counts it
// there if so.
func (r *runner) affords(g *Group, rows [2][]uint32) bool {
	most, given := r.plan.writeOff.in(g.currency)
	if !given || g.Difference == 0 {
		return true
	}
	newest := recon.NoDay
	for side := range rows {
		for _, row := range rows[side] {
			newest = max(newest, r.tables[side].Date(row))
		}
	}
	at := writeOffMonth{g.currency, newest.Month()}
	size, used := magnitude(int64(g.Difference)), r.written[at]
	if used > uint64(most) || size > uint64(most)-used {
		return false
	}
	r.written[at] += size
	return true
}

// roundingMax is the largest difference, in minor units, that is called rounding.
const roundingMax = 5

// adjustment names the reason of a difference that a confirmed group keeps: the fee that a schedule takes, that is
// between the named amounts or that one half states, the rounding of a few minor units, a discount of exactly what the
// rule's percentage is, else a write-off to be posted.
func (x *evaluator) adjustment(p *pair, rows [2][]uint32, difference int64) recon.AdjustmentReason {
	switch {
	case difference == 0:
		return recon.AdjustmentNone
	case x.rule.Difference.Reason != recon.AdjustmentNone:
		return x.rule.Difference.Reason
	case x.scheduled():
		return x.takes
	case p.compared == 0 && x.mode != recon.AmountAny && x.amount != [2]int{}:
		return recon.AdjustmentFee // the named amounts agree, so what they name is all of the difference
	}
	for half := range rows {
		if fees, stated := x.tables[half].fees(rows[half]); stated && magnitude(fees) == magnitude(difference) {
			return recon.AdjustmentFee
		}
	}
	if magnitude(difference) <= roundingMax {
		return recon.AdjustmentRounding
	}
	sums, fits := x.sums(rows)
	if share := share(x.baseOf(sums[0], sums[1]), x.percent); fits && !x.converts && share > 0 &&
		magnitude(sums[1]) < magnitude(sums[0]) && magnitude(difference) == uint64(share) {
		return recon.AdjustmentDiscount // the percentage of the rule to the minor unit
	}
	return recon.AdjustmentWriteOff
}
