package engine

import "matcher/internal/recon"

// writeOffs are the differences that the confirmed groups of a run keep, by currency, without their signs.
type writeOffs map[uint32]uint64

// affords holds a group back whose difference would take the run over its limit. Groups ask in the order in which rules
// and rows come; one that no longer fits is proposed, and a smaller one after it may still fit.
func (r *runner) affords(held recon.HeldBy, currency uint32, difference int64) recon.HeldBy {
	if held != recon.HeldByNothing || difference == 0 {
		return held
	}
	most, given := r.plan.writeOff.in(currency)
	if !given {
		return held
	}
	size, used := magnitude(difference), r.written[currency]
	if used > uint64(most) || size > uint64(most)-used {
		return recon.HeldByWriteOff
	}
	r.written[currency] += size
	return held
}
