package recon

// Class is the kind of an open row: what a person has to do about it.
type Class uint8

// The classes of open rows.
const (
	_              Class = iota
	ClassTiming          // may still arrive: younger than the widest lag
	ClassMissing         // nothing on the other side speaks for it
	ClassBreak           // its partner is there and disagrees
	ClassAmbiguous       // several partners are as good
	ClassData            // the row lacks what the rules compare, or is there twice
)

// Classes are the texts of Class, by value.
var Classes = []string{
	"", ClassTiming: "TIMING", ClassMissing: "MISSING", ClassBreak: "BREAK", ClassAmbiguous: "AMBIGUOUS", ClassData: "DATA",
}

// String returns the text of the class, "" for none.
func (c Class) String() string { return Classes[c] }

// MarshalText writes the text.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a text that MarshalText writes.
func (c *Class) UnmarshalText(text []byte) error { return readEnum(c, Classes, string(text)) }

// Scan reads a text column.
func (c *Class) Scan(column any) error { return scanEnum(c, Classes, column) }

// Reason is why a row stayed open. A run lists its open rows in this order.
type Reason uint8

// The reasons of open rows.
const (
	_                     Reason = iota
	ReasonNoCandidate            // no row of the other side comes near
	ReasonInTransit              // the row is young enough for its partner to arrive yet
	ReasonAmountDiffers          // its partner has another amount, by more than the rule tolerates
	ReasonDateOutside            // its partner's day is outside the rule's window
	ReasonCurrencyDiffers        // its partner is in another currency
	ReasonKeyDiffers             // its partner has another key
	ReasonScoreBelow             // its best partner scores below the rule's limit
	ReasonTaken                  // everything agrees, and a better pair took the partner
	ReasonAmbiguous              // several partners are equally good
	ReasonDuplicate              // the surplus of equal rows
	ReasonSearchBudget           // the search for a sum ended at its limit before it was decided
	ReasonFieldMissing           // the row has no value in a field that the rules compare
	ReasonPending                // not booked yet, and no rule asks for such rows
	ReasonSplitIncomplete        // rows of the other side share its key and do not add up to it
	ReasonRejected               // a person rejected its group, and no run has looked since
	ReasonTextBelow              // its partner's text is less similar than the rule demands
	ReasonFXRateMissing          // no exchange rate is known for the day and currencies
	ReasonFeeVariance            // the fee is another than the schedule gives
	ReasonReturnNotBooked        // it takes back a row of its side, and the return is not on the other side yet
	ReasonReturned               // it takes back a row of its side that is settled, or only proposed for it
	ReasonNotCovered             // its window reaches beyond what the other side's files cover
	ReasonStalePayment           // a payment that was not cashed in its window
	ReasonLateDeposit            // a deposit that was not banked in its window
	ReasonBookedTwice            // it books an adjustment that another row has booked
	ReasonPartialRest            // the rest of a partial group: the row is in the group, the rest is open
	ReasonUnmatched              // a person took its group apart, and no run has looked since
	ReasonNotRun                 // no run has looked at the row yet; never stored
)

// Reasons are the texts of Reason, by value.
var Reasons = []string{
	"", ReasonNoCandidate: "NO_CANDIDATE", ReasonInTransit: "IN_TRANSIT", ReasonAmountDiffers: "AMOUNT_DIFFERS",
	ReasonDateOutside: "DATE_OUTSIDE", ReasonCurrencyDiffers: "CURRENCY_DIFFERS", ReasonKeyDiffers: "KEY_DIFFERS",
	ReasonScoreBelow: "SCORE_BELOW", ReasonTaken: "PARTNER_TAKEN", ReasonAmbiguous: "AMBIGUOUS",
	ReasonDuplicate: "DUPLICATE", ReasonSearchBudget: "SEARCH_BUDGET", ReasonFieldMissing: "FIELD_MISSING",
	ReasonPending: "PENDING", ReasonSplitIncomplete: "SPLIT_INCOMPLETE", ReasonRejected: "REJECTED",
	ReasonTextBelow: "TEXT_BELOW", ReasonFXRateMissing: "FX_RATE_MISSING", ReasonFeeVariance: "FEE_VARIANCE",
	ReasonReturnNotBooked: "RETURN_NOT_BOOKED", ReasonReturned: "RETURNED",
	ReasonNotCovered: "NOT_COVERED", ReasonStalePayment: "STALE_PAYMENT", ReasonLateDeposit: "LATE_DEPOSIT",
	ReasonBookedTwice: "BOOKED_TWICE",
	ReasonPartialRest: "PARTIAL_REST", ReasonUnmatched: "UNMATCHED", ReasonNotRun: "NOT_RUN",
}

// StoredReasons are the texts of the reasons that an exception may have.
var StoredReasons = Reasons[ReasonNoCandidate:ReasonNotRun]

// String returns the text of the reason, "" for none.
func (r Reason) String() string { return Reasons[r] }

// MarshalText writes the text.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a text that MarshalText writes.
func (r *Reason) UnmarshalText(text []byte) error { return readEnum(r, Reasons, string(text)) }

// Scan reads a text column.
func (r *Reason) Scan(column any) error { return scanEnum(r, Reasons, column) }

// State of a row after a run. Every row is in exactly one.
type State string

// The states that a run gives.
const (
	StateOpen      State = "OPEN"
	StateProposed  State = "PROPOSED"
	StatePartial   State = "PARTIAL"
	StateConfirmed State = "CONFIRMED"
	StateIgnored   State = "IGNORED"
)
