package engine

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// ledger holds the sums of a run by currency. Rows and groups are summed apart from each other, so that comparing them
// proves something.
type ledger struct {
	currencies []*currencyLedger
	converted  []DifferenceSum // what is left to be booked of mixed groups, in the currency of the comparison
	err        error           // the first of those sums that did not fit
}

type currencyLedger struct {
	code        uint32
	in          [2]recon.Total // every row
	open        [2]recon.Total // rows that stayed open, outside ones included
	outside     [2]recon.Total
	outsideRows [2]int64
	earlier     [2]recon.Total // of those that matched each other before the period, which are not among outside
	earlierRows int64
	grouped     [2]recon.Total // rows of groups
	groupDifferences
	rests      [2]recon.Total // Σ left − Σ right of partial groups, by the side that has more
	restGroups [2]int64
	reasons    [2][classes][reasons]recon.Total
	rows       [2][classes][reasons]int64

	booked      [adjustments]recon.Total // by left rows, of what earlier runs left
	bookedRows  [adjustments]int64
	bookedMixed recon.Total // of groups of several currencies

	// Where the period has a cut-off: what is in no balance of it.
	after       [2]recon.Total // rows dated after the cut-off
	cleared     [statuses][2]recon.Total
	clearedRows [statuses][2]int64 // earlier rows of groups that reach beyond the cut-off
	later       groupDifferences   // of groups that reach beyond it
}

// groupDifferences are what the groups of a currency are apart.
type groupDifferences struct {
	differences [statuses][adjustments]recon.Total
	groups      [statuses][adjustments]int64
	mixed       [statuses]recon.Total // Σ left − Σ right that mixed groups take out of this currency
	mixedGroups [statuses]int64
}

// How many values the counted enums have, "none" included, as far as a run gives them.
const (
	statuses    = recon.GroupPartial + 1
	adjustments = recon.AdjustmentTransfer + 1
	classes     = recon.ClassData + 1
	reasons     = recon.ReasonBookedTwice + 1
)

// of finds a currency's sums. Files hold few currencies, most often one.
func (l *ledger) of(code uint32) *currencyLedger {
	for _, c := range l.currencies {
		if c.code == code {
			return c
		}
	}
	c := &currencyLedger{code: code}
	l.currencies = append(l.currencies, c)
	return c
}

// ledger sums the money of both sides by where it went.
func (r *runner) ledger(res *Result) *ledger {
	l := &ledger{}
	for side, t := range r.tables {
		for row, code := range t.currency {
			if t.Settled(uint32(row)) {
				continue
			}
			c, amount := l.of(code), t.amounts[0][row]
			c.in[side].Add(recon.Minor(amount))
			after := r.isAfter(t, uint32(row))
			if after {
				c.after[side].Add(recon.Minor(amount))
			}
			state := r.sides[side].state[row]
			if state != stateOpen && state != stateElsewhere && state != stateEarlier {
				continue
			}
			c.open[side].Add(recon.Minor(amount))
			switch {
			case state == stateEarlier:
				c.earlier[side].Add(recon.Minor(amount))
				c.earlierRows++
			case r.sides[side].isOutside(row) && !after:
				c.outside[side].Add(recon.Minor(amount))
				c.outsideRows[side]++
			}
		}
		for i := range res.Open[side] {
			o := &res.Open[side][i]
			if r.isAfter(t, o.Row) {
				continue
			}
			c := l.of(t.currency[o.Row])
			c.reasons[side][o.class][o.reason].Add(recon.Minor(t.amounts[0][o.Row]))
			c.rows[side][o.class][o.reason]++
		}
	}
	for i := range res.Groups {
		g := &res.Groups[i]
		r.enterGroup(l, g, [2][]uint32{res.LeftRows(g), res.RightRows(g)})
	}
	r.enterBookings(l, res)
	slices.SortFunc(l.currencies, func(a, b *currencyLedger) int { return cmp.Compare(a.code, b.code) })
	return l
}

// enterGroup sums the money of a group, its difference and, of a partial one, what is left of it.
func (r *runner) enterGroup(l *ledger, g *Group, rows [2][]uint32) {
	reaches := r.enterCleared(l, g, rows)
	if g.has(traitMixed) {
		r.enterMixed(l, g, rows, reaches)
	} else {
		c := l.of(r.currencyOf(rows[0], rows[1]))
		for _, d := range c.entered(reaches) {
			d.differences[g.status][g.adjustment].Add(g.Difference)
			d.groups[g.status][g.adjustment]++
		}
		if g.status == recon.GroupPartial && !reaches {
			side := r.largerSide(rows[0], rows[1])
			c.rests[side].Add(g.Difference)
			c.restGroups[side]++
		}
	}
	for side := range rows {
		for _, row := range rows[side] {
			l.of(r.tables[side].currency[row]).grouped[side].Add(recon.Minor(r.tables[side].amounts[0][row]))
		}
	}
}

// isAfter reports whether a row is dated after the cut-off.
func (r *runner) isAfter(t *Table, row uint32) bool {
	to := r.plan.Options.To
	return to.Set() && recon.Day(t.date[row]) > to
}

// entered are the differences that a group is entered in: of all groups, and of those that reach beyond the cut-off.
func (c *currencyLedger) entered(reaches bool) []*groupDifferences {
	if reaches {
		return []*groupDifferences{&c.groupDifferences, &c.later}
	}
	return []*groupDifferences{&c.groupDifferences}
}

// enterCleared enters the earlier rows of a group that reaches beyond the cut-off, and reports whether it does. At the
// cut-off they were open.
func (r *runner) enterCleared(l *ledger, g *Group, rows [2][]uint32) (reaches bool) {
	for side, t := range r.tables {
		reaches = reaches || slices.ContainsFunc(rows[side], func(row uint32) bool { return r.isAfter(t, row) })
	}
	for side, t := range r.tables {
		for _, row := range rows[side] {
			if reaches && !r.isAfter(t, row) {
				c := l.of(t.currency[row])
				c.cleared[g.status][side].Add(recon.Minor(t.amounts[0][row]))
				c.clearedRows[g.status][side]++
			}
		}
	}
	return reaches
}

// largerSide is the side whose rows add up to more, whatever their sign; the left where both do to the same.
func (r *runner) largerSide(left, right []uint32) int {
	var sums [2]recon.Total
	for side, rows := range [2][]uint32{left, right} {
		for _, row := range rows {
			sums[side].Add(recon.Minor(r.tables[side].amounts[0][row]))
		}
	}
	l, leftErr := sums[LeftIndex].Minor()
	m, rightErr := sums[RightIndex].Minor()
	if leftErr == nil && rightErr == nil && m.Abs() > l.Abs() {
		return RightIndex
	}
	return LeftIndex
}

// enterMixed enters a group once in each currency of its rows, by what it takes out of that currency's two sides.
// What the conversion leaves is summed apart from the balances: it is booked, but it is no row's money.
func (r *runner) enterMixed(l *ledger, g *Group, members [2][]uint32, reaches bool) {
	var seen []*currencyLedger
	for side, rows := range members {
		for _, row := range rows {
			c := l.of(r.tables[side].currency[row])
			amount := recon.Total{}
			amount.Add(recon.Minor(r.tables[side].amounts[0][row]))
			for _, d := range c.entered(reaches) {
				if side == LeftIndex {
					d.mixed[g.status].Plus(amount)
				} else {
					d.mixed[g.status].Subtract(amount)
				}
				if !slices.Contains(seen, c) {
					d.mixedGroups[g.status]++
				}
			}
			if !slices.Contains(seen, c) {
				seen = append(seen, c)
			}
		}
	}
	if g.Difference != 0 {
		l.addConverted(DifferenceSum{g.Currency(), g.Status(), g.Adjustment(), g.Difference, 1})
	}
}

func (l *ledger) addConverted(d DifferenceSum) {
	for i := range l.converted {
		if c := &l.converted[i]; c.Currency == d.Currency && c.Status == d.Status && c.Reason == d.Reason {
			sum := recon.Total{}
			sum.Add(c.Amount)
			sum.Add(d.Amount)
			c.Groups += d.Groups
			var err error
			if c.Amount, err = sum.Fit("the differences of groups of several currencies", d.Currency); err != nil &&
				l.err == nil {
				l.err = err
			}
			return
		}
	}
	l.converted = append(l.converted, d)
}

// check proves the invariants of a run: every row in exactly one state, money conserved on each side and between them,
// and every confirmed group within its rule.
func (r *runner) check(res *Result, l *ledger) error {
	if err := r.checkStates(res); err != nil {
		return err
	}
	for _, c := range l.currencies {
		if err := c.check(); err != nil {
			return err
		}
	}
	return r.checkGroups(res)
}

func (r *runner) checkStates(res *Result) error {
	grouped := [2][]bool{make([]bool, r.tables[0].Len()), make([]bool, r.tables[1].Len())}
	for i := range res.Groups {
		g := &res.Groups[i]
		for side, rows := range [2][]uint32{res.LeftRows(g), res.RightRows(g)} {
			for _, row := range rows {
				if grouped[side][row] {
					return &ViolationError{"a row is in at most one group", fmt.Sprintf("%s row %d", sideOf(side), row)}
				}
				grouped[side][row] = true
			}
		}
	}
	for i := range res.Bookings {
		if row := res.Bookings[i].Row; grouped[LeftIndex][row] {
			return &ViolationError{"a row books once and is in no group", fmt.Sprintf("left row %d", row)}
		}
		grouped[LeftIndex][res.Bookings[i].Row] = true
	}
	for side := range grouped {
		for row, in := range grouped[side] {
			if state := r.sides[side].state[row]; in != (state != stateOpen && state != stateSettled) {
				return &ViolationError{
					"a row's state follows from its group",
					fmt.Sprintf("%s row %d", sideOf(side), row),
				}
			}
		}
		c := res.Counts[side]
		states := c.Rejected + c.SetAside + c.Duplicates + c.Outside + c.Matched + c.Proposed + c.Partial +
			c.Unmatched + c.Ignored
		if c.Rows != states || c.Unmatched != int64(len(res.Open[side])) {
			return &ViolationError{
				"rows = the sum of their states",
				fmt.Sprintf("%s: %d rows, %d in states, %d listed open", sideOf(side), c.Rows, states,
					len(res.Open[side])),
			}
		}
	}
	return nil
}

func (c *currencyLedger) check() error {
	for side := range c.in {
		rest := c.in[side]
		rest.Subtract(c.open[side])
		rest.Subtract(c.grouped[side])
		if rest != (recon.Total{}) {
			return &ViolationError{"Σ in = Σ of the states", fmt.Sprintf("%s %s", sideOf(side), currencyName(c.code))}
		}
	}
	between := c.in[0]
	between.Subtract(c.in[1])
	between.Subtract(c.open[0])
	between.Plus(c.open[1])
	for status := range c.differences {
		for _, d := range c.differences[status] {
			between.Subtract(d)
		}
		between.Subtract(c.mixed[status])
	}
	for _, booked := range c.booked {
		between.Subtract(booked)
	}
	between.Subtract(c.bookedMixed)
	if between != (recon.Total{}) {
		return &ViolationError{"Σ left − Σ right = Σ differences + Σ open left − Σ open right", currencyName(c.code)}
	}
	return nil
}

// checkGroups judges every confirmed group again, alone.
func (r *runner) checkGroups(res *Result) error {
	rules, byRule := make([]*evaluator, len(r.plan.rules)), make([][]*Group, len(r.plan.rules))
	for i := range rules {
		rules[i] = r.evaluator(&r.plan.rules[i])
	}
	parts := solver.Ranges(len(res.Groups), 1<<14)
	broken := make([]*Group, len(parts))
	solver.InParallel(len(parts), func(p int) {
		for i := parts[p][0]; i < parts[p][1]; i++ {
			g := &res.Groups[i]
			if g.status != recon.GroupConfirmed {
				continue
			}
			x, left, right := rules[g.Rule], res.LeftRows(g), res.RightRows(g)
			if g.several(x.rulePlan) {
				continue
			}
			broken[p] = g
			if len(left) == 1 && len(right) == 1 {
				if v, ok := x.judge(left[0], right[0]); ok && x.gate(left[0], right[0], v) == recon.HeldByNothing {
					broken[p] = nil
				}
			}
		}
	})
	for i := range res.Groups {
		if g := &res.Groups[i]; g.status == recon.GroupConfirmed && g.several(rules[g.Rule].rulePlan) {
			byRule[g.Rule] = append(byRule[g.Rule], g)
		}
	}
	var several []*Group
	for rule, groups := range byRule {
		several = append(several, rules[rule].firstBroken(res, groups))
	}
	for _, g := range slices.Concat(broken, several) {
		if g != nil {
			return &ViolationError{
				"a confirmed group holds its rule",
				fmt.Sprintf("a group of %d and %d rows under %q", g.LeftCount, g.RightCount, r.plan.Rules[g.Rule].Name),
			}
		}
	}
	return nil
}

// Labels of bridge items by the status of the groups.
var (
	differenceLabels = [statuses]string{
		recon.GroupConfirmed: recon.LabelDifference, recon.GroupProposed: recon.LabelProposed,
	}
	mixedLabels = [statuses]string{
		recon.GroupConfirmed: recon.LabelMixed, recon.GroupProposed: recon.LabelMixedOpen,
	}
)

// publish puts the sums, the differences and the bridge of each currency into the result.
func (l *ledger) publish(res *Result) error {
	for _, c := range l.currencies {
		b := &bridgeBuilder{bridge: recon.Bridge{Currency: currencyName(c.code)}}
		for side, what := range [2]string{"the amounts of the left side", "the amounts of the right side"} {
			res.Sums[side] = append(res.Sums[side], Sum{b.bridge.Currency, b.minor(what, c.in[side])})
			balance := c.in[side]
			balance.Subtract(c.after[side])
			*[2]*recon.Minor{&b.bridge.Left, &b.bridge.Right}[side] = b.minor(what, balance)
		}
		b.openItems(c)
		b.clearedItems(c)
		b.rests(c)
		for status := range c.groups {
			for reason, groups := range c.groups[status] {
				if amount := c.differences[status][reason]; groups > 0 && amount != (recon.Total{}) {
					res.Differences = append(res.Differences, DifferenceSum{
						b.bridge.Currency, recon.GroupStatus(status), recon.AdjustmentReason(reason),
						b.minor("the differences of groups", amount), groups,
					})
				}
			}
		}
		b.bridge.Later = b.differences(c.later)
		b.bridge.Items = append(b.bridge.Items, b.differences(c.without(&c.later))...)
		b.bookedItems(c)
		if b.err != nil {
			return b.err
		}
		if err := b.bridge.Check(); err != nil { // it ties to the minor unit
			return &ViolationError{"the bridge ties", err.Error()}
		}
		res.Bridge = append(res.Bridge, b.bridge)
	}
	slices.SortFunc(l.converted, func(a, b DifferenceSum) int {
		return cmp.Or(
			cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Status.String(), b.Status.String()),
			cmp.Compare(a.Reason.String(), b.Reason.String()),
		)
	})
	res.Differences = append(res.Differences, l.converted...)
	return l.err
}

// checkTotals refuses a side whose amounts add up to more than a balance can hold, before anything is matched: no
// bridge could be printed, and such a sum is most often a number that is no amount.
func checkTotals(tables [2]*Table) error {
	for side, t := range tables {
		sums := &ledger{}
		for row, code := range t.currency {
			if !t.Settled(uint32(row)) {
				sums.of(code).in[side].Add(recon.Minor(t.amounts[0][row]))
			}
		}
		for _, c := range sums.currencies {
			if _, err := c.in[side].Minor(); err != nil {
				return t.tooMuch(c.code, c.in[side])
			}
		}
	}
	return nil
}

// tooMuch names the side, the currency and the row that does most of it.
func (t *Table) tooMuch(code uint32, sum recon.Total) error {
	largest := NoRow
	for row := range uint32(t.Len()) {
		counts := t.currency[row] == code && t.amounts[0][row] < 0 == sum.Negative()
		if counts && (largest == NoRow || magnitude(t.amounts[0][row]) > magnitude(t.amounts[0][largest])) {
			largest = row
		}
	}
	name := fmt.Sprintf("a row of %s", t.Date(largest))
	if id := t.ExternalID(largest); id != "" {
		name = fmt.Sprintf("%q", id)
	}
	currency, side := currencyName(code), [2]string{"left", "right"}[t.side]
	return recon.Unprocessable(recon.CodeSumTooBig, fmt.Sprintf(
		"the amounts in %s of the %s side add up to %s, and a balance holds %s at most; the largest is %s, in %s "+
			"of source %q: if that is no amount, correct it or read another column; else leave such rows out",
		currency, side, sum.Decimal(currency), decimal(math.MaxInt64, currency), decimal(t.Amount(largest), currency),
		name, t.Source(largest)))
}

func decimal(amount recon.Minor, currency string) string {
	return recon.Money{Amount: amount, Currency: currency}.String()
}
