package recon

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Minor is an amount in the minor unit of its currency (cents, yen, fils), signed: + is money to us. int64 holds
// 92 quadrillion euros; an amount that does not fit is refused where it is read.
type Minor int64

// Money is an amount with its currency.
type Money struct {
	Amount   Minor
	Currency string
}

// amountDigitsMax bounds what a decimal may look like before any arithmetic: 38 digits is what banks' formats allow.
const amountDigitsMax = 38

// Why a decimal is no amount in a currency.
var (
	errNotNumber    = Unprocessable(CodeAmountUnreadable, "is not a number")
	errTooPrecise   = Unprocessable(CodeAmountTooPrecise, "has more decimals than its currency")
	errAmountTooBig = Unprocessable(CodeAmountTooBig, "does not fit: at most 9,223,372,036,854,775,807 minor units")
)

// ParseMinor reads a plain decimal ("-12.50", "+3", ".5", U+2212 as minus) exactly, in minor units of a currency with
// the given number of decimals. Trailing zeros beyond the currency's decimals are allowed, other digits there are not.
// There is no exponent, no thousands separator and no rounding: mapping turns a bank's notation into this one first.
func ParseMinor(text string, digits int) (Minor, error) {
	body, negative := cutSign(text)
	whole, fraction, _ := strings.Cut(body, ".")
	if whole == "" && fraction == "" {
		return 0, errNotNumber
	}
	if len(whole)+len(fraction) > amountDigitsMax {
		return 0, numberError(body)
	}
	if len(fraction) > digits {
		if strings.Trim(fraction[digits:], "0") != "" {
			if !allDigits(whole) || !allDigits(fraction) {
				return 0, errNotNumber
			}
			return 0, errTooPrecise
		}
		fraction = fraction[:digits]
	}
	value, err := accumulate(0, whole)
	if err == nil {
		value, err = accumulate(value, fraction)
	}
	for i := len(fraction); err == nil && i < digits; i++ {
		value, err = accumulate(value, "0")
	}
	if err != nil {
		return 0, err
	}
	if negative {
		return Minor(-value), nil
	}
	return Minor(value), nil
}

func cutSign(text string) (body string, negative bool) {
	switch {
	case strings.HasPrefix(text, "-"):
		return text[1:], true
	case strings.HasPrefix(text, "−"):
		return text[len("−"):], true
	case strings.HasPrefix(text, "+"):
		return text[1:], false
	}
	return text, false
}

func numberError(body string) error {
	if allDigits(strings.Replace(body, ".", "", 1)) {
		return errAmountTooBig
	}
	return errNotNumber
}

func allDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

func accumulate(value int64, digits string) (int64, error) {
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return 0, errNotNumber
		}
		d := int64(c - '0')
		if value > (math.MaxInt64-d)/10 {
			return 0, errAmountTooBig
		}
		value = value*10 + d
	}
	return value, nil
}

// Decimal writes m with the given number of decimals: Minor(-1250).Decimal(2) is "-12.50".
func (m Minor) Decimal(digits int) string {
	var room [24]byte
	return string(m.AppendDecimal(room[:0], digits))
}

// AppendDecimal appends what Decimal returns.
func (m Minor) AppendDecimal(to []byte, digits int) []byte {
	magnitude := uint64(m)
	if m < 0 {
		to = append(to, '-')
		magnitude = -magnitude
	}
	var room [24]byte
	text := strconv.AppendUint(room[:0], magnitude, 10)
	for len(text) <= digits {
		text = append([]byte{'0'}, text...)
	}
	to = append(to, text[:len(text)-digits]...)
	if digits > 0 {
		to = append(to, '.')
		to = append(to, text[len(text)-digits:]...)
	}
	return to
}

// Add is m + n, or an error where that leaves 64 bits.
func (m Minor) Add(n Minor) (Minor, error) {
	sum := m + n
	if (sum > m) != (n > 0) && n != 0 {
		return 0, Unprocessable(CodeSumTooBig, "the sum does not fit in 64 bits")
	}
	return sum, nil
}

// Abs is |m|. The most negative value has no positive twin and cannot come from ParseMinor.
func (m Minor) Abs() Minor {
	if m < 0 {
		return -m
	}
	return m
}

// ParseMoney reads a plain decimal in a currency.
func ParseMoney(text, currency string) (Money, error) {
	digits, known := CurrencyDigits(currency)
	if !known {
		return Money{}, Unprocessable(CodeCurrencyUnknown,
			fmt.Sprintf("%q is not an ISO 4217 currency code", currency))
	}
	amount, err := ParseMinor(text, digits)
	if err != nil {
		return Money{}, fmt.Errorf("%q %w (%s has %d decimals)", text, err, currency, digits)
	}
	return Money{Amount: amount, Currency: currency}, nil
}

// String is the amount as a decimal string in its currency, without the code.
func (m Money) String() string {
	digits, known := CurrencyDigits(m.Currency)
	if !known {
		digits = digitsDefault
	}
	return m.Amount.Decimal(digits)
}
