package recon

import "time"

// Outcome is how a person ends an exception. Each leaves a balanced trace: a group, an adjustment, or a line
// of the statement until its row is matched.
type Outcome uint8

// The outcomes.
const (
	_                  Outcome = iota
	OutcomeMatched             // with rows of the other side, in a group
	OutcomeBooked              // real and to be recorded in the books; ends when its ledger row comes
	OutcomeSuspense            // booked to the suspense account until it is identified
	OutcomeUnapplied           // its party is known, and owes nothing or has paid too much
	OutcomeWrittenOff          // a loss or a gain
	OutcomeTransferred         // ends together with an open row of another context, which has to accept
	OutcomeCorrected           // taken back by rows of another import of its side
	OutcomeIgnored             // stays in the statement, with a reason and the day on which it is looked at again
)

// Outcomes are the texts of Outcome, by value.
var Outcomes = []string{
	"", OutcomeMatched: "MATCHED", OutcomeBooked: "BOOKED", OutcomeSuspense: "SUSPENSE", OutcomeUnapplied: "UNAPPLIED",
	OutcomeWrittenOff: "WRITTEN_OFF", OutcomeTransferred: "TRANSFERRED", OutcomeCorrected: "CORRECTED",
	OutcomeIgnored: "IGNORED",
}

// String returns the text of the outcome, "" for none.
func (o Outcome) String() string { return Outcomes[o] }

// MarshalText writes the text.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads a text that MarshalText writes.
func (o *Outcome) UnmarshalText(text []byte) error { return readEnum(o, Outcomes, string(text)) }

// Scan reads a text column.
func (o *Outcome) Scan(column any) error { return scanEnum(o, Outcomes, column) }

// KeepsOpen reports whether the row stays open money: the statement has it with the outcome as its reason.
func (o Outcome) KeepsOpen() bool {
	return o == OutcomeBooked || o == OutcomeSuspense || o == OutcomeUnapplied
}

// The states of a resolution.
const (
	ResolutionProposed = "PROPOSED" // another person has to approve
	ResolutionRefused  = "REFUSED"
	ResolutionStanding = "STANDING" // in force
	ResolutionEnded    = "ENDED"    // its row was matched after all
	ResolutionReversed = "REVERSED" // the exception was reopened, or its row is gone
)

// Resolution is how an exception was ended, or is proposed to be.
type Resolution struct {
	Outcome          Outcome          `json:"outcome"`
	With             []string         `json:"with,omitempty" maxItems:"1000" nullable:"false" doc:"MATCHED, CORRECTED: ids of the other transactions"`
	TargetID         string           `json:"targetId,omitempty" maxLength:"36" doc:"TRANSFERRED: the open row of another context, by its exception's id"`
	AdjustmentReason AdjustmentReason `json:"adjustmentReason,omitempty" doc:"MATCHED: why the sides differ"`
	Account          string           `json:"account,omitempty" maxLength:"100" doc:"BOOKED, SUSPENSE, UNAPPLIED, WRITTEN_OFF: the account that takes the amount"`
	Party            string           `json:"party,omitempty" maxLength:"200" doc:"UNAPPLIED: whose money it is; elsewhere limits count by it"`
	ReviewOn         Day              `json:"reviewOn,omitzero" doc:"IGNORED: the day on which it is looked at again"`
}

// Check returns what an outcome lacks.
func (r *Resolution) Check() (errs []FieldError) {
	need := func(given bool, pointer, what string) {
		if !given {
			why := "is needed for " + r.Outcome.String() + ": " + what
			errs = append(errs, FieldError{pointer, CodeMissingValue, why})
		}
	}
	switch r.Outcome {
	case 0:
		errs = append(errs, FieldError{"/outcome", CodeMissingValue, "is needed: how the exception ends"})
	case OutcomeMatched, OutcomeCorrected:
		need(len(r.With) > 0, "/with", "the other transactions")
	case OutcomeBooked, OutcomeSuspense:
		need(r.Account != "", "/account", "the account that takes the amount")
	case OutcomeUnapplied:
		need(r.Party != "", "/party", "whose money it is")
	case OutcomeTransferred:
		need(r.TargetID != "", "/targetId", "the open row of the other context")
	case OutcomeIgnored:
		need(r.ReviewOn.Set(), "/reviewOn", "the day on which it is looked at again")
	}
	return errs
}

// StoredResolution is a resolution with its life.
type StoredResolution struct {
	ID            string     `json:"id"`
	ExceptionID   string     `json:"exceptionId"`
	TransactionID string     `json:"transactionId"`
	ContextID     string     `json:"contextId"`
	Outcome       Outcome    `json:"outcome"`
	Status        string     `json:"status" enum:"PROPOSED,REFUSED,STANDING,ENDED,REVERSED"`
	Amount        string     `json:"amount"`
	Currency      string     `json:"currency"`
	Date          Day        `json:"date"` // of its row: the list of what is in suspense ages from here
	AgeDays       int        `json:"ageDays"`
	Note          string     `json:"note"`
	Account       string     `json:"account,omitempty"`
	Party         string     `json:"party,omitempty"`
	ReviewOn      Day        `json:"reviewOn,omitzero"`
	GroupID       string     `json:"groupId,omitempty"`
	TargetID      string     `json:"targetId,omitempty"` // of a transfer: the exception of the other context
	PeerID        string     `json:"peerId,omitempty"`   // of a transfer: the resolution of the other context
	CreatedAt     time.Time  `json:"createdAt"`
	CreatedBy     string     `json:"createdBy"`
	DecidedAt     *time.Time `json:"decidedAt,omitempty"`
	DecidedBy     string     `json:"decidedBy,omitempty"`
}
