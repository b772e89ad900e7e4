package engine

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"

	"matcher/internal/recon"
)

// total is a sum of int64 in 128 bits, so no number of rows can overflow it.
type total struct {
	hi int64
	lo uint64
}

func (t *total) add(v int64) {
	var carry uint64
	t.lo, carry = bits.Add64(t.lo, uint64(v), 0)
	t.hi += v>>63 + int64(carry)
}

func (t *total) subtract(o total) {
	var borrow uint64
	t.lo, borrow = bits.Sub64(t.lo, o.lo, 0)
	t.hi -= o.hi + int64(borrow)
}

func (t *total) plus(o total) {
	var carry uint64
	t.lo, carry = bits.Add64(t.lo, o.lo, 0)
	t.hi += o.hi + int64(carry)
}

// minor is the sum in 64 bits, or an error where it does not fit.
func (t total) minor() (recon.Minor, error) {
	if t.hi != int64(t.lo)>>63 {
		return 0, recon.Unprocessable(sumTooBig, "the amounts of one currency add up to more than 9,223,372,036,854,775,807 minor units")
	}
	return recon.Minor(int64(t.lo)), nil
}

// sumTooBig is the code of a sum that nobody could print.
const sumTooBig = "SUM_TOO_BIG"

// in is minor, with an error that says what was summed, and how far it went.
func (t total) in(what, currency string) (recon.Minor, error) {
	m, err := t.minor()
	if err != nil {
		err = recon.Unprocessable(sumTooBig, fmt.Sprintf("%s in %s add up to %s, and a sum holds %s at most: correct the largest amounts at their source, or leave such rows out",
			what, currency, t.decimal(currency), decimal(math.MaxInt64, currency)))
	}
	return m, err
}

// decimal is the sum as people read it, however large.
func (t total) decimal(currency string) string {
	digits, _ := recon.CurrencyDigits(currency)
	sum := new(big.Int).Lsh(big.NewInt(t.hi), 64)
	sum.Add(sum, new(big.Int).SetUint64(t.lo))
	sign := ""
	if sum.Sign() < 0 {
		sign = "-"
	}
	text := fmt.Sprintf("%0*d", digits+1, sum.Abs(sum))
	if digits == 0 {
		return sign + text
	}
	return sign + text[:len(text)-digits] + "." + text[len(text)-digits:]
}

// Total is a sum of any number of amounts.
type Total struct{ sum total }

// Add adds an amount.
func (t *Total) Add(m recon.Minor) { t.sum.add(int64(m)) }

// Minor is the sum, or an error where it leaves 64 bits.
func (t *Total) Minor() (recon.Minor, error) { return t.sum.minor() }

// checkTotals refuses a side whose amounts add up to more than a balance can hold, before anything is matched: no bridge
// could be printed, and such a sum is most often a number that is no amount.
func (r *runner) checkTotals() error {
	for side, t := range r.tables {
		sums := &ledger{}
		for row, code := range t.currency {
			sums.of(code).in[side].add(t.amounts[0][row])
		}
		for _, c := range sums.currencies {
			if _, err := c.in[side].minor(); err != nil {
				return t.tooMuch(c.code, c.in[side])
			}
		}
	}
	return nil
}

// tooMuch names the side, the currency and the row that does most of it.
func (t *Table) tooMuch(code uint32, sum total) error {
	largest := NoRow
	for row := range uint32(t.Len()) {
		counts := t.currency[row] == code && t.amounts[0][row] < 0 == (sum.hi < 0)
		if counts && (largest == NoRow || magnitude(t.amounts[0][row]) > magnitude(t.amounts[0][largest])) {
			largest = row
		}
	}
	name := fmt.Sprintf("a row of %s", t.Date(largest))
	if id := t.ExternalID(largest); id != "" {
		name = fmt.Sprintf("%q", id)
	}
	currency, side := currencyName(code), [2]string{"left", "right"}[t.side]
	return recon.Unprocessable(sumTooBig, fmt.Sprintf(
		"the amounts in %s of the %s side add up to %s, and a balance holds %s at most; the largest is %s, in %s of source %q: if that is no amount, correct it or read another column; else leave such rows out",
		currency, side, sum.decimal(currency), decimal(math.MaxInt64, currency), decimal(t.Amount(largest), currency), name, t.Source(largest)))
}
