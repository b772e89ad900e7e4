package recon

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
)

// Total is a sum of amounts in 128 bits, so no number of rows can overflow it.
type Total struct {
	hi int64
	lo uint64
}

// Add adds an amount.
func (t *Total) Add(m Minor) {
	var carry uint64
	t.lo, carry = bits.Add64(t.lo, uint64(m), 0)
	t.hi += int64(m)>>63 + int64(carry)
}

// Plus adds another sum.
func (t *Total) Plus(o Total) {
	var carry uint64
	t.lo, carry = bits.Add64(t.lo, o.lo, 0)
	t.hi += o.hi + int64(carry)
}

// Subtract takes another sum away.
func (t *Total) Subtract(o Total) {
	var borrow uint64
	t.lo, borrow = bits.Sub64(t.lo, o.lo, 0)
	t.hi -= o.hi + int64(borrow)
}

// Negative reports whether it is below zero.
func (t Total) Negative() bool { return t.hi < 0 }

// Minor is the sum in 64 bits, or an error where it does not fit.
func (t Total) Minor() (Minor, error) {
	if t.hi != int64(t.lo)>>63 {
		return 0, Unprocessable(CodeSumTooBig,
			"the amounts of one currency add up to more than 9,223,372,036,854,775,807 minor units")
	}
	return Minor(int64(t.lo)), nil
}

// Fit returns the sum in 64 bits, or an error that names what was summed and how far it went.
func (t Total) Fit(what, currency string) (Minor, error) {
	m, err := t.Minor()
	if err != nil {
		err = Unprocessable(CodeSumTooBig, fmt.Sprintf(
			"%s in %s add up to %s, and a sum holds %s at most: correct the largest amounts at their source, or leave such rows out",
			what, currency, t.Decimal(currency), Money{Amount: math.MaxInt64, Currency: currency}))
	}
	return m, err
}

// Decimal is the sum as people read it, however large, with the decimals of a currency.
func (t Total) Decimal(currency string) string {
	digits, known := CurrencyDigits(currency)
	if !known {
		digits = 2
	}
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
