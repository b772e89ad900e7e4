package postgres

import "matcher/internal/recon"

// importTotals adds up amounts by currency. A file names the same currency row after row.
type importTotals struct {
	byCurrency map[string]*recon.Total
	currency   string
	current    *recon.Total
}

func (t *importTotals) add(currency string, amount recon.Minor) {
	if t.current == nil || currency != t.currency {
		t.turnTo(currency)
	}
	t.current.Add(amount)
}

func (t *importTotals) turnTo(currency string) {
	if t.byCurrency == nil {
		t.byCurrency = map[string]*recon.Total{}
	}
	if t.byCurrency[currency] == nil {
		t.byCurrency[currency] = &recon.Total{}
	}
	t.currency, t.current = currency, t.byCurrency[currency]
}

// decimals are the totals as people write them.
func (t *importTotals) decimals() map[string]string {
	out := make(map[string]string, len(t.byCurrency))
	for currency, total := range t.byCurrency {
		out[currency] = total.Decimal(currency)
	}
	return out
}
