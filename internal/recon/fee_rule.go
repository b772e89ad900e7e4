package recon

import (
	"slices"
	"strconv"
	"time"
)

// FeeRule names the fee schedule by which the rows of a context are charged: of the rules that fit a row, the one of
// the lowest priority number holds.
type FeeRule struct {
	Name        string   `json:"name"`
	Priority    int      `json:"priority"`
	FeeSchedule string   `json:"feeSchedule" doc:"Name of the schedule"`
	Sources     []string `json:"sources,omitempty" doc:"Names of sources; none: all of them"`
	Kinds       []string `json:"kinds,omitempty" doc:"Kinds of rows, SALE say; none: all of them"`
}

// StoredFeeRule is a fee rule of a context.
type StoredFeeRule struct {
	ID        string    `json:"id"`
	ContextID string    `json:"contextId"`
	Rule      FeeRule   `json:"rule"`
	Version   int       `json:"version"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	CreatedBy string    `json:"createdBy"`
}

const feeRuleNamesMax = 50

// Check returns everything that is wrong with the rule.
func (r *FeeRule) Check() []FieldError {
	c := &ruleChecker{}
	c.nameOf("/name", "fee rule", r.Name)
	c.between("/priority", r.Priority, 1, PriorityMax)
	c.nameOf("/feeSchedule", "fee schedule", r.FeeSchedule)
	for _, list := range []struct {
		at    string
		names []string
	}{{"/sources", r.Sources}, {"/kinds", r.Kinds}} {
		if len(list.names) > feeRuleNamesMax {
			c.refuse(list.at, CodeInvalidValue, "holds more than %d names", feeRuleNamesMax)
		}
		for i, name := range list.names {
			if name == "" || slices.Contains(list.names[:i], name) {
				c.refuse(list.at+"/"+strconv.Itoa(i), CodeDuplicate, "is empty or given twice")
			}
		}
	}
	return c.errs
}

// Fits reports whether the rule charges rows of a source and a kind.
func (r *FeeRule) Fits(source, kind string) bool {
	return (len(r.Sources) == 0 || slices.Contains(r.Sources, source)) &&
		(len(r.Kinds) == 0 || slices.Contains(r.Kinds, kind))
}

// FeeCheck is the fee of one row against what its schedule allows. Amounts are decimals in Currency.
type FeeCheck struct {
	TransactionID string `json:"transactionId"`
	ExternalID    string `json:"externalId,omitempty"`
	SourceID      string `json:"sourceId"`
	Date          Day    `json:"date"`
	Currency      string `json:"currency"`
	FeeRule       string `json:"feeRule"`
	FeeSchedule   string `json:"feeSchedule"`
	Amount        string `json:"amount"` // what was charged on: gross, or the amount of a row without
	Expected      string `json:"expected"`
	Actual        string `json:"actual"`
	Delta         string `json:"delta"` // actual − expected
	Verdict       string `json:"verdict"`
}
