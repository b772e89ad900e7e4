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
