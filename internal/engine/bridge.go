package engine

import (
	"fmt"

	"matcher/internal/recon"
)

// bridgeBuilder collects items and the first error of a sum that no bridge can print.
type bridgeBuilder struct {
	bridge recon.Bridge
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
func (b *bridgeBuilder) item(item recon.BridgeItem, amount recon.Total, sign recon.Minor) {
	b.bridge.Items = append(b.bridge.Items, b.signed(item, amount, sign))
}

func (b *bridgeBuilder) signed(item recon.BridgeItem, amount recon.Total, sign recon.Minor) recon.BridgeItem {
	item.Amount = sign * b.minor(fmt.Sprintf("the rows under %q", item.Label), amount)
	return item
}

func (b *bridgeBuilder) openItems(c *currencyLedger) {
	labels, signs := [2]string{recon.LabelLeftOnly, recon.LabelRightOnly}, [2]recon.Minor{-1, 1}
	for _, side := range [2]int{RightIndex, LeftIndex} {
		for class := range c.rows[side] {
			for reason, rows := range c.rows[side][class] {
				if rows == 0 {
					continue
				}
				item := recon.BridgeItem{
					Label: labels[side], Side: sideOf(side), Class: recon.Class(class), Count: rows,
					Reason: recon.Reason(reason).String(),
				}
				b.item(item, c.reasons[side][class][reason], signs[side])
			}
		}
		if side == RightIndex && c.earlier[0] != c.earlier[1] {
			net := c.earlier[RightIndex]
			net.Subtract(c.earlier[LeftIndex])
			b.item(recon.BridgeItem{Label: recon.LabelBefore, Count: c.earlierRows}, net, 1)
		}
		if c.outsideRows[side] > 0 {
			item := recon.BridgeItem{Label: recon.LabelOutside, Side: sideOf(side), Count: c.outsideRows[side]}
			b.item(item, c.outside[side], signs[side])
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
				item := recon.BridgeItem{
					Label: recon.LabelMayClear, Side: sideOf(side), Class: recon.ClassTiming,
					Reason: recon.ReasonInTransit.String(), Count: rows,
				}
				if status == int(recon.GroupConfirmed) {
					item.Label = recon.LabelCleared
				}
				b.item(item, c.cleared[status][side], signs[side])
			}
		}
	}
}

// differences are the items of what groups are apart. What is left of partial groups is open money.
func (b *bridgeBuilder) differences(d groupDifferences) (items []recon.BridgeItem) {
	for status := range d.groups {
		for reason, groups := range d.groups[status] {
			amount := d.differences[status][reason]
			if groups > 0 && amount != (recon.Total{}) && status != int(recon.GroupPartial) {
				why := recon.AdjustmentReason(reason).String()
				items = append(items,
					b.signed(recon.BridgeItem{Label: differenceLabels[status], Reason: why, Count: groups}, amount, -1))
			}
		}
	}
	for status, groups := range d.mixedGroups {
		if groups > 0 {
			item := recon.BridgeItem{Label: mixedLabels[status], Count: groups}
			items = append(items, b.signed(item, d.mixed[status], -1))
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
			item := recon.BridgeItem{
				Label: recon.LabelRest, Side: sideOf(side), Class: recon.ClassBreak,
				Reason: recon.ReasonPartialRest.String(), Count: c.restGroups[side],
			}
			b.item(item, c.rests[side], -1)
		}
	}
}
