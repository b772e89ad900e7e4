package engine

import "matcher/internal/recon"

// writeOffs are the differences that the confirmed groups of a run keep, by currency, without their signs.
type writeOffs map[uint32]uint64

// fits says whether a group may keep its difference. Groups ask in the order in which rules and rows come; one that no
// longer fits is proposed, and a smaller one after it may still fit.
func (w writeOffs) fits(limits currencyLimits, currency uint32, difference int64) bool {
	if difference == 0 {
		return true
	}
	most, given := limits.in(currency)
	if !given {
		return true
	}
	size := magnitude(difference)
	if used := w[currency]; used > uint64(most) || size > uint64(most)-used {
		return false
	}
	w[currency] += size
	return true
}

// affords holds a group back whose difference would take the run over its limit.
func (r *runner) affords(held recon.HeldBy, currency uint32, difference int64) recon.HeldBy {
	if held != recon.HeldByNothing || difference == 0 || !r.plan.writeOff.given || r.written.fits(r.plan.writeOff, currency, difference) {
		return held
	}
	return recon.HeldByWriteOff
}
