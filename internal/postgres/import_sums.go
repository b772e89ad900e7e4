package postgres

import (
	"math/big"

	"matcher/internal/recon"
)

// importTotals adds up amounts by currency, exactly at any size. A file names the same currency row after row.
type importTotals struct {
	byCurrency map[string]*exactTotal
	currency   string
	current    *exactTotal
}

// exactTotal is carried + recent: the large part moves only when the small one would overflow.
type exactTotal struct {
	carried big.Int
	recent  int64
}

func (t *importTotals) add(currency string, amount recon.Minor) {
	if t.current == nil || currency != t.currency {
		t.turnTo(currency)
	}
	v, sum := int64(amount), t.current.recent+int64(amount)
	if (sum > t.current.recent) != (v > 0) && v != 0 {
		t.current.carried.Add(&t.current.carried, big.NewInt(t.current.recent))
		sum = v
	}
	t.current.recent = sum
}

func (t *importTotals) turnTo(currency string) {
	if t.byCurrency == nil {
		t.byCurrency = map[string]*exactTotal{}
	}
	if t.byCurrency[currency] == nil {
		t.byCurrency[currency] = &exactTotal{}
	}
	t.currency, t.current = currency, t.byCurrency[currency]
}

// decimals are the totals as people write them.
func (t *importTotals) decimals() map[string]string {
	out := make(map[string]string, len(t.byCurrency))
	for currency, total := range t.byCurrency {
		sum := new(big.Int).Add(&total.carried, big.NewInt(total.recent))
		out[currency] = decimalText(sum.String(), currency)
	}
	return out
}
