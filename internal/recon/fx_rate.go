package recon

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// FXRate is what one unit of a currency was worth in another on a day: 1 EUR = 1.0832 USD is {EUR, USD, 1.0832}.
// The rate is a plain decimal, read exactly. Type names the kind of rate ("ECB", "MID", "CARD"), and is
// matched as it is written; Source is where it was read.
type FXRate struct {
	From   string  `json:"from" yaml:"from"`
	To     string  `json:"to" yaml:"to"`
	Date   Day     `json:"date" yaml:"date"`
	Rate   Decimal `json:"rate" yaml:"rate"` // units of To for one of From
	Type   string  `json:"type,omitempty" yaml:"type,omitempty"`
	Source string  `json:"source,omitempty" yaml:"source,omitempty"`
}

const (
	// RateDigits is how many decimals a rate may have. Its mantissa fits in 63 bits, so a rate is at most
	// 9,223,372.036…
	RateDigits  = 12
	rateTextMax = 60
	// RatesMax bounds one list of rates: thirty currencies, every day of five years.
	RatesMax = 60_000
)

// Check returns everything that is wrong with the rate.
func (r *FXRate) Check() []FieldError {
	c := &ruleChecker{}
	c.currencyCode("/from", r.From)
	c.currencyCode("/to", r.To)
	if r.From == r.To {
		c.refuse("/to", CodeImpossible, "a rate leads to another currency")
	}
	if !r.Date.Plausible() {
		c.refuse("/date", CodeMissingValue, "a rate has a date as YYYY-MM-DD, from 1900 to 2199")
	}
	if value, err := r.Rate.Scaled(RateDigits); err != nil || value <= 0 {
		c.refuse("/rate", CodeInvalidValue,
			"%q is not a rate: a decimal above 0 and below 9,223,372 with at most %d decimals", Clip(string(r.Rate), 40), RateDigits)
	}
	c.atMost("/type", r.Type, rateTextMax)
	c.atMost("/source", r.Source, rateTextMax)
	return c.errs
}

// CheckRates checks every rate, and that no two say different things about one pair, day and type. Pointers start with
// the rate's position.
func CheckRates(rates []FXRate) []FieldError {
	var errs []FieldError
	if len(rates) > RatesMax {
		return []FieldError{{"", CodeInvalidValue, fmt.Sprintf("holds more than %d rates", RatesMax)}}
	}
	type identity struct {
		from, to, kind string
		date           Day
	}
	seen := make(map[identity]int, len(rates))
	for i := range rates {
		r, at := &rates[i], "/"+strconv.Itoa(i)
		errs = append(errs, Below(at, r.Check())...)
		id := identity{r.From, r.To, r.Type, r.Date}
		if first, taken := seen[id]; taken {
			errs = append(errs, FieldError{
				at, CodeDuplicate,
				fmt.Sprintf("rate %d has the same currencies, date and type", first+1),
			})
		}
		seen[id] = i
	}
	return errs
}

// Convert turns an amount of From into To, rounded half to even at To's decimals.
func (r *FXRate) Convert(amount Minor) (Minor, error) {
	mantissa, from, to, err := r.parts()
	if err != nil {
		return 0, err
	}
	return scaleMinor(amount, mantissa, powerOfTen(RateDigits+from-to))
}

// ConvertBack turns an amount of To into From by dividing by the rate, rounded half to even at From's decimals.
func (r *FXRate) ConvertBack(amount Minor) (Minor, error) {
	mantissa, from, to, err := r.parts()
	if err != nil {
		return 0, err
	}
	return scaleMinor(amount, powerOfTen(RateDigits+from-to), mantissa)
}

func (r *FXRate) parts() (mantissa uint64, from, to int, err error) {
	value, err := r.Rate.Scaled(RateDigits)
	from, known := CurrencyDigits(r.From)
	to, knownTo := CurrencyDigits(r.To)
	if err != nil || value <= 0 || !known || !knownTo {
		return 0, 0, 0, fmt.Errorf("%s of %s in %s is no rate", r.Rate, r.From, r.To)
	}
	return uint64(value), from, to, nil
}

// powerOfTen of an exponent from 0 to 18.
func powerOfTen(exponent int) uint64 {
	power := uint64(1)
	for range exponent {
		power *= 10
	}
	return power
}

// scaleMinor is amount · by / over in 128 bits, rounded half to even. over is below 2^63.
func scaleMinor(amount Minor, by, over uint64) (Minor, error) {
	hi, lo := bits.Mul64(uint64(amount.Abs()), by)
	if hi >= over {
		return 0, Unprocessable(CodeSumTooBig, "the converted amount does not fit in 64 bits")
	}
	quotient, rest := bits.Div64(hi, lo, over)
	if rest*2 > over || rest*2 == over && quotient&1 == 1 {
		quotient++
	}
	if quotient > math.MaxInt64 {
		return 0, Unprocessable(CodeSumTooBig, "the converted amount does not fit in 64 bits")
	}
	if amount < 0 {
		return -Minor(quotient), nil
	}
	return Minor(quotient), nil
}

func (c *ruleChecker) currencyCode(pointer, code string) {
	if _, known := CurrencyDigits(code); !known {
		c.refuse(pointer, CodeInvalidValue, "%q is not an ISO 4217 currency code", Clip(code, 40))
	}
}

func (c *ruleChecker) atMost(pointer, text string, bytes int) {
	if len(text) > bytes {
		c.refuse(pointer, CodeInvalidValue, "is longer than %d bytes", bytes)
	}
}

// nameOf checks a name by which rules refer to something: not empty, and without invisible spaces around it.
func (c *ruleChecker) nameOf(pointer, noun, name string) {
	switch {
	case strings.TrimSpace(name) == "":
		c.refuse(pointer, CodeMissingValue, "a %s needs a name by which rules call it", noun)
	case strings.TrimSpace(name) != name:
		c.refuse(pointer, CodeInvalidValue, "begins or ends with a space")
	}
	c.atMost(pointer, name, ruleNameMax)
}
