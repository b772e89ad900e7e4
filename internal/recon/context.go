package recon

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Context is one reconciliation that a team does again and again: its sources, rules, runs and exceptions.
type Context struct {
	ID          string          `json:"id"`
	Num         int32           `json:"-"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Status      ContextStatus   `json:"status"`
	Settings    ContextSettings `json:"settings"`
	Version     int             `json:"version"`
	Decisions   int64           `json:"-"` // people's decisions on its groups so far
	CreatedAt   time.Time       `json:"createdAt"`
	UpdatedAt   time.Time       `json:"updatedAt"`
	CreatedBy   string          `json:"createdBy"`
}

// ContextStatus reports whether a context takes work.
type ContextStatus string

// The states of a context. A paused one takes imports but no runs; an archived one is read only.
const (
	ContextActive   ContextStatus = "ACTIVE"
	ContextPaused   ContextStatus = "PAUSED"
	ContextArchived ContextStatus = "ARCHIVED"
)

// ContextSettings are a context's own choices.
type ContextSettings struct {
	// MaxWriteOff bounds the differences that runs may confirm a month, per currency; past it groups are only proposed.
	MaxWriteOff map[string]string `json:"maxWriteOff,omitempty" doc:"Most that runs may confirm in differences a month, by currency; past it groups are only proposed"`
	// DuplicateDays is the window in which an equal row of other content is a suspected duplicate; 0: no row is
	// suspected.
	DuplicateDays int `json:"duplicateDays,omitempty" minimum:"0" maximum:"3660" doc:"Window in days in which a row that repeats key, amount and currency of an earlier one is suspected and never confirmed on its own; 0 suspects no row"`
	// ReturnDays is how long a confirmed group may be taken back by a later row; nil: ReturnDays, 0: never.
	ReturnDays *int `json:"returnDays,omitempty" minimum:"0" maximum:"3660" doc:"Days within which a later row may take a confirmed one back, which opens its group again; 400 without it, 0 looks for none"`
	// AccountField is the field of left rows with the account that they are booked to; "": metadata.account.
	AccountField string `json:"accountField,omitempty" doc:"Field of left rows with the account that they are booked to, by which they book adjustments; metadata.account without it"`
	// AutoMatch queues a run when a file has been loaded.
	AutoMatch bool `json:"autoMatch,omitempty" doc:"A completed import queues a run, at most one of a context"`
	// FourEyes keeps people from confirming what they matched or adjusted themselves.
	FourEyes bool `json:"fourEyes,omitempty" doc:"A group is confirmed by another person than those that matched or adjusted it; rules, settings, policy, access list and the calendars of the tenant are changed by two people"`
	// RequireBackTest lets rules be changed only where a back-test of what they become has ended since they last
	// changed.
	RequireBackTest bool `json:"requireBackTest,omitempty" doc:"Rules are changed only as a back-test that has ended tried them, and that no change of the rules has overtaken"`
}

// WriteOff is MaxWriteOff as limits by currency.
func (s *ContextSettings) WriteOff() Limits {
	if len(s.MaxWriteOff) == 0 {
		return Limits{}
	}
	limits := Limits{ByCurrency: make(map[string]Decimal, len(s.MaxWriteOff))}
	for currency, amount := range s.MaxWriteOff {
		limits.ByCurrency[currency] = Decimal(amount)
	}
	return limits
}

// ReturnsFor is ReturnDays with its default.
func (s *ContextSettings) ReturnsFor() int {
	if s.ReturnDays == nil {
		return ReturnDays
	}
	return *s.ReturnDays
}

// Check returns what is wrong with a written context, by JSON pointer.
func (c Context) Check() []FieldError {
	faults := checkName(c.Name)
	if c.Settings.DuplicateDays < 0 || c.Settings.DuplicateDays > DuplicateDaysMax {
		faults = append(faults, FieldError{
			Pointer: "/settings/duplicateDays", Code: CodeInvalidValue,
			Message: fmt.Sprintf("must be between 0 and %d", DuplicateDaysMax),
		})
	}
	if days := c.Settings.ReturnDays; days != nil && (*days < 0 || *days > DuplicateDaysMax) {
		faults = append(faults, FieldError{
			Pointer: "/settings/returnDays", Code: CodeInvalidValue,
			Message: fmt.Sprintf("must be between 0 and %d", DuplicateDaysMax),
		})
	}
	if field := c.Settings.AccountField; field != "" {
		faults = append(faults, Below("/settings/accountField", CheckAccountField(field))...)
	}
	for currency, amount := range c.Settings.MaxWriteOff {
		pointer := "/settings/maxWriteOff/" + PointerName(currency)
		money, err := ParseMoney(amount, currency)
		switch {
		case err != nil:
			faults = append(faults, FieldError{Pointer: pointer, Code: CodeAmountUnreadable, Message: err.Error()})
		case money.Amount < 0:
			faults = append(faults, FieldError{pointer, CodeInvalidValue, "a limit is not negative"})
		}
	}
	return faults
}

// Source is one stream of rows on one side of a context.
type Source struct {
	ID              string    `json:"id"`
	Num             int32     `json:"-"`
	ContextID       string    `json:"contextId"`
	Name            string    `json:"name"`
	Side            Side      `json:"side"`
	Currency        string    `json:"currency,omitempty"`       // of rows whose file names none
	TimeZone        string    `json:"timeZone"`                 // IANA name; decides which day an instant belongs to
	Negate          bool      `json:"negate"`                   // the file counts the other way round
	MaxRejected     *int64    `json:"maxRejected,omitempty"`    // refused rows that a file may have; nil: what mapping tolerates
	Account         string    `json:"account,omitempty"`        // whose statements come in; "": that of the first one
	ControlTotals   string    `json:"controlTotals"`            // KEEP, or REFUSE: what becomes of a file whose figures contradict each other
	CoveredThrough  *Day      `json:"coveredThrough,omitempty"` // the last day of which its files have everything; nil: its last statement, else its last row
	FieldMapVersion int       `json:"fieldMapVersion"`          // 0: columns are detected anew from each file
	Version         int       `json:"version"`
	CreatedAt       time.Time `json:"createdAt"`
	UpdatedAt       time.Time `json:"updatedAt"`
	CreatedBy       string    `json:"createdBy"`
}

// What becomes of a file whose figures contradict each other.
const (
	ControlTotalsKeep   = "KEEP" // with a finding
	ControlTotalsRefuse = "REFUSE"
)

// Check returns what is wrong with a written source, by JSON pointer.
func (s Source) Check() []FieldError {
	faults := checkName(s.Name)
	if s.Side != Left && s.Side != Right {
		faults = append(faults,
			FieldError{Pointer: "/side", Code: CodeInvalidValue, Message: "is neither LEFT nor RIGHT"})
	}
	if _, known := CurrencyDigits(s.Currency); s.Currency != "" && !known {
		faults = append(faults, FieldError{
			Pointer: "/currency", Code: CodeCurrencyUnknown, Message: "is no ISO 4217 code in capitals",
		})
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" {
		faults = append(faults, FieldError{
			Pointer: "/timeZone", Code: CodeInvalidValue, Message: "is no IANA time zone, Europe/Berlin say",
		})
	}
	if s.MaxRejected != nil && *s.MaxRejected < 0 {
		faults = append(faults, FieldError{
			Pointer: "/maxRejected", Code: CodeInvalidValue, Message: "is a number of rows, 0 or more",
		})
	}
	if utf8.RuneCountInString(s.Account) > maxNameRunes {
		faults = append(faults, FieldError{
			Pointer: "/account", Code: CodeFieldTooLong, Message: "has more than 200 letters",
		})
	}
	return faults
}

// maxNameRunes is what the tables allow a name to have.
const maxNameRunes = 200

func checkName(name string) []FieldError {
	switch {
	case strings.TrimSpace(name) == "":
		return []FieldError{{Pointer: "/name", Code: CodeMissingValue, Message: "a name is needed"}}
	case utf8.RuneCountInString(name) > maxNameRunes:
		return []FieldError{{
			Pointer: "/name", Code: CodeFieldTooLong,
			Message: fmt.Sprintf("a name has at most %d characters", maxNameRunes),
		}}
	case strings.ContainsRune(name, 0):
		return []FieldError{{Pointer: "/name", Code: CodeInvalidValue, Message: "a name holds no NUL"}}
	}
	return nil
}
