package recon

import "fmt"

// Statement is the bridge of a context on a day, per currency: left balance + items = right balance, to the minor unit.
type Statement struct {
	ContextID  string              `json:"contextId"`
	AsOf       Day                 `json:"asOf"`
	Currencies []StatementCurrency `json:"currencies"`
}

// StatementCurrency is the bridge in one currency.
type StatementCurrency struct {
	Currency string          `json:"currency"`
	Left     string          `json:"left"`
	Items    []StatementItem `json:"items"`
	Right    string          `json:"right"`

	// Stated are the statements whose closing balances are in left and right; a side without any is the sum of its
	// rows.
	Stated []StatedBalance `json:"stated,omitempty"`
}

// StatedBalance is the closing balance of the last statement of an account on or before the day of a bridge.
type StatedBalance struct {
	Side     Side   `json:"side"`
	SourceID string `json:"sourceId"`
	ImportID string `json:"importId"`
	Account  string `json:"account,omitempty"`
	Number   string `json:"number,omitempty"`
	To       Day    `json:"to"`
	Closing  string `json:"closing"`
}

// StatementItem is one reconciling item, signed for the sum.
type StatementItem struct {
	Label  string `json:"label"`
	Side   Side   `json:"side,omitempty"`
	Class  string `json:"class,omitempty"`
	Reason string `json:"reason,omitempty"`
	Amount string `json:"amount"`
	Count  int64  `json:"count"` // rows, or groups where the item is a difference
}

// Bridges returns the statement as bridges, of which each ties to the minor unit, or the one that does not.
func (s *Statement) Bridges() ([]Bridge, error) {
	bridges := make([]Bridge, len(s.Currencies))
	for i := range s.Currencies {
		c, b := &s.Currencies[i], &bridges[i]
		b.Currency = c.Currency
		amounts := make([]Minor, len(c.Items)+2)
		texts := []string{c.Left, c.Right}
		for j := range c.Items {
			texts = append(texts, c.Items[j].Amount)
		}
		for j, text := range texts {
			money, err := ParseMoney(text, c.Currency)
			if err != nil {
				return nil, fmt.Errorf("the statement in %s: %w", c.Currency, err)
			}
			amounts[j] = money.Amount
		}
		b.Left, b.Right = amounts[0], amounts[1]
		for j, item := range c.Items {
			var class Class
			if err := class.UnmarshalText([]byte(item.Class)); err != nil {
				return nil, fmt.Errorf("the statement in %s: %w", c.Currency, err)
			}
			b.Items = append(b.Items, BridgeItem{item.Label, item.Side, class, item.Reason, amounts[j+2], item.Count})
		}
		if err := b.Check(); err != nil {
			return nil, err
		}
	}
	return bridges, nil
}
