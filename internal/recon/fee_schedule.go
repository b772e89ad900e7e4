package recon

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// FeeSchedule is what a provider may charge on an amount. Each item is rounded by itself, at the schedule's scale and
// mode (a flat one is charged as it is written), and the fee is the sum of the items, as an invoice adds them up.
type FeeSchedule struct {
	Name     string    `json:"name" yaml:"name"`
	Currency string    `json:"currency" yaml:"currency"`
	Mode     string    `json:"mode,omitempty" yaml:"mode,omitempty"`         // PARALLEL (default) or CASCADING
	Scale    *int      `json:"scale,omitempty" yaml:"scale,omitempty"`       // decimals kept; nil: the currency's
	Rounding string    `json:"rounding,omitempty" yaml:"rounding,omitempty"` // HALF_EVEN (default), HALF_UP, UP or DOWN
	Items    []FeeItem `json:"items" yaml:"items"`
}

// schedulesOf are words by which schedules of discounts and taxes are called.
var schedulesOf = map[string]AdjustmentReason{
	"SKONTO": AdjustmentDiscount, "EARLY PAYMENT": AdjustmentDiscount, "CASH DISCOUNT": AdjustmentDiscount,
	"ESCOMPTE": AdjustmentDiscount, "REBATE": AdjustmentDiscount, "RABATT": AdjustmentDiscount,
	"WITHHELD": AdjustmentTax, "WITHHOLDING": AdjustmentTax, "WITHHOLDING TAX": AdjustmentTax, "WHT": AdjustmentTax,
	"TDS": AdjustmentTax, "VAT": AdjustmentTax,
}

// Takes returns what the schedule takes: the reason of an adjustment that all items are named after, else a fee.
func (s *FeeSchedule) Takes() (reason AdjustmentReason) {
	for i := range s.Items {
		var of AdjustmentReason
		name := strings.ToUpper(strings.Join(strings.FieldsFunc(s.Items[i].Name, func(r rune) bool {
			return r == ' ' || r == '-' || r == '_'
		}), " "))
		known := of.UnmarshalText([]byte(name)) == nil && of != AdjustmentNone
		if word, is := schedulesOf[name]; is {
			of, known = word, true
		}
		if !known || i > 0 && of != reason {
			return AdjustmentFee
		}
		reason = of
	}
	return reason
}

// FeeItem is one charge: FLAT reads Amount, PERCENTAGE reads Percent, TIERED reads Tiers.
type FeeItem struct {
	Name    string    `json:"name" yaml:"name"`
	Type    string    `json:"type" yaml:"type"`
	Amount  Decimal   `json:"amount,omitempty" yaml:"amount,omitempty"`
	Percent Decimal   `json:"percent,omitempty" yaml:"percent,omitempty"` // 1.5 is 1.5 %
	Tiers   []FeeTier `json:"tiers,omitempty" yaml:"tiers,omitempty"`
}

// FeeTier charges the part of an amount above the tier before it and up to UpTo (marginal, as income tax). Only the
// last tier has no UpTo.
type FeeTier struct {
	UpTo    Decimal `json:"upTo,omitempty" yaml:"upTo,omitempty"`
	Percent Decimal `json:"percent" yaml:"percent"`
}

// Values of the enumerated fields of a fee schedule.
const (
	FeeParallel  = "PARALLEL"  // every item is charged on the whole amount
	FeeCascading = "CASCADING" // every item is charged on what the items before it left

	FeeFlat       = "FLAT"
	FeePercentage = "PERCENTAGE"
	FeeTiered     = "TIERED"

	RoundHalfEven = "HALF_EVEN"
	RoundHalfUp   = "HALF_UP"
	RoundUp       = "UP"   // away from zero
	RoundDown     = "DOWN" // towards zero
)

const (
	// FeeSchedulesMax bounds one list of schedules, and the other two one schedule.
	FeeSchedulesMax = 200
	feeItemsMax     = 20
	feeTiersMax     = 20
	feePercentUnit  = 100 * 10_000 // a percentage with four decimals, as a fraction
)

// ScheduleTerm leads the name of a fee schedule where a rule names an amount: "schedule:cards", "schedule:cards(net)".
const ScheduleTerm = "schedule:"

// ScheduleOf returns the fee schedule that an amount of a rule names, and the amount to which it applies: "" is the
// gross, or the amount where a row states none.
func ScheduleOf(amount string) (name, base string, isSchedule bool) {
	name, isSchedule = strings.CutPrefix(strings.ReplaceAll(amount, " ", ""), ScheduleTerm)
	if before, after, has := strings.Cut(name, "("); has && strings.HasSuffix(after, ")") {
		return before, strings.TrimSuffix(after, ")"), isSchedule
	}
	return name, "", isSchedule
}

// WithDefaults is the schedule with mode, scale and rounding filled in.
func (s FeeSchedule) WithDefaults() FeeSchedule {
	digits, _ := CurrencyDigits(s.Currency)
	s.Mode = orElse(s.Mode, FeeParallel)
	s.Rounding = orElse(s.Rounding, RoundHalfEven)
	s.Scale = orPointer(s.Scale, digits)
	return s
}

// Check returns everything that is wrong with the schedule.
func (s FeeSchedule) Check() []FieldError {
	c := &ruleChecker{}
	c.nameOf("/name", "fee schedule", s.Name)
	c.currencyCode("/currency", s.Currency)
	full := s.WithDefaults()
	c.oneOf("/mode", full.Mode, FeeParallel, FeeCascading)
	c.oneOf("/rounding", full.Rounding, RoundHalfEven, RoundHalfUp, RoundUp, RoundDown)
	digits, _ := CurrencyDigits(s.Currency)
	c.between("/scale", *full.Scale, 0, digits)
	switch {
	case len(s.Items) == 0:
		c.refuse("/items", CodeMissingValue, "a fee schedule needs an item")
	case len(s.Items) > feeItemsMax:
		c.refuse("/items", CodeInvalidValue, "holds more than %d items", feeItemsMax)
	}
	for i := range s.Items {
		c.feeItem("/items/"+strconv.Itoa(i), &s.Items[i], digits)
	}
	return c.errs
}

// CheckFeeSchedules checks every schedule, and that names are unique. Pointers start with the schedule's position.
func CheckFeeSchedules(schedules []FeeSchedule) []FieldError {
	var errs []FieldError
	seen := map[string]int{}
	for i := range schedules {
		at := "/" + strconv.Itoa(i)
		errs = append(errs, Below(at, schedules[i].Check())...)
		if first, taken := seen[schedules[i].Name]; taken {
			errs = append(errs, FieldError{
				at + "/name", CodeDuplicate,
				fmt.Sprintf("is the name of schedule %d too", first+1),
			})
		}
		seen[schedules[i].Name] = i
	}
	return errs
}

func (c *ruleChecker) feeItem(at string, item *FeeItem, digits int) {
	c.nameOf(at+"/name", "fee item", item.Name)
	c.oneOf(at+"/type", item.Type, FeeFlat, FeePercentage, FeeTiered)
	given := map[string]bool{"amount": item.Amount != "", "percent": item.Percent != "", "tiers": len(item.Tiers) > 0}
	reads := map[string]string{FeeFlat: "amount", FeePercentage: "percent", FeeTiered: "tiers"}[item.Type]
	for _, field := range []string{"amount", "percent", "tiers"} {
		switch {
		case reads == "":
		case field == reads && !given[field]:
			c.refuse(at+"/"+field, CodeMissingValue, "a %s item needs %s", item.Type, field)
		case field != reads && given[field]:
			c.refuse(at+"/"+field, CodeImpossible, "a %s item does not read %s", item.Type, field)
		}
	}
	c.fraction(at+"/percent", item.Percent, feePercentUnit, "a percentage from 0 to 100")
	if item.Amount != "" {
		c.errs = append(c.errs, checkDecimal(at+"/amount", item.Amount, digits)...)
	}
	c.feeTiers(at+"/tiers", item.Tiers, digits)
}

func (c *ruleChecker) feeTiers(at string, tiers []FeeTier, digits int) {
	if len(tiers) > feeTiersMax {
		c.refuse(at, CodeInvalidValue, "holds more than %d tiers", feeTiersMax)
	}
	last := Minor(0)
	for i := range tiers {
		t, here := &tiers[i], at+"/"+strconv.Itoa(i)
		if t.Percent == "" {
			c.refuse(here+"/percent", CodeMissingValue, "a tier needs a percentage")
		}
		c.fraction(here+"/percent", t.Percent, feePercentUnit, "a percentage from 0 to 100")
		if i == len(tiers)-1 {
			if t.UpTo != "" {
				c.refuse(here+"/upTo", CodeImpossible, "the last tier has no end: leave upTo out")
			}
			continue
		}
		end, err := ParseMinor(string(t.UpTo), digits)
		if err != nil || end <= last {
			c.refuse(here+"/upTo", CodeInvalidValue, "%q is not an amount above the end of the tier before",
				Clip(string(t.UpTo), 40))
			continue
		}
		last = end
	}
}

// FeeLine is what one item charges.
type FeeLine struct {
	Name string
	Base Minor // what it was charged on
	Fee  Minor
}

// FeeSimulation is a schedule applied to an amount: Net = Amount − Fee.
type FeeSimulation struct {
	Amount Minor
	Lines  []FeeLine
	Fee    Minor
	Net    Minor
}

// Verdicts of a fee verification.
const (
	FeeMatch       = "MATCH"
	FeeOvercharge  = "OVERCHARGE"  // more was taken than agreed
	FeeUndercharge = "UNDERCHARGE" // less was
)

// FeeVerification compares the fee that was taken with the one that the schedule allows.
type FeeVerification struct {
	Amount   Minor
	Expected Minor
	Actual   Minor
	Delta    Minor // actual − expected
	Verdict  string
}

// Simulate applies the schedule to an amount of its currency. A negative amount, a refund, gives the fee back: its
// fee is the negative of what its magnitude would cost.
func (s FeeSchedule) Simulate(amount Minor) (FeeSimulation, error) {
	compiled, err := s.Compile()
	if err != nil {
		return FeeSimulation{}, err
	}
	return compiled.Simulate(amount)
}

// Verify compares the fee taken on an amount with the schedule's. Both fees are costs: positive, on a sale.
func (s FeeSchedule) Verify(amount, actual Minor) (FeeVerification, error) {
	compiled, err := s.Compile()
	if err != nil {
		return FeeVerification{}, err
	}
	return compiled.Verify(amount, actual)
}

// CompiledSchedule is a schedule whose decimals have been read once, for a million rows.
type CompiledSchedule struct {
	cascading bool
	rounding  string
	unit      uint64 // minor units in the last decimal that the schedule keeps
	items     []compiledItem
}

type compiledItem struct {
	name  string
	flat  uint64
	tiers []compiledTier // a percentage is one tier without end
}

type compiledTier struct{ upTo, percent uint64 }

// Compile reads the schedule's decimals, or fails where it has not been checked.
func (s FeeSchedule) Compile() (*CompiledSchedule, error) {
	if faults := s.Check(); len(faults) > 0 {
		return nil, Unprocessable(CodeValidationFailed, "the fee schedule cannot work", faults...)
	}
	full := s.WithDefaults()
	digits, _ := CurrencyDigits(s.Currency)
	c := &CompiledSchedule{
		cascading: full.Mode == FeeCascading, rounding: full.Rounding,
		unit: powerOfTen(digits - *full.Scale),
	}
	for i := range s.Items {
		c.items = append(c.items, s.Items[i].compile(digits))
	}
	return c, nil
}

// compile cannot fail: Check has read every decimal.
func (item *FeeItem) compile(digits int) compiledItem {
	out := compiledItem{name: item.Name}
	switch item.Type {
	case FeeFlat:
		flat, _ := ParseMinor(string(item.Amount), digits)
		out.flat = uint64(flat)
	case FeePercentage:
		out.tiers = []compiledTier{{math.MaxUint64, percentOf(item.Percent)}}
	default:
		for _, t := range item.Tiers {
			end := uint64(math.MaxUint64)
			if t.UpTo != "" {
				upTo, _ := ParseMinor(string(t.UpTo), digits)
				end = uint64(upTo)
			}
			out.tiers = append(out.tiers, compiledTier{end, percentOf(t.Percent)})
		}
	}
	return out
}

func percentOf(d Decimal) uint64 {
	value, _ := d.Scaled(4)
	return uint64(value)
}

// Simulate applies the schedule to an amount.
func (c *CompiledSchedule) Simulate(amount Minor) (FeeSimulation, error) {
	out := FeeSimulation{Amount: amount, Lines: make([]FeeLine, 0, len(c.items))}
	sign, left := Minor(1), uint64(amount.Abs())
	if amount < 0 {
		sign = -1
	}
	for i := range c.items {
		base := uint64(amount.Abs())
		if c.cascading {
			base = left
		}
		fee := c.charge(&c.items[i], base)
		left -= min(fee, left)
		signed := sign * Minor(fee)
		out.Lines = append(out.Lines, FeeLine{c.items[i].name, sign * Minor(base), signed})
		var err error
		if out.Fee, err = out.Fee.Add(signed); err != nil {
			return FeeSimulation{}, err
		}
	}
	net, err := amount.Add(-out.Fee)
	out.Net = net
	return out, err
}

// Fee is the sum of what the items charge on an amount.
func (c *CompiledSchedule) Fee(amount Minor) (Minor, error) {
	simulation, err := c.Simulate(amount)
	return simulation.Fee, err
}

// Verify compares the fee taken on an amount with the schedule's.
func (c *CompiledSchedule) Verify(amount, actual Minor) (FeeVerification, error) {
	expected, err := c.Fee(amount)
	if err != nil {
		return FeeVerification{}, err
	}
	delta, err := actual.Add(-expected)
	if err != nil {
		return FeeVerification{}, err
	}
	return FeeVerification{
		Amount: amount, Expected: expected, Actual: actual, Delta: delta,
		Verdict: FeeVerdict(delta),
	}, nil
}

// FeeVerdict is what a difference of actual − expected means. It holds for a refund too: less given back is more
// taken.
func FeeVerdict(delta Minor) string {
	switch {
	case delta > 0:
		return FeeOvercharge
	case delta < 0:
		return FeeUndercharge
	}
	return FeeMatch
}

// charge is one item's fee on a magnitude, rounded once.
func (c *CompiledSchedule) charge(item *compiledItem, base uint64) uint64 {
	if item.tiers == nil {
		return item.flat
	}
	// Σ part · percent is at most 2^63 · 1,000,000, in 128 bits; the division comes last, so tiers round once together.
	var hi, lo, from uint64
	for _, t := range item.tiers {
		part := min(base, t.upTo) - min(base, from)
		h, l := bits.Mul64(part, t.percent)
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi += h + carry
		from = t.upTo
	}
	divisor := feePercentUnit * c.unit
	quotient, rest := bits.Div64(hi, lo, divisor)
	return roundUp(quotient, rest, divisor, c.rounding) * c.unit
}

// roundUp decides over the last unit of a quotient from what the division left.
func roundUp(quotient, rest, divisor uint64, mode string) uint64 {
	up := false
	switch mode {
	case RoundUp:
		up = rest > 0
	case RoundHalfUp:
		up = rest*2 >= divisor
	case RoundHalfEven:
		up = rest*2 > divisor || rest*2 == divisor && quotient&1 == 1
	}
	if up {
		quotient++
	}
	return quotient
}
