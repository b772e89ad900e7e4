package recon

import (
	"fmt"
	"slices"
)

// Labels of bridge items.
const (
	LabelLeftOnly    = "in left only"
	LabelRightOnly   = "in right only"
	LabelDifference  = "difference of matched groups"
	LabelProposed    = "difference of proposed groups"
	LabelRest        = "rest of partial groups"
	LabelMixed       = "matched with another currency"
	LabelMixedOpen   = "proposed with another currency"
	LabelOutside     = "before the period"
	LabelBefore      = "difference of groups before the period"
	LabelCleared     = "in transit, cleared after the cut-off"
	LabelMayClear    = "in transit, proposed to clear after the cut-off"
	LabelOpening     = "balances brought in"
	LabelEarlier     = "difference of groups matched earlier"
	LabelEarlierMix  = "matched earlier with another currency"
	LabelUnexplained = "balances that no row explains"
)

// Bridge leads from the left balance to the right one in a currency: Left + Σ items = Right, to the minor unit.
type Bridge struct {
	Currency string
	Left     Minor
	Items    []BridgeItem
	Right    Minor
	// Later are the differences of groups that reach beyond the cut-off: items of the next period's bridge.
	Later []BridgeItem
}

// BridgeItem is one reconciling item of a bridge.
type BridgeItem struct {
	// "in books only", "in bank only", "difference", "proposed difference", "outside the period", "opening"
	Label  string
	Side   Side
	Class  Class
	Reason string // of the rows, or of the adjustment
	Amount Minor
	Count  int64 // rows, or groups
}

// Check reports whether left + Σ items = right.
func (b *Bridge) Check() error {
	var sum Total
	sum.Add(b.Left)
	for i := range b.Items {
		sum.Add(b.Items[i].Amount)
	}
	if reached, err := sum.Minor(); err != nil || reached != b.Right {
		return fmt.Errorf("left balance + Σ items = right balance: %s: reached %d, not %d minor units", b.Currency,
			reached, b.Right)
	}
	return nil
}

// Earlier is what earlier periods settled in a currency: the rows that are gone from both sides since, and the items
// that explain why they were not the same.
type Earlier struct {
	Left, Right Minor
	Items       []BridgeItem
}

// WithEarlier is the bridge between the balances that include what earlier periods settled.
func (b Bridge) WithEarlier(e Earlier) (Bridge, error) {
	left, err := b.Left.Add(e.Left)
	if err != nil {
		return b, fmt.Errorf("the left balance in %s: %w", b.Currency, err)
	}
	right, err := b.Right.Add(e.Right)
	if err != nil {
		return b, fmt.Errorf("the right balance in %s: %w", b.Currency, err)
	}
	b.Left, b.Right = left, right
	if b.Items, err = withItems(b.Items, e.Items); err != nil {
		return b, fmt.Errorf("the bridge in %s: %w", b.Currency, err)
	}
	return b, b.Check()
}

// withItems adds items to others. What rows have booked of an earlier difference is taken off it; what is booked whole
// is no item any more.
func withItems(items, more []BridgeItem) ([]BridgeItem, error) {
	items = slices.Clone(items)
	for _, item := range more {
		at := slices.IndexFunc(items, func(own BridgeItem) bool {
			return own.Label == item.Label && own.Reason == item.Reason && own.Side == item.Side &&
				own.Class == item.Class
		})
		if at < 0 {
			items = append(items, item)
			continue
		}
		var err error
		if items[at].Amount, err = items[at].Amount.Add(item.Amount); err != nil {
			return nil, err
		}
		items[at].Count += item.Count
	}
	return slices.DeleteFunc(items, func(i BridgeItem) bool { return i.Amount == 0 && i.Count == 0 }), nil
}

// WithBalances is the bridge between two stated closing balances: what each side's rows leave unexplained
// was brought in from before. A nil balance is the sum of its side's rows.
func (b Bridge) WithBalances(left, right *Minor) (Bridge, error) {
	return b.between(left, right, LabelOpening)
}

// WithClosing is WithBalances where the balances of an earlier period were stated too: what the rows since then leave
// unexplained is in no file.
func (b Bridge) WithClosing(left, right *Minor) (Bridge, error) {
	return b.between(left, right, LabelUnexplained)
}

func (b Bridge) between(left, right *Minor, label string) (Bridge, error) {
	brought := Minor(0)
	var err error
	change := func(stated *Minor, to *Minor, sign Minor) {
		if stated == nil || err != nil {
			return
		}
		var part Minor
		if part, err = stated.Add(-*to); err == nil {
			brought, err = brought.Add(sign * part)
		}
		*to = *stated
	}
	change(left, &b.Left, -1)
	change(right, &b.Right, 1)
	if err != nil {
		return b, err
	}
	if brought != 0 {
		b.Items = append(slices.Clip(b.Items), BridgeItem{Label: label, Amount: brought})
	}
	return b, b.Check()
}

// Kinds of bridge items. The left balance with what is to be booked is the adjusted balance; what is in timing needs no
// entry, and leads from there to the right balance.
const (
	KindTiming      = "TIMING"      // deposits in transit, outstanding payments
	KindToBook      = "TO_BOOK"     // in the right side only, or an adjustment that is not in the books
	KindUnexplained = "UNEXPLAINED" // for a person to find out
)

// Kind is what an item asks of the books.
func (i *BridgeItem) Kind() string {
	onRight := i.Side == Right
	switch i.Label {
	case LabelDifference, LabelEarlier, LabelBefore: // what the bank got wrong is not for the books
		return pick(i.Reason == AdjustmentBankError.String(), KindTiming, KindToBook)
	case LabelMixed, LabelEarlierMix:
		return KindTiming
	case LabelCleared, LabelOutside:
		return pick(onRight, KindToBook, KindTiming)
	case LabelRest:
		return pick(onRight, KindUnexplained, KindTiming)
	case LabelLeftOnly:
		stale := i.Reason == ReasonStalePayment.String() || i.Reason == ReasonLateDeposit.String()
		return pick(i.Class == ClassTiming || stale, KindTiming, KindUnexplained)
	case LabelRightOnly:
		open := i.Reason == ReasonPending.String() || i.Reason == ReasonNotCovered.String()
		switch {
		case open:
			return KindTiming
		case i.Class == ClassTiming, i.Class == ClassMissing, i.Reason == ReasonReturned.String(),
			i.Reason == ReasonFieldMissing.String():
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
func (b *Bridge) Kinds() map[string]Total {
	sums := map[string]Total{}
	for i := range b.Items {
		sum := sums[b.Items[i].Kind()]
		sum.Add(b.Items[i].Amount)
		sums[b.Items[i].Kind()] = sum
	}
	return sums
}
