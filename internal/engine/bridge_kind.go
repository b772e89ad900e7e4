package engine

import "matcher/internal/recon"

// Kinds of bridge items. The left balance with what is to be booked is the adjusted balance; what is in timing needs no
// entry, and leads from there to the right balance.
const (
	KindTiming      = "TIMING"      // deposits in transit, outstanding payments
	KindToBook      = "TO_BOOK"     // in the right side only, or an adjustment that is not in the books
	KindUnexplained = "UNEXPLAINED" // for a person to find out
)

// Kind is what an item asks of the books.
func (i *BridgeItem) Kind() string {
	onRight := i.Side == recon.Right
	switch i.Label {
	case LabelDifference, LabelEarlier:
		return KindToBook
	case LabelMixed, LabelEarlierMix:
		return KindTiming
	case LabelCleared:
		return pick(onRight, KindToBook, KindTiming)
	case LabelRest:
		return pick(onRight, KindUnexplained, KindTiming)
	case LabelLeftOnly:
		stale := i.Reason == recon.ReasonStalePayment.String() || i.Reason == recon.ReasonLateDeposit.String()
		return pick(i.Class == recon.ClassTiming || stale, KindTiming, KindUnexplained)
	case LabelRightOnly:
		open := i.Reason == recon.ReasonPending.String() || i.Reason == recon.ReasonNotCovered.String()
		switch {
		case open:
			return KindTiming
		case i.Class == recon.ClassTiming, i.Class == recon.ClassMissing, i.Reason == recon.ReasonReturned.String(),
			i.Reason == recon.ReasonFieldMissing.String():
			return KindToBook
		}
	}
	return KindUnexplained
}

func pick(first bool, one, other string) string {
	if first {
		return one
	}
	return other
}

// Kinds sums the items by kind.
func (b *Bridge) Kinds() map[string]recon.Total {
	sums := map[string]recon.Total{}
	for i := range b.Items {
		sum := sums[b.Items[i].Kind()]
		sum.Add(b.Items[i].Amount)
		sums[b.Items[i].Kind()] = sum
	}
	return sums
}
