package recon

import "slices"

// RunOptions is what a run knows apart from its rules and its rows. A setup fills it, a run stores it with its plan,
// and the engine takes it, so that changing any of it changes no past.
type RunOptions struct {
	// AsOf is the day on which the books are looked at, as it was asked for; NoDay: the earlier day of the two sides'
	// coverage.
	AsOf Day `json:"asOf"`
	// From and To bound the anchors: rows outside may match anchors but are not reported open. NoDay or the zero value:
	// unbounded.
	From Day `json:"from"`
	To   Day `json:"to"`
	// Covered are the days through which the files of each side are complete, where they are later than the last row.
	Covered Covered `json:"covered,omitzero"`
	// DuplicateDays is the window in which a row that repeats key, amount and currency of an earlier row of its side,
	// with other content, is a suspected duplicate: it matches last and is never confirmed on its own. 0: no row is
	// suspected.
	DuplicateDays int `json:"duplicateDays,omitempty"`
	// MaxWriteOff bounds what the confirmed differences of a month may add up to in a currency.
	MaxWriteOff Limits `json:"maxWriteOff,omitzero"`
	// Written is what earlier runs confirmed of those differences, and what their POST rules booked.
	Written []WriteOff `json:"written,omitempty"`
	// Owed are the adjustments of earlier runs, those that a left row has booked among them.
	Owed []Owed `json:"owed,omitempty"`
	// AccountField is the field of left rows with the account that they are booked to; "": AccountFieldDefault.
	AccountField string `json:"accountField,omitempty"`
	// Calendars by id, for rules that name one. Without a name a rule's business days are Monday to Friday.
	Calendars []Calendar `json:"calendars,omitempty"`
	// FeeSchedules by name, for rules that name one.
	FeeSchedules []FeeSchedule `json:"feeSchedules,omitempty"`
	// Rates are the dated rates that rules with currency CONVERT look up.
	Rates []FXRate `json:"rates,omitempty"`
	// Rejected are sets of rows that were rejected or taken apart: none is offered again.
	Rejected []RowSet `json:"rejectedSets,omitempty"`
	// Partials are the partial groups of earlier runs, whose rows are among those of the tables.
	Partials []PartialGroup `json:"partials,omitempty"`
	// Settled are groups of earlier runs whose rows are given again, since a later row may take one of them back.
	Settled []RowSet `json:"settled,omitempty"`
	// Reopened are those that a row has taken back: their rows are open again.
	Reopened []RowSet `json:"reopened,omitempty"`
	// Movements are the sources whose rows are movements of money, by name. All others count as claims.
	Movements RuleSources `json:"movements,omitzero"`
	// Reported are the open rows of earlier runs. They are anchors of a period that begins after them.
	Reported Reported `json:"reported,omitzero"`
}

const (
	// ReturnDays is how long a settled row may come back where nothing else is set: a direct debit that was not
	// authorised comes back for 13 months.
	ReturnDays = 400
	// ReturnableMax bounds the settled rows that a period hands on, and those that a run looks at, the newest groups
	// first: 300 bytes each in a file.
	ReturnableMax = 500_000
)

// AccountFieldDefault is a column that is called account.
const AccountFieldDefault = MetadataPrefix + "account"

// CheckAccountField refuses what is no field of a row.
func CheckAccountField(field string) []FieldError {
	c := ruleChecker{}
	c.textField("", field)
	return c.errs
}

// Reported are the rows that earlier runs of a context looked at and that were in the period of one of them.
type Reported struct {
	Periods []Days  `json:"periods,omitempty"`
	Unread  []int64 `json:"unread,omitempty"` // imports that no run has looked at, by number
}

// Days are a period. A day that is NoDay does not bound it.
type Days struct {
	From Day `json:"from"`
	To   Day `json:"to"`
}

// Hold reports whether a row of an import was reported.
func (r *Reported) Hold(importNum int64, date Day) bool {
	return !slices.Contains(r.Unread, importNum) && slices.ContainsFunc(r.Periods, func(p Days) bool {
		return (!p.From.Set() || date >= p.From) && (!p.To.Set() || date <= p.To)
	})
}

// Covered are days of coverage by side.
type Covered struct {
	Left  Day `json:"left"`
	Right Day `json:"right"`
}

// Waits returns why a row of a side may still find a partner on a day: it is in transit, or the other side's files end
// too early to know.
func (c Covered) Waits(side Side, date, asOf Day) Reason {
	other := c.Right
	if side == Right {
		other = c.Left
	}
	if other.Set() && max(date, asOf) > other {
		return ReasonNotCovered
	}
	return ReasonInTransit
}

// WriteOff is the size of the differences that were confirmed in a month: that of the newest row of their groups.
type WriteOff struct {
	Month    Day    `json:"month"` // its first day
	Currency string `json:"currency"`
	Amount   Minor  `json:"amount"`
	Rule     string `json:"rule,omitempty"` // of type POST, where that rule booked it
}

// RowSet names rows of both sides by the ids that they were loaded with.
type RowSet struct {
	Left  []int64 `json:"left"`
	Right []int64 `json:"right"`
}

// PartialGroup is a partial group of an earlier run, with the name of the rule that made it. ID is 0 where groups are
// not stored.
type PartialGroup struct {
	ID int64 `json:"id"`
	RowSet
	Rule string `json:"rule"`
}
