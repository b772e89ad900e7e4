package period

import (
	"fmt"
	"slices"

	"matcher/internal/recon"
)

// balances returns the closing balances that the next period starts from. Rows that belong to another period are left
// to it, those before this one too. Rows dated after the cut-off are in no balance of the period, but in the one that
// the next starts from where it will not take them again: they are carried, or in a group already.
func (c *Closing) balances() ([]balance, error) {
	balances := make([]balance, 0, len(c.Result.Bridge))
	for _, b := range c.Result.Bridge {
		out := balance{Currency: b.Currency, Items: []item{}}
		carried, closing := [2]recon.Minor{}, [2]recon.Minor{b.Left, b.Right}
		for i := range c.Sides {
			s := &c.Sides[i]
			sums, err := c.standing(i, b.Currency)
			if err != nil {
				return nil, err
			}
			_, stated := c.Stated[i][b.Currency]
			change := sums.ahead
			if !stated {
				change -= sums.before
			}
			carried[i] = sums.carried
			if closing[i], err = closing[i].Add(change); err != nil {
				return nil, s.tooMuch(b.Currency)
			}
			// A balance that follows from a stated one is as good. One with rows of a later period in it is that of
			// no day.
			if (stated || c.Carry.stated(b.Currency, s.Side)) && sums.ahead == 0 {
				out.Stated = append(out.Stated, s.Side)
			}
		}
		if err := out.settle(slices.Concat(b.Items, b.Later), carried, closing); err != nil {
			return nil, err
		}
		balances = append(balances, out)
	}
	return balances, nil
}

// standing is the money of a side in one currency, by where the next period finds it.
type standing struct {
	carried recon.Minor // in rows that are carried
	before  recon.Minor // in rows before the period, which are left to that of their own
	ahead   recon.Minor // in rows after the cut-off that are carried or in a group already
}

func (c *Closing) standing(side int, currency string) (s standing, err error) {
	var carried, before, ahead recon.Total
	open, table, to := c.Result.Open[side], c.Sides[side].Table, c.Plan.Options.To
	for row := range uint32(table.Len()) {
		isOpen := len(open) > 0 && open[0].Row == row
		if isOpen {
			open = open[1:]
		}
		if table.Currency(row) != currency || table.Settled(row) {
			continue
		}
		amount, state := table.Amount(row), c.Result.State(c.Sides[side].Side, row)
		after := to.Set() && table.Date(row) > to
		if state == recon.StateOpen && !isOpen {
			if !after {
				before.Add(amount)
			}
			continue
		}
		if state != recon.StateConfirmed {
			carried.Add(amount)
		}
		if after {
			ahead.Add(amount)
		}
	}
	for _, sum := range []struct {
		total *recon.Total
		to    *recon.Minor
	}{{&carried, &s.carried}, {&before, &s.before}, {&ahead, &s.ahead}} {
		if *sum.to, err = sum.total.Minor(); err != nil {
			return s, c.Sides[side].tooMuch(currency)
		}
	}
	return s, nil
}

func (s *Side) tooMuch(currency string) error {
	return fmt.Errorf("%s: what next period would start from in %s is past 64 bits of minor units: "+
		"correct the largest amounts, or leave such rows out", s.Name, currency)
}

// settle keeps the items that outlast the period, summed by label and reason. What remains was brought in from before.
func (b *balance) settle(items []recon.BridgeItem, carried, closing [2]recon.Minor) error {
	decimal := func(amount recon.Minor) string { return recon.Money{Amount: amount, Currency: b.Currency}.String() }
	b.Left, b.Right = decimal(closing[0]), decimal(closing[1])
	var rest recon.Total
	for _, part := range [...]recon.Minor{closing[1], -closing[0], -carried[1], carried[0]} {
		rest.Add(part)
	}
	var kept []recon.BridgeItem
	for _, item := range items {
		switch item.Label {
		case recon.LabelDifference:
			item.Label = recon.LabelEarlier
		case recon.LabelMixed:
			item.Label = recon.LabelEarlierMix
		case recon.LabelEarlier, recon.LabelEarlierMix, recon.LabelUnexplained:
		default:
			continue
		}
		rest.Add(-item.Amount)
		at := slices.IndexFunc(kept, func(k recon.BridgeItem) bool {
			return k.Label == item.Label && k.Reason == item.Reason
		})
		if at < 0 {
			kept = append(kept, item)
			continue
		}
		var err error
		if kept[at].Amount, err = kept[at].Amount.Add(item.Amount); err != nil {
			return fmt.Errorf("%s in %s: %w", item.Label, b.Currency, err)
		}
		kept[at].Count += item.Count
	}
	opening, err := rest.Minor()
	if err != nil {
		return fmt.Errorf("%s in %s: %w", recon.LabelOpening, b.Currency, err)
	}
	if opening != 0 {
		kept = append(kept, recon.BridgeItem{Label: recon.LabelOpening, Amount: opening})
	}
	for _, k := range kept {
		b.Items = append(b.Items, item{k.Label, k.Reason, decimal(k.Amount), k.Count})
	}
	return nil
}
