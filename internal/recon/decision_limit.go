package recon

import (
	"slices"
	"strconv"
)

// DecisionIgnored is the reason of ignoring a row, which is no adjustment's.
const DecisionIgnored = "IGNORED"

// DecisionReasons are what a limit may be about: adjustments that people make, transfers, and ignored rows.
var DecisionReasons = append(slices.Clone(AdjustmentReasons[AdjustmentRounding:]), DecisionIgnored)

// LimitRoles are the roles that a limit may name.
var LimitRoles = []string{"preparer", "approver", "reviewer", "controller", "admin"}

// DecisionLimit is one line of the matrix reason × amount × role. What was decided before in the calendar month counts
// with it: all reasons of the line together, so that splitting an amount goes round nothing.
type DecisionLimit struct {
	Reasons        []string `json:"reasons,omitempty" maxItems:"10" nullable:"false" doc:"Reasons of adjustments, TRANSFER or IGNORED; default all"`
	Roles          []string `json:"roles,omitempty" maxItems:"10" nullable:"false" doc:"Whose limit this is; default every role"`
	Max            Limits   `json:"max,omitzero" doc:"Most of one party a month; of rows that name none, of one group or row"`
	PerMonth       Limits   `json:"perMonth,omitzero" doc:"Most of the context a month"`
	TwoPeopleAbove Limits   `json:"twoPeopleAbove,omitzero" doc:"Above this amount of one party a month another person decides too"`
}

func (l *DecisionLimit) check() []FieldError {
	check := &ruleChecker{}
	for i, reason := range l.Reasons {
		check.oneOf("/reasons/"+strconv.Itoa(i), reason, DecisionReasons...)
	}
	for i, role := range l.Roles {
		check.oneOf("/roles/"+strconv.Itoa(i), role, LimitRoles...)
	}
	check.errs = append(check.errs, l.Max.Check("/max")...)
	check.errs = append(check.errs, l.PerMonth.Check("/perMonth")...)
	return append(check.errs, l.TwoPeopleAbove.Check("/twoPeopleAbove")...)
}

// Of is the reasons that the line is about.
func (l *DecisionLimit) Of() []string {
	if len(l.Reasons) == 0 {
		return DecisionReasons
	}
	return l.Reasons
}
