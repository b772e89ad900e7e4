package recon

import "time"

// The states of an exception.
const (
	ExceptionOpen       = "OPEN"
	ExceptionInProgress = "IN_PROGRESS" // a person has taken it up
	ExceptionWaiting    = "WAITING"     // snoozed, or asked of another person
	ExceptionResolved   = "RESOLVED"
	ExceptionReopened   = "REOPENED"
	// ExceptionUnresolved is in a filter any state but RESOLVED.
	ExceptionUnresolved = "UNRESOLVED"
)

// ExceptionFilter narrows a list of exceptions; empty fields do not.
type ExceptionFilter struct {
	ContextID  string
	Status     string // UNRESOLVED, or one of the states
	Class      Class
	Reason     Reason
	Severity   Severity
	Side       Side
	SourceID   string
	Currency   string
	MinAmount  string // of |amount|, a decimal in Currency
	MaxAmount  string
	From, To   Day // booking dates
	MinAgeDays int // leaves out rows booked later than so many days ago
	DueBy      Day
	Assignee   string
	Unassigned bool
	Resolution string
	Text       string // in reference, description, external id or metadata
	Queue      bool   // only what waits for a person now: unresolved, and neither snoozed nor asked of another one
}

// ExceptionSorts are the orders of a list of exceptions; - turns one round. Without one it is the order of loading.
var ExceptionSorts = []string{"amount", "-amount", "age", "-age", "due", "-due", "severity", "-severity"}

// ExceptionBands are the last days of all bands of ages but the last one, which is open.
var ExceptionBands = []int{30, 60, 90, 180, 365}

// ExceptionSummary counts and sums exceptions, by currency and by what a list can be narrowed to. Amounts are as the
// rows have them.
type ExceptionSummary struct {
	Count      int64            `json:"count"`
	Currencies []ExceptionTotal `json:"currencies"`
	Facets     []ExceptionFacet `json:"facets"`
}

// ExceptionTotal is a sum of one currency.
type ExceptionTotal struct {
	Currency string `json:"currency"`
	Count    int64  `json:"count"`
	Amount   string `json:"amount"`
}

// ExceptionFacet is what has one value: of status, severity, class, reason, side, source (its name), assignee, ageBand
// (its first day) or overdue (true or false).
type ExceptionFacet struct {
	Facet string `json:"facet"`
	Value string `json:"value"`
	ExceptionTotal
}

// Exception is a fact about an open row: why it is open and what is nearest to it. It resolves when the row is
// matched. With the reason PARTIAL_REST it is about what is left of a partial group: Amount is the rest, Date that of
// the oldest row.
type Exception struct {
	ID                string     `json:"id"`
	TransactionID     string     `json:"transactionId"`
	ContextID         string     `json:"contextId"`
	SourceID          string     `json:"sourceId"`
	Side              Side       `json:"side"`
	ExternalID        string     `json:"externalId,omitempty"`
	Reference         string     `json:"reference,omitempty"`
	Amount            string     `json:"amount"`
	Currency          string     `json:"currency"`
	Date              Day        `json:"date"`
	AgeDays           int        `json:"ageDays"` // since date, today
	Description       string     `json:"description,omitempty"`
	Class             Class      `json:"class"`
	Reason            Reason     `json:"reason"`
	NearestID         string     `json:"nearestTransactionId,omitempty"`
	NearestDifference string     `json:"nearestDifference,omitempty"`
	Suggestion        string     `json:"suggestion,omitempty"`
	Status            string     `json:"status" enum:"OPEN,IN_PROGRESS,WAITING,RESOLVED,REOPENED"`
	Severity          Severity   `json:"severity"`
	SeverityNote      string     `json:"severityNote,omitempty"` // why it does not follow from the amount
	Due               Day        `json:"due"`
	SnoozedUntil      Day        `json:"snoozedUntil,omitzero"` // the day on which it is back in the queue
	Assignee          string     `json:"assignee,omitempty"`
	Comments          int        `json:"comments"`
	Resolution        string     `json:"resolution,omitempty"`
	ResolutionID      string     `json:"resolutionId,omitempty"` // how a person ended it, or proposes to
	GroupID           string     `json:"groupId,omitempty"`      // the active group that holds the row
	OpenedAt          time.Time  `json:"openedAt"`
	ResolvedAt        *time.Time `json:"resolvedAt,omitempty"`
}
