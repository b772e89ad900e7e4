package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// readBalances reads the closing balances that the user took from the books and from the statement.
func (m *match) readBalances() error {
	var err error
	if m.left.balance, err = parseBalance("--left-balance", m.opt.leftBalance); err != nil {
		return err
	}
	m.right.balance, err = parseBalance("--right-balance", m.opt.rightBalance)
	return err
}

// parseBalance reads "EUR=84210.55,USD=10" into an amount by currency; a bare amount stands under "".
func parseBalance(flag, text string) (map[string]string, error) {
	if grouping.MatchString(text) {
		return nil, usageError("%s: write %q without commas between thousands; a comma parts currencies, as in EUR=84210.55,USD=10.00", flag, text)
	}
	if decimalComma.MatchString(text) {
		return nil, usageError("%s: write %q with a point before the decimals; a comma parts currencies, as in EUR=84210.55,USD=10.00", flag, text)
	}
	balances := map[string]string{}
	if text == "" {
		return balances, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		currency, amount, named := strings.Cut(strings.TrimSpace(part), "=")
		if !named {
			currency, amount = "", currency
		}
		if _, twice := balances[currency]; twice {
			return nil, usageError("%s: two balances for one currency; write EUR=84210.55,USD=10.00", flag)
		}
		if _, err := recon.ParseMoney(amount, orNoCurrency(currency)); err != nil {
			return nil, usageError("%s: %v; write 84210.55, or EUR=84210.55,USD=10.00", flag, err)
		}
		balances[currency] = amount
	}
	return balances, nil
}

// grouping is a number with commas between its thousands.
var grouping = regexp.MustCompile(`(^|[,=])-?[0-9]{1,3}(,[0-9]{3})+(\.|,|$)`)

// decimalComma is an amount with a comma before its decimals: what follows the comma names no currency.
var decimalComma = regexp.MustCompile(`^([A-Z]{3}=)?-?[0-9.]+,[0-9]{1,2}$`)

func orNoCurrency(code string) string {
	if code == "" {
		return recon.NoCurrency
	}
	return code
}

// startFromBalances lets the bridges start and end at the balances of the books: those of last period with the rows since,
// and those that the user gave.
func (m *match) startFromBalances() error {
	if err := m.addEarlier(); err != nil {
		return err
	}
	if err := m.balancesHaveRows(); err != nil {
		return err
	}
	only := len(m.result.Bridge) == 1
	for i, b := range m.result.Bridge {
		for _, s := range m.sides() {
			stated, err := s.balanceIn(b.Currency, only)
			if err != nil {
				return err
			}
			if b, err = m.between(b, s, stated); err != nil {
				return err
			}
		}
		m.result.Bridge[i] = b
	}
	return nil
}

// between lets a bridge start, or end, at a stated balance. Where last period's was stated too, the rows since then should
// lead from one to the other, and what they do not explain is in no file.
func (m *match) between(b engine.Bridge, s *matchSide, stated recon.NullMinor) (engine.Bridge, error) {
	if !stated.Set {
		return b, nil
	}
	ends, reached := [2]*recon.Minor{}, b.Left
	if s == m.right {
		reached = b.Right
	}
	ends[s.index()] = &stated.Amount
	if m.carry == nil || !slices.Contains(m.carry.balance(b.Currency).Stated, s.side) {
		return b.WithBalances(ends[0], ends[1])
	}
	if missing, err := stated.Amount.Add(-reached); err == nil && missing != 0 {
		m.note("%s: last period's balance and the rows since make %s %s, and the balance given is %s: %s is in no file", s.name(),
			recon.Money{Amount: reached, Currency: b.Currency}, b.Currency, recon.Money{Amount: stated.Amount, Currency: b.Currency},
			recon.Money{Amount: missing, Currency: b.Currency})
	}
	return b.WithClosing(ends[0], ends[1])
}

// addEarlier adds what earlier periods settled, also in currencies that have no row any more.
func (m *match) addEarlier() error {
	if m.carry == nil {
		return nil
	}
	sums := m.carry.sums()
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		earlier, err := m.carry.earlier(currency, sums[currency])
		if err != nil {
			return err
		}
		at := slices.IndexFunc(m.result.Bridge, func(b engine.Bridge) bool { return b.Currency == currency })
		if at < 0 {
			at = len(m.result.Bridge)
			m.result.Bridge = append(m.result.Bridge, engine.Bridge{Currency: currency})
		}
		if m.result.Bridge[at], err = m.result.Bridge[at].WithEarlier(earlier); err != nil {
			return err
		}
	}
	slices.SortFunc(m.result.Bridge, func(a, b engine.Bridge) int { return strings.Compare(a.Currency, b.Currency) })
	return nil
}

// unexplained counts the currencies whose stated balances do not follow from last period's and the rows since.
func (m *match) unexplained() int64 {
	n := int64(0)
	for i := range m.result.Bridge {
		if slices.ContainsFunc(m.result.Bridge[i].Items, func(item engine.BridgeItem) bool { return item.Label == engine.LabelUnexplained }) {
			n++
		}
	}
	return n
}

// closingBalances are those that next period starts from. Rows that belong to another period are left to it; those of a
// later one that are in a group already are in, since they will not be taken again.
func (m *match) closingBalances() ([]openBalance, error) {
	balances := make([]openBalance, 0, len(m.result.Bridge))
	only := len(m.result.Bridge) == 1
	for _, b := range m.result.Bridge {
		out := openBalance{Currency: b.Currency, Items: []openItem{}}
		carried, closing := [2]recon.Minor{}, [2]recon.Minor{b.Left, b.Right}
		for _, s := range m.sides() {
			stated, err := s.balanceIn(b.Currency, only)
			if err != nil {
				return nil, err
			}
			of, err := s.standing(m.result, b.Currency, m.options.To)
			if err != nil {
				return nil, err
			}
			change := -of.outside
			if stated.Set {
				change = of.ahead
			}
			carried[s.index()] = of.carried
			if closing[s.index()], err = closing[s.index()].Add(change); err != nil {
				return nil, s.tooMuch(b.Currency)
			}
			// A balance that follows from a stated one is as good. One with rows of a later period in it is that of no day.
			known := stated.Set || m.carry != nil && slices.Contains(m.carry.balance(b.Currency).Stated, s.side)
			if known && of.ahead == 0 {
				out.Stated = append(out.Stated, s.side)
			}
		}
		if err := out.settle(b.Items, carried, closing); err != nil {
			return nil, err
		}
		balances = append(balances, out)
	}
	return balances, nil
}

// standing is the money of a side in one currency, by where next period finds it.
type standing struct {
	carried recon.Minor // in rows that are carried
	outside recon.Minor // in rows that are left to another period
	ahead   recon.Minor // in rows of a later period that stand in a group already
}

func (s *matchSide) standing(result *engine.Result, currency string, to recon.Day) (of standing, err error) {
	var carried, outside, ahead recon.Total
	open := result.Open[s.index()]
	for row := range uint32(s.table.Len()) {
		isOpen := len(open) > 0 && open[0].Row == row
		if isOpen {
			open = open[1:]
		}
		if s.table.Currency(row) != currency {
			continue
		}
		amount, state := s.table.Amount(row), result.State(s.side, row)
		switch {
		case state == recon.StateOpen && !isOpen:
			outside.Add(amount)
			continue
		case state != recon.StateConfirmed:
			carried.Add(amount)
		}
		if to.Set() && s.table.Date(row) > to && state != recon.StateOpen {
			ahead.Add(amount)
		}
	}
	for _, sum := range []struct {
		of *recon.Total
		to *recon.Minor
	}{{&carried, &of.carried}, {&outside, &of.outside}, {&ahead, &of.ahead}} {
		if *sum.to, err = sum.of.Minor(); err != nil {
			return of, s.tooMuch(currency)
		}
	}
	return of, nil
}

func (s *matchSide) tooMuch(currency string) error {
	return fmt.Errorf("%s: what next period would start from in %s is past 64 bits of minor units: correct the largest amounts, or leave such rows out", s.name(), currency)
}

// settle keeps the items that outlast the period, summed by what they are; what remains was brought in from before.
func (o *openBalance) settle(items []engine.BridgeItem, carried, closing [2]recon.Minor) error {
	money := func(amount recon.Minor) string { return recon.Money{Amount: amount, Currency: o.Currency}.String() }
	o.Left, o.Right = money(closing[0]), money(closing[1])
	var rest recon.Total
	for _, part := range [...]recon.Minor{closing[1], -closing[0], -carried[1], carried[0]} {
		rest.Add(part)
	}
	var kept []engine.BridgeItem
	for _, item := range items {
		switch item.Label {
		case engine.LabelDifference:
			item.Label = engine.LabelEarlier
		case engine.LabelMixed:
			item.Label = engine.LabelEarlierMix
		case engine.LabelEarlier, engine.LabelEarlierMix, engine.LabelUnexplained:
		default:
			continue
		}
		rest.Add(-item.Amount)
		at := slices.IndexFunc(kept, func(k engine.BridgeItem) bool { return k.Label == item.Label && k.Reason == item.Reason })
		if at < 0 {
			kept = append(kept, item)
			continue
		}
		var err error
		if kept[at].Amount, err = kept[at].Amount.Add(item.Amount); err != nil {
			return fmt.Errorf("%s in %s: %w", item.Label, o.Currency, err)
		}
		kept[at].Count += item.Count
	}
	opening, err := rest.Minor()
	if err != nil {
		return fmt.Errorf("%s in %s: %w", engine.LabelOpening, o.Currency, err)
	}
	if opening != 0 {
		kept = append(kept, engine.BridgeItem{Label: engine.LabelOpening, Amount: opening})
	}
	for _, item := range kept {
		o.Items = append(o.Items, openItem{item.Label, item.Reason, money(item.Amount), item.Count})
	}
	return nil
}

// balancesHaveRows refuses a balance in a currency of which neither side has a row: it would stand nowhere.
func (m *match) balancesHaveRows() error {
	for _, s := range m.sides() {
		for _, currency := range slices.Sorted(maps.Keys(s.balance)) {
			if currency != "" && !slices.ContainsFunc(m.result.Bridge, func(b engine.Bridge) bool { return b.Currency == currency }) {
				return usageError("the %s balance is in %s, and no row of either side is", strings.ToLower(string(s.side)), currency)
			}
		}
	}
	return nil
}

// balanceIn is the stated balance in a currency, unset where there is none.
func (s *matchSide) balanceIn(currency string, only bool) (recon.NullMinor, error) {
	text, given := s.balance[currency]
	if bare, ok := s.balance[""]; ok {
		if !only {
			return recon.NullMinor{}, usageError("there are several currencies: write the balances as EUR=84210.55,USD=10.00")
		}
		text, given = bare, true
	}
	if !given {
		return recon.NullMinor{}, nil
	}
	money, err := recon.ParseMoney(text, currency)
	if err != nil {
		return recon.NullMinor{}, usageError("the balance %w", err)
	}
	return recon.NullMinor{Amount: money.Amount, Set: true}, nil
}
