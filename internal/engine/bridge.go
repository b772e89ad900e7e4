package engine

import (
	"fmt"
	"slices"

	"matcher/internal/recon"
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
	LabelCleared     = "in transit, cleared after the cut-off"
	LabelMayClear    = "in transit, proposed to clear after the cut-off"
	LabelOpening     = "balances brought in"
	LabelEarlier     = "difference of groups matched earlier"
	LabelEarlierMix  = "matched earlier with another currency"
	LabelUnexplained = "balances that no row explains"
)

// bridgeBuilder collects items and the first error of a sum that no bridge can print.
type bridgeBuilder struct {
	bridge Bridge
	err    error
}

func (b *bridgeBuilder) minor(what string, t recon.Total) recon.Minor {
	m, err := t.Fit(what, b.bridge.Currency)
	if err != nil && b.err == nil {
		b.err = err
	}
	return m
}

// item adds what leads from left to right: sign −1 for what only the left side has, +1 for what only the right has.
func (b *bridgeBuilder) item(item BridgeItem, amount recon.Total, sign recon.Minor) {
	b.bridge.Items = append(b.bridge.Items, b.signed(item, amount, sign))
}

func (b *bridgeBuilder) signed(item BridgeItem, amount recon.Total, sign recon.Minor) BridgeItem {
	item.Amount = sign * b.minor(fmt.Sprintf("the rows under %q", item.Label), amount)
	return item
}

func (b *bridgeBuilder) openItems(c *currencyLedger) {
	labels, signs := [2]string{LabelLeftOnly, LabelRightOnly}, [2]recon.Minor{-1, 1}
	for _, side := range [2]int{RightIndex, LeftIndex} {
		for class := range c.rows[side] {
			for reason, rows := range c.rows[side][class] {
				if rows == 0 {
					continue
				}
				item := BridgeItem{
					Label: labels[side], Side: sideOf(side), Class: recon.Class(class), Count: rows,
					Reason: recon.Reason(reason).String(),
				}
				b.item(item, c.reasons[side][class][reason], signs[side])
			}
		}
		if c.outsideRows[side] > 0 {
			b.item(BridgeItem{Label: LabelOutside, Side: sideOf(side), Count: c.outsideRows[side]}, c.outside[side],
				signs[side])
		}
	}
}

// clearedItems are what groups that reach beyond the cut-off hold of this period's balances: money in transit, which is
// known to have arrived where the group is confirmed.
func (b *bridgeBuilder) clearedItems(c *currencyLedger) {
	signs := [2]recon.Minor{-1, 1}
	for status := range c.clearedRows {
		for _, side := range [2]int{RightIndex, LeftIndex} {
			if rows := c.clearedRows[status][side]; rows > 0 {
				item := BridgeItem{
					Label: LabelMayClear, Side: sideOf(side), Class: recon.ClassTiming,
					Reason: recon.ReasonInTransit.String(), Count: rows,
				}
				if status == int(recon.GroupConfirmed) {
					item.Label = LabelCleared
				}
				b.item(item, c.cleared[status][side], signs[side])
			}
		}
	}
}

// differences are the items of what groups are apart. What is left of partial groups is open money.
func (b *bridgeBuilder) differences(d groupDifferences) (items []BridgeItem) {
	for status := range d.groups {
		for reason, groups := range d.groups[status] {
			amount := d.differences[status][reason]
			if groups > 0 && amount != (recon.Total{}) && status != int(recon.GroupPartial) {
				why := recon.AdjustmentReason(reason).String()
				items = append(items,
					b.signed(BridgeItem{Label: differenceLabels[status], Reason: why, Count: groups}, amount, -1))
			}
		}
	}
	for status, groups := range d.mixedGroups {
		if groups > 0 {
			items = append(items, b.signed(BridgeItem{Label: mixedLabels[status], Count: groups}, d.mixed[status], -1))
		}
	}
	return items
}

// without takes away the differences of some of the groups.
func (d groupDifferences) without(some *groupDifferences) groupDifferences {
	for status := range d.groups {
		for reason := range d.groups[status] {
			d.differences[status][reason].Subtract(some.differences[status][reason])
			d.groups[status][reason] -= some.groups[status][reason]
		}
		d.mixed[status].Subtract(some.mixed[status])
		d.mixedGroups[status] -= some.mixedGroups[status]
	}
	return d
}

// rests are open money of the side that has more.
func (b *bridgeBuilder) rests(c *currencyLedger) {
	for _, side := range [2]int{RightIndex, LeftIndex} {
		if c.restGroups[side] > 0 {
			item := BridgeItem{
				Label: LabelRest, Side: sideOf(side), Class: recon.ClassBreak,
				Reason: recon.ReasonPartialRest.String(), Count: c.restGroups[side],
			}
			b.item(item, c.rests[side], -1)
		}
	}
}

// Check reports whether left + Σ items = right.
func (b *Bridge) Check() error {
	var sum recon.Total
	sum.Add(b.Left)
	for i := range b.Items {
		sum.Add(b.Items[i].Amount)
	}
	if reached, err := sum.Minor(); err != nil || reached != b.Right {
		return &ViolationError{
			"left balance + Σ items = right balance",
			fmt.Sprintf("%s: reached %d, not %d minor units", b.Currency, reached, b.Right),
		}
	}
	return nil
}

// Earlier is what earlier periods settled in a currency: the rows that are gone from both sides since, and the items
// that explain why they were not the same.
type Earlier struct {
	Left, Right recon.Minor
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
	b.Left, b.Right, b.Items = left, right, append(slices.Clip(b.Items), e.Items...)
	return b, b.Check()
}

// WithBalances is the bridge between two stated closing balances: what each side's rows leave unexplained
// was brought in from before. A nil balance is the sum of its side's rows.
func (b Bridge) WithBalances(left, right *recon.Minor) (Bridge, error) {
	return b.between(left, right, LabelOpening)
}

// WithClosing is WithBalances where the balances of an earlier period were stated too: what the rows since then leave
// unexplained is in no file.
func (b Bridge) WithClosing(left, right *recon.Minor) (Bridge, error) {
	return b.between(left, right, LabelUnexplained)
}

func (b Bridge) between(left, right *recon.Minor, label string) (Bridge, error) {
	brought := recon.Minor(0)
	var err error
	change := func(stated *recon.Minor, to *recon.Minor, sign recon.Minor) {
		if stated == nil || err != nil {
			return
		}
		var part recon.Minor
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
