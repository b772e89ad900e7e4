package engine

import (
	"fmt"
	"math"

	"matcher/internal/recon"
)

// checkTotals refuses a side whose amounts add up to more than a balance can hold, before anything is matched: no bridge
// could be printed, and such a sum is most often a number that is no amount.
func (r *runner) checkTotals() error {
	for side, t := range r.tables {
		sums := &ledger{}
		for row, code := range t.currency {
			sums.of(code).in[side].Add(recon.Minor(t.amounts[0][row]))
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
	return recon.Unprocessable(recon.SumTooBig, fmt.Sprintf(
		"the amounts in %s of the %s side add up to %s, and a balance holds %s at most; the largest is %s, in %s of source %q: if that is no amount, correct it or read another column; else leave such rows out",
		currency, side, sum.Decimal(currency), decimal(math.MaxInt64, currency), decimal(t.Amount(largest), currency), name, t.Source(largest)))
}
