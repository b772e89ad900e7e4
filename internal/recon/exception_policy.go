package recon

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ExceptionPolicy is what a context asks of its open rows: when one becomes an exception, how much it matters, until
// when it is due and whose it is. The zero value is the policy of a context that has none of its own.
type ExceptionPolicy struct {
	ReportingCurrency string           `json:"reportingCurrency,omitempty" maxLength:"3" doc:"Amounts are ranked in it, at the latest rate; without one every exception is MEDIUM"`
	Severity          []Decimal        `json:"severity,omitempty" maxItems:"3" nullable:"false" doc:"From which amounts of the reporting currency an exception is MEDIUM, HIGH and CRITICAL; default 100, 10000, 1000000"`
	DueDays           []int            `json:"dueDays,omitempty" maxItems:"4" nullable:"false" doc:"Business days until a LOW, MEDIUM, HIGH and CRITICAL one is due; default 10, 5, 2, 1"`
	Calendar          string           `json:"calendar,omitempty" maxLength:"120" doc:"Calendar of the business days; default Monday to Friday"`
	GraceDays         map[string]int   `json:"graceDays,omitempty" doc:"By reason, how many days after its booking date a row becomes an exception; default 0"`
	Party             string           `json:"party,omitempty" maxLength:"120" doc:"Field of a row that names whose money it is, metadata.customer say; limits count by it"`
	Limits            []DecisionLimit  `json:"limits,omitempty" maxItems:"100" nullable:"false" doc:"Who may end how much money by decision; a reason that no line names has no limit"`
	Assignment        []AssignmentRule `json:"assignment,omitempty" maxItems:"50" nullable:"false" doc:"The first that fits a new exception gives it its assignee"`
}

// AssignmentRule gives exceptions to a person or a queue.
type AssignmentRule struct {
	When     string `json:"when,omitempty" maxLength:"2000" doc:"CEL over the row, side, source, class, reason and severity; absent fits every one"`
	Assignee string `json:"assignee" minLength:"1" maxLength:"200" doc:"Subject of a person, or the name of a queue"`
}

const (
	graceDaysMax = 366
	dueDaysMax   = 366
	// staleDays is the age from which on an exception matters more.
	staleDays = 30
)

var (
	standardSeverity = []Decimal{"100", "10000", "1000000"}
	standardDueDays  = []int{10, 5, 2, 1}
)

// WithDefaults fills in what is not given.
func (p ExceptionPolicy) WithDefaults() ExceptionPolicy {
	if len(p.Severity) == 0 {
		p.Severity = standardSeverity
	}
	if len(p.DueDays) == 0 {
		p.DueDays = standardDueDays
	}
	return p
}

// Check returns everything that is wrong with the policy but its CEL.
func (p *ExceptionPolicy) Check() []FieldError {
	check := &ruleChecker{}
	if p.ReportingCurrency != "" {
		check.currencyCode("/reportingCurrency", p.ReportingCurrency)
	}
	if n := len(p.Severity); n != 0 && n != len(standardSeverity) {
		check.refuse("/severity", CodeInvalidValue, "needs three amounts, of MEDIUM, HIGH and CRITICAL")
	}
	last := int64(0)
	for i, amount := range p.Severity {
		value, err := amount.Scaled(CurrencyScale(p.ReportingCurrency))
		if err != nil || value <= last {
			check.refuse("/severity/"+strconv.Itoa(i), CodeInvalidValue, "must be an amount above the one before")
		}
		last = value
	}
	if n := len(p.DueDays); n != 0 && n != len(standardDueDays) {
		check.refuse("/dueDays", CodeInvalidValue, "needs four numbers, of LOW, MEDIUM, HIGH and CRITICAL")
	}
	for i, days := range p.DueDays {
		if days < 1 || days > dueDaysMax {
			check.refuse("/dueDays/"+strconv.Itoa(i), CodeInvalidValue, "must be between 1 and %d", dueDaysMax)
		}
	}
	if p.Party != "" && !slices.Contains(TextFields, p.Party) && !strings.HasPrefix(p.Party, MetadataPrefix) {
		check.refuse("/party", CodeInvalidValue, "is no field of a row: reference, or metadata.customer, say")
	}
	for i := range p.Limits {
		check.errs = append(check.errs, Below("/limits/"+strconv.Itoa(i), p.Limits[i].check())...)
	}
	for reason, days := range p.GraceDays {
		at := "/graceDays/" + PointerName(reason)
		if !slices.Contains(StoredReasons, reason) {
			check.refuse(at, CodeInvalidValue, "is no reason that a row is open for")
		}
		if days < 0 || days > graceDaysMax {
			check.refuse(at, CodeInvalidValue, "must be between 0 and %d", graceDaysMax)
		}
	}
	return check.errs
}

// OpenFact is what is known of an open row when its exception is assessed.
type OpenFact struct {
	Amount   Minor
	Currency string
	Date     Day
	Side     Side
	Class    Class
	Reason   Reason
}

// Assessment is what a policy makes of an open row.
type Assessment struct {
	Severity Severity
	Note     string // why the severity could not follow from the amount; "" where it could
	Due      Day
	OpensOn  Day // the day from which on it is an exception; NoDay: at once
}

// Assessor applies a policy on a day.
type Assessor struct {
	policy     ExceptionPolicy
	bounds     []Minor // of severities, in the reporting currency
	rates      map[string]FXRate
	today      Day
	due        []Day // by severity
	nextWorked Day
}

// NewAssessor prepares a policy for a day. rates are the latest that lead to or from the reporting currency.
func NewAssessor(p ExceptionPolicy, calendar Calendar, rates []FXRate, today Day) *Assessor {
	a := &Assessor{policy: p.WithDefaults(), rates: map[string]FXRate{}, today: today}
	for _, amount := range a.policy.Severity {
		bound, err := amount.Scaled(CurrencyScale(p.ReportingCurrency))
		if err != nil {
			panic("recon: a stored policy has an amount that Check refuses: " + err.Error())
		}
		a.bounds = append(a.bounds, Minor(bound))
	}
	for _, r := range rates {
		if r.From == p.ReportingCurrency {
			a.rates[r.To] = r
		}
	}
	for _, r := range rates { // a rate that leads to it multiplies, one that leads from it divides
		if r.To == p.ReportingCurrency {
			a.rates[r.From] = r
		}
	}
	for _, days := range a.policy.DueDays {
		a.due = append(a.due, calendar.After(today, days))
	}
	a.nextWorked = calendar.After(today, 1)
	return a
}

// Assess gives the severity, by the size of its amount, of an exception that is opened today, and its due day. Old
// ones matter more by a step, but for those that may still arrive; money out of the bank that nothing explains is
// looked at on the next business day.
func (a *Assessor) Assess(f OpenFact) (out Assessment) {
	out.Severity, out.Note = a.byAmount(f)
	if f.Class != ClassTiming && a.today-f.Date > staleDays && out.Severity < SeverityCritical {
		out.Severity++
	}
	unexplained := f.Side == Right && f.Amount < 0 && f.Reason == ReasonNoCandidate
	if unexplained {
		out.Severity = max(out.Severity, SeverityHigh)
	}
	out.Due = a.due[out.Severity-SeverityLow]
	if unexplained {
		out.Due = a.nextWorked
	}
	if days := a.policy.GraceDays[f.Reason.String()]; days > 0 {
		out.OpensOn = f.Date + Day(days)
	}
	return out
}

func (a *Assessor) byAmount(f OpenFact) (Severity, string) {
	reporting := a.policy.ReportingCurrency
	if reporting == "" {
		return SeverityMedium, "the context's policy names no reporting currency"
	}
	amount := f.Amount.Abs()
	if f.Currency != reporting {
		rate, known := a.rates[f.Currency]
		if !known {
			return SeverityMedium, fmt.Sprintf("no rate between %s and %s is known", f.Currency, reporting)
		}
		convert := rate.ConvertBack
		if rate.To == reporting {
			convert = rate.Convert
		}
		converted, err := convert(amount)
		if err != nil {
			return SeverityCritical, "the amount is too large to be converted"
		}
		amount = converted
	}
	severity := SeverityLow
	for _, bound := range a.bounds {
		if amount >= bound {
			severity++
		}
	}
	return severity, ""
}
