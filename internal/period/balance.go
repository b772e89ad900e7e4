package period

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// Balances are the closing balances of a side as a user wrote them, by currency; "" is the only currency of the period.
type Balances map[string]string

const balanceHint = "a comma parts currencies, as in EUR=84210.55,USD=10.00"

// ParseBalances reads "EUR=84210.55,USD=10" or a bare amount.
func ParseBalances(text string) (Balances, error) {
	switch {
	case groupedDigits.MatchString(text):
		return nil, fmt.Errorf("write %q without commas between thousands; %s", text, balanceHint)
	case decimalComma.MatchString(text):
		return nil, fmt.Errorf("write %q with a point before the decimals; %s", text, balanceHint)
	}
	balances := Balances{}
	if text == "" {
		return balances, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		currency, amount, named := strings.Cut(strings.TrimSpace(part), "=")
		if !named {
			currency, amount = "", currency
		}
		if _, twice := balances[currency]; twice {
			return nil, errors.New("two balances for one currency; write EUR=84210.55,USD=10.00")
		}
		if _, err := recon.ParseMoney(amount, cmp.Or(currency, recon.NoCurrency)); err != nil {
			return nil, fmt.Errorf("%w; write 84210.55, or EUR=84210.55,USD=10.00", err)
		}
		balances[currency] = amount
	}
	return balances, nil
}

var (
	// groupedDigits is a number with commas between its thousands.
	groupedDigits = regexp.MustCompile(`(^|[,=])-?[0-9]{1,3}(,[0-9]{3})+(\.|,|$)`)
	// decimalComma is an amount with a comma before its decimals: what follows the comma names no currency.
	decimalComma = regexp.MustCompile(`^([A-Z]{3}=)?-?[0-9.]+,[0-9]{1,2}$`)
)

// In returns the amounts by currency. It refuses a balance in a currency that has no bridge, and a bare amount where
// there are several bridges.
func (b Balances) In(side recon.Side, bridges []recon.Bridge) (map[string]recon.Minor, error) {
	amounts := map[string]recon.Minor{}
	for _, currency := range slices.Sorted(maps.Keys(b)) {
		text := b[currency]
		switch {
		case currency != "":
			if !slices.ContainsFunc(bridges, func(b recon.Bridge) bool { return b.Currency == currency }) {
				return nil, fmt.Errorf("the %s balance is in %s, and no row of either side is",
					strings.ToLower(string(side)),
					currency)
			}
		case len(bridges) == 0:
			continue
		case len(bridges) > 1:
			return nil, errors.New("there are several currencies: write the balances as EUR=84210.55,USD=10.00")
		default:
			currency = bridges[0].Currency
		}
		money, err := recon.ParseMoney(text, currency)
		if err != nil {
			return nil, fmt.Errorf("the balance %w", err)
		}
		if _, named := amounts[currency]; !named { // a bare amount comes first and beats one that names its currency
			amounts[currency] = money.Amount
		}
	}
	return amounts, nil
}

// balance returns the closing balance of the last period in a currency; zero where it had none.
func (c *Carry) balance(currency string) balance {
	for _, b := range c.head.Balances {
		if b.Currency == currency {
			return b
		}
	}
	return balance{Currency: currency, Left: "0", Right: "0"}
}

// stated reports whether a closing balance of the last period was given by the user.
func (c *Carry) stated(currency string, side recon.Side) bool {
	return slices.Contains(c.balance(currency).Stated, side)
}

// sums adds the carried rows up, by currency; every currency with a balance has some.
func (c *Carry) sums() map[string][2]recon.Minor {
	sums := map[string][2]recon.Minor{}
	for _, b := range c.head.Balances {
		sums[b.Currency] = [2]recon.Minor{}
	}
	for side := range c.Rows {
		for i := range c.Rows[side] {
			tx := &c.Rows[side][i].Tx
			sum := sums[tx.Currency]
			added, err := sum[side].Add(tx.Amount)
			if err != nil {
				added = math.MaxInt64 // no balance fits it
			}
			sum[side] = added
			sums[tx.Currency] = sum
		}
	}
	return sums
}

// earlier returns what earlier periods settled in a currency: the closing balances without the rows that are carried.
func (c *Carry) earlier(currency string, carried [2]recon.Minor) (recon.Earlier, error) {
	b := c.balance(currency)
	var e recon.Earlier
	var err error
	for _, end := range []struct {
		text    string
		carried recon.Minor
		to      *recon.Minor
	}{{b.Left, carried[0], &e.Left}, {b.Right, carried[1], &e.Right}} {
		closing, parsed := recon.ParseMoney(end.text, currency)
		if parsed != nil {
			return e, parsed
		}
		if *end.to, err = closing.Amount.Add(-end.carried); err != nil {
			return e, err
		}
	}
	for _, item := range b.Items {
		money, err := recon.ParseMoney(item.Amount, currency)
		if err != nil {
			return e, err
		}
		e.Items = append(e.Items, recon.BridgeItem{
			Label: item.Label, Reason: item.Reason, Amount: money.Amount,
			Count: item.Count,
		})
	}
	return e, nil
}

// WithEarlier returns the bridges of a period with what earlier periods settled, also in currencies that have no row
// now.
func (c *Carry) WithEarlier(bridges []recon.Bridge) ([]recon.Bridge, error) {
	sums := c.sums()
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		earlier, err := c.earlier(currency, sums[currency])
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(bridges, func(b recon.Bridge) bool { return b.Currency == currency })
		if at < 0 {
			at = len(bridges)
			bridges = append(bridges, recon.Bridge{Currency: currency})
		}
		if bridges[at], err = bridges[at].WithEarlier(earlier); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(bridges, func(a, b recon.Bridge) int { return strings.Compare(a.Currency, b.Currency) })
	return bridges, nil
}

// Start lets bridges start and end at stated balances, and returns what a person should know of them. Where the last
// period's balance was stated too, the rows since then should lead from one to the other: what they do not explain is
// in no file.
func (c *Carry) Start(
	bridges []recon.Bridge, stated [2]map[string]recon.Minor, names [2]string,
) (notes []string, err error) {
	for i, b := range bridges {
		for side, of := range []recon.Side{recon.Left, recon.Right} {
			amount, given := stated[side][b.Currency]
			if !given {
				continue
			}
			ends, reached := [2]*recon.Minor{}, [2]recon.Minor{b.Left, b.Right}[side]
			ends[side] = &amount
			if !c.stated(b.Currency, of) {
				b, err = b.WithBalances(ends[0], ends[1])
			} else {
				if missing, err := amount.Add(-reached); err == nil && missing != 0 {
					in := func(m recon.Minor) string { return recon.Money{Amount: m, Currency: b.Currency}.String() }
					notes = append(notes, fmt.Sprintf(
						"%s: last period's balance and the rows since make %s %s, and the balance given is %s: %s is in no file",
						names[side], in(reached), b.Currency, in(amount), in(missing)))
				}
				b, err = b.WithClosing(ends[0], ends[1])
			}
			if err != nil {
				return nil, err
			}
		}
		bridges[i] = b
	}
	return notes, nil
}

// Unexplained counts the currencies whose stated balances do not follow from the last period's and the rows since.
func Unexplained(bridges []recon.Bridge) int64 {
	n := int64(0)
	for i := range bridges {
		if slices.ContainsFunc(bridges[i].Items, func(item recon.BridgeItem) bool {
			return item.Label == recon.LabelUnexplained
		}) {
			n++
		}
	}
	return n
}
