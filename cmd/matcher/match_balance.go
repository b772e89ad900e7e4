package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"matcher/internal/matching/engine"
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

func orNoCurrency(code string) string {
	if code == "" {
		return recon.NoCurrency
	}
	return code
}

// startFromBalances lets the bridges start and end at the balances that the user gave.
func (m *match) startFromBalances() error {
	if err := m.balancesHaveRows(); err != nil {
		return err
	}
	only := len(m.result.Bridge) == 1
	for i, b := range m.result.Bridge {
		left, err := m.left.balanceIn(b.Currency, only)
		if err != nil {
			return err
		}
		right, err := m.right.balanceIn(b.Currency, only)
		if err != nil {
			return err
		}
		if m.result.Bridge[i], err = b.WithBalances(orNil(left), orNil(right)); err != nil {
			return err
		}
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

// orNil is the amount as the engine takes it: nil is none.
func orNil(balance recon.NullMinor) *recon.Minor {
	if !balance.Set {
		return nil
	}
	return &balance.Amount
}
