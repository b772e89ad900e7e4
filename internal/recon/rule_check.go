package recon

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// TextFields are the fields of a row that a key may read, besides metadata.<name>.
var TextFields = []string{
	"externalId", "reference", "amount", "currency", "date", "valueDate", "description", "kind", "bookingStatus",
	"gross", "fee", "tax", "net",
}

// AmountFields are the amounts that a rule may compare, alone or in a signed sum.
var AmountFields = []string{"amount", "gross", "fee", "tax", "net", "original"}

// Normalisers of keys, applied in the order in which they are written.
var Normalisers = []string{"trim", "upper", "alnum", "digits", "stripZeros", "foldAccents"}

// MetadataPrefix leads the name of a column that has no canonical field.
const MetadataPrefix = "metadata."

// CheckRules checks every rule, and that names and priorities are unique. Pointers start with the rule's position.
func CheckRules(rules []Rule) []FieldError {
	var errs []FieldError
	names, priorities := map[string]int{}, map[int]int{}
	for i := range rules {
		at := "/" + strconv.Itoa(i)
		for _, e := range rules[i].Check() {
			e.Pointer = at + e.Pointer
			errs = append(errs, e)
		}
		if first, taken := names[rules[i].Name]; taken {
			errs = append(errs, FieldError{
				at + "/name", CodeDuplicate,
				fmt.Sprintf("is the name of rule %d too", first+1),
			})
		}
		if first, taken := priorities[rules[i].Priority]; taken {
			errs = append(errs, FieldError{
				at + "/priority", CodeDuplicate,
				fmt.Sprintf("is the priority of rule %d too", first+1),
			})
		}
		names[rules[i].Name], priorities[rules[i].Priority] = i, i
	}
	return errs
}

// Check returns what is wrong with the rule whatever the data is: values, fields and impossible combinations.
func (r Rule) Check() []FieldError {
	c := &ruleChecker{}
	full := r.WithDefaults()
	c.name(&full)
	c.oneOf("/type", string(full.Type), RuleValues["type"]...)
	c.oneOf("/scope", full.Scope, ScopeLeftRight, ScopeLeft, ScopeRight)
	c.keys(full.Keys)
	c.amount(&full.Amount)
	c.currency(&full.Currency, &full.Amount)
	c.date(&full.Date)
	c.text(&full.Text)
	c.group(&full)
	c.post(&r, &full)
	c.confirm(&full.Confirm)
	c.oneOf("/prefer", full.Prefer, RuleValues["prefer"]...)
	if full.Prefer != PreferNone && (full.Group.Cardinality != OneToOne || full.Within() || full.Partial.Allow) {
		c.refuse("/prefer", CodeImpossible, "chooses among single rows of the other side: use it in a 1:1 rule")
	}
	return c.errs
}

type ruleChecker struct{ errs []FieldError }

func (c *ruleChecker) refuse(pointer, code, format string, args ...any) {
	c.errs = append(c.errs, FieldError{pointer, code, fmt.Sprintf(format, args...)})
}

func (c *ruleChecker) oneOf(pointer, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.refuse(pointer, CodeInvalidValue, "%q is not one of %s", Clip(value, 40), strings.Join(allowed, ", "))
	}
}

func (c *ruleChecker) between(pointer string, value, least, most int) {
	if value < least || value > most {
		c.refuse(pointer, CodeInvalidValue, "%d is not in %d..%d", value, least, most)
	}
}

func (c *ruleChecker) name(r *Rule) {
	if strings.TrimSpace(r.Name) == "" {
		c.refuse("/name", CodeMissingValue, "a rule needs a name")
	} else if len(r.Name) > ruleNameMax {
		c.refuse("/name", CodeInvalidValue, "is longer than %d bytes", ruleNameMax)
	}
	c.between("/priority", r.Priority, 1, PriorityMax)
}

func (c *ruleChecker) keys(keys []RuleKey) {
	if len(keys) > ruleKeysMax {
		c.refuse("/keys", CodeInvalidValue, "holds more than %d keys", ruleKeysMax)
	}
	for i := range keys {
		k, at := &keys[i], "/keys/"+strconv.Itoa(i)
		c.textField(at+"/left", k.Left)
		c.textField(at+"/right", k.Right)
		c.oneOf(at+"/op", k.Op, KeyEquals, KeyContainsToken, KeyPrefix)
		for j, name := range k.Normalise {
			c.oneOf(at+"/normalise/"+strconv.Itoa(j), name, Normalisers...)
		}
		switch {
		case k.MinLength == nil:
		case k.Op == KeyEquals:
			c.refuse(at+"/minLength", CodeImpossible, "EQUALS compares whole values: use CONTAINS_TOKEN or PREFIX")
		default:
			c.between(at+"/minLength", *k.MinLength, 1, rulePatternMax)
		}
		if len(k.Extract) > rulePatternMax {
			c.refuse(at+"/extract", CodeInvalidValue, "is longer than %d bytes", rulePatternMax)
		} else if _, err := regexp.Compile(k.Extract); err != nil {
			c.refuse(at+"/extract", CodeInvalidValue, "is not an RE2 pattern: %v", err)
		}
	}
}

func (c *ruleChecker) textField(pointer, field string) {
	switch {
	case field == "":
		c.refuse(pointer, CodeMissingValue, "a key or a text names a field on each side")
	case strings.HasPrefix(field, MetadataPrefix) && len(field) > len(MetadataPrefix):
	case !slices.Contains(TextFields, field):
		c.refuse(pointer, CodeInvalidValue, "%q is no field: use one of %s, or metadata.<column>", Clip(field, 60),
			strings.Join(TextFields, ", "))
	}
}

func (c *ruleChecker) amount(a *RuleAmount) {
	c.oneOf("/amount/mode", a.Mode, AmountExact, AmountTolerance, AmountAny)
	c.oneOf("/amount/base", a.Base, BaseMax, BaseMin, BaseAverage, BaseLeft, BaseRight)
	c.oneOf("/amount/side", orElse(a.Side, AmountBoth), RuleValues["amount/side"]...)
	if a.Mode != AmountTolerance && a.Side != "" {
		c.refuse("/amount/side", CodeImpossible, "%s tolerates no difference: use TOLERANCE", a.Mode)
	}
	c.oneOf("/amount/sign", a.Sign, SignSame, SignOpposite, SignAny)
	c.errs = append(c.errs, a.Abs.Check("/amount/abs")...)
	c.errs = append(c.errs, a.Cap.Check("/amount/cap")...)
	c.fraction("/amount/percent", a.Percent, 50_0000, "a percentage from 0 to 50")
	if a.Mode != AmountTolerance && (a.Abs.Given() || a.Percent != "" || a.Cap.Given()) {
		c.refuse("/amount/mode", CodeImpossible, "%s leaves no room for abs, percent or cap: use TOLERANCE", a.Mode)
	}
	c.amountSum("/amount/left", a.Left)
	c.amountSum("/amount/right", a.Right)
}

// fractionDigits are the decimals of a percentage or a similarity.
const fractionDigits = 4

// fraction checks a decimal with at most four decimals in 0..most (in units of 1/10,000); "" passes.
func (c *ruleChecker) fraction(pointer string, d Decimal, most int64, noun string) {
	if d == "" {
		return
	}
	if value, err := d.Scaled(fractionDigits); err != nil || value < 0 || value > most {
		c.refuse(pointer, CodeInvalidValue,
			"%q is not %s with at most %d decimals", Clip(string(d), 40), noun, fractionDigits)
	}
}

func (c *ruleChecker) amountSum(pointer, sum string) {
	if _, base, isSchedule := ScheduleOf(sum); isSchedule {
		if base != "" && !slices.Contains(AmountFields, base) {
			c.refuse(pointer, CodeInvalidValue, "%q is no amount that a schedule could apply to: use one of %s",
				Clip(base, 40), strings.Join(AmountFields, ", "))
		}
		return
	}
	if _, err := AmountTerms(sum); err != nil {
		c.refuse(pointer, CodeInvalidValue, "%v", err)
	}
}

// AmountTerm is one named amount of a signed sum.
type AmountTerm struct {
	Field    string
	Negative bool
}

// AmountTerms reads "amount", "net+fee", "gross-fee-tax".
func AmountTerms(sum string) ([]AmountTerm, error) {
	var terms []AmountTerm
	rest, negative := strings.ReplaceAll(sum, " ", ""), false
	for {
		at := strings.IndexAny(rest, "+-")
		name := rest
		if at >= 0 {
			name = rest[:at]
		}
		if !slices.Contains(AmountFields, name) {
			return nil, fmt.Errorf("%q is no amount: use one of %s, or a sum like net+fee", Clip(name, 40),
				strings.Join(AmountFields, ", "))
		}
		terms = append(terms, AmountTerm{name, negative})
		if at < 0 {
			return terms, nil
		}
		negative, rest = rest[at] == '-', rest[at+1:]
	}
}

func (c *ruleChecker) currency(r *RuleCurrency, a *RuleAmount) {
	c.oneOf("/currency/mode", r.Mode, CurrencySame, CurrencyConvert, CurrencyOriginal, CurrencyAny)
	if r.Mode == CurrencyConvert {
		if r.To == "" {
			c.refuse("/currency/to", CodeMissingValue, "CONVERT needs the currency into which amounts are turned")
		} else {
			c.currencyCode("/currency/to", r.To)
		}
		c.oneOf("/currency/rateDate", r.RateDate, "date", "valueDate")
		c.between("/currency/rateMaxAgeDays", *r.RateMaxAgeDays, 0, ruleDaysMax)
		return
	}
	given := []bool{r.To != "", r.RateType != "", r.RateDate != "", r.RateMaxAgeDays != nil}
	for i, field := range []string{"to", "rateType", "rateDate", "rateMaxAgeDays"} {
		if given[i] {
			c.refuse("/currency/"+field, CodeImpossible, "%s uses no rate: only CONVERT does", r.Mode)
		}
	}
	c.otherCurrency(r.Mode, a)
}

// otherCurrency holds the amounts to what the modes without a rate can compare.
func (c *ruleChecker) otherCurrency(mode string, a *RuleAmount) {
	for i, sum := range []string{a.Left, a.Right} {
		if mode == CurrencyOriginal && sum != "amount" {
			c.refuse([]string{"/amount/left", "/amount/right"}[i], CodeImpossible,
				"ORIGINAL compares the original amount, not %s", Clip(sum, 40))
		}
	}
	for i, limits := range []Limits{a.Abs, a.Cap} {
		if mode == CurrencyAny && limits.ByCurrency != nil {
			c.refuse([]string{"/amount/abs", "/amount/cap"}[i], CodeImpossible,
				"ANY compares bare numbers: give one limit, not one by currency")
		}
	}
}

func (c *ruleChecker) date(d *RuleDate) {
	c.oneOf("/date/left", d.Left, "date", "valueDate")
	c.oneOf("/date/right", d.Right, "date", "valueDate")
	c.oneOf("/date/unit", d.Unit, UnitCalendar, UnitBusiness)
	c.oneOf("/date/direction", d.Direction, DirectionAbs, DirectionLeftFirst, DirectionRightFirst)
	c.oneOf("/date/precision", d.Precision, PrecisionDay, PrecisionTimestamp)
	c.between("/date/minDays", *d.MinDays, 0, ruleDaysMax)
	c.between("/date/maxDays", *d.MaxDays, 0, ruleDaysMax)
	if *d.MinDays > *d.MaxDays {
		c.refuse("/date/minDays", CodeImpossible, "is more than maxDays")
	}
	if d.Precision == PrecisionTimestamp {
		if d.Unit == UnitBusiness {
			c.refuse("/date/unit", CodeImpossible, "instants are compared by the hour, business days by the day")
		}
		if d.Left != "date" || d.Right != "date" {
			c.refuse("/date/precision", CodeImpossible, "only the booking date has an instant")
		}
	}
	if d.Calendar != "" && d.Unit != UnitBusiness {
		c.refuse("/date/calendar", CodeImpossible, "a calendar needs unit BUSINESS")
	}
}

func (c *ruleChecker) text(t *RuleText) {
	if *t == (RuleText{}) {
		return
	}
	c.oneOf("/text/algorithm", t.Algorithm, TextJaroWinkler, TextTokenSet, TextLevenshtein)
	c.textField("/text/left", t.Left)
	c.textField("/text/right", t.Right)
	c.fraction("/text/min", t.Min, 10_000, "a similarity from 0 to 1")
}

func (c *ruleChecker) confirm(r *RuleConfirm) {
	c.oneOf("/confirm/mode", r.Mode, RuleValues["confirm/mode"]...)
	c.between("/confirm/autoAt", *r.AutoAt, 0, 100)
	c.between("/confirm/proposeAt", *r.ProposeAt, 0, 100)
	if *r.ProposeAt > *r.AutoAt {
		c.refuse("/confirm/proposeAt", CodeImpossible,
			"is more than autoAt: nothing could be proposed that is not confirmed")
	}
	c.errs = append(c.errs, r.MaxDifference.Check("/confirm/maxDifference")...)
	c.errs = append(c.errs, r.MaxAmount.Check("/confirm/maxAmount")...)
}
