package recon

// GroupStatus is the state of a matched group.
type GroupStatus uint8

// The statuses that the engine gives, and those that people end a group with.
const (
	_ GroupStatus = iota
	GroupConfirmed
	GroupProposed
	GroupPartial
	GroupRejected  // was proposed, and a person rejected it
	GroupUnmatched // was confirmed or partial, and was taken apart
	// GroupSuperseded was partial and taken up by another group; or proposed for a pending row that was replaced.
	GroupSuperseded
)

// GroupStatuses are the texts of GroupStatus, by value.
var GroupStatuses = []string{
	"", GroupConfirmed: "CONFIRMED", GroupProposed: "PROPOSED", GroupPartial: "PARTIAL", GroupRejected: "REJECTED",
	GroupUnmatched: "UNMATCHED", GroupSuperseded: "SUPERSEDED",
}

// String returns the text of the status, "" for none.
func (s GroupStatus) String() string { return GroupStatuses[s] }

// MarshalText writes the text.
func (s GroupStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a text that MarshalText writes.
func (s *GroupStatus) UnmarshalText(text []byte) error {
	return readEnum(s, GroupStatuses, string(text))
}

// Scan reads a text column.
func (s *GroupStatus) Scan(column any) error { return scanEnum(s, GroupStatuses, column) }

// HeldBy names the gate that kept a proposed group from being confirmed.
type HeldBy uint8

// The gates, in the order in which the first one that fails is stored.
const (
	HeldByNothing      HeldBy = iota
	HeldBySearchBudget        // not every candidate could be weighed
	HeldByAmbiguity           // another pairing is exactly as good
	HeldByContradicts         // both rows carry a live key and differ on it
	HeldByNoKey               // nothing but amount and date speaks for it
	HeldByDuplicate           // one of the rows looks like another row of its side
	HeldByNoLimit             // it has a difference, and the rule no limit for one
	HeldByOver                // the right side is more by what only a percentage allows, and amount.side is not written
	HeldByDifference
	HeldByAmount
	HeldByScore    // below autoAt
	HeldByMargin   // another pairing is nearly as good
	HeldByWriteOff // its difference would take the run over its limit
	HeldByNamed    // a row names another one that is not in the group
	HeldByRule     // the rule only suggests
	HeldByReversed // a later row of a side takes one of the rows back
	HeldByReview   // a person matched it by hand, and another one decides
)

// Gates are the texts of HeldBy, by value.
var Gates = []string{
	"", HeldBySearchBudget: "SEARCH_BUDGET", HeldByAmbiguity: "AMBIGUOUS", HeldByContradicts: "KEY_CONTRADICTS",
	HeldByNoKey: "NO_KEY", HeldByDuplicate: "DUPLICATE", HeldByNoLimit: "NO_LIMIT", HeldByOver: "OVERPAID",
	HeldByDifference: "MAX_DIFFERENCE", HeldByAmount: "MAX_AMOUNT", HeldByScore: "SCORE", HeldByMargin: "MARGIN",
	HeldByWriteOff: "WRITE_OFF_LIMIT", HeldByNamed: "NAMED_MISSING", HeldByRule: "CONFIRM_MODE",
	HeldByReversed: "REVERSED", HeldByReview: "REVIEW",
}

// String returns the text of the gate, "" for none.
func (h HeldBy) String() string { return Gates[h] }

// MarshalText writes the text.
func (h HeldBy) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads a text that MarshalText writes.
func (h *HeldBy) UnmarshalText(text []byte) error { return readEnum(h, Gates, string(text)) }

// Scan reads a text column.
func (h *HeldBy) Scan(column any) error { return scanEnum(h, Gates, column) }

// AdjustmentReason is why a confirmed group may keep a difference.
type AdjustmentReason uint8

// The reasons of an adjustment.
const (
	AdjustmentNone AdjustmentReason = iota
	AdjustmentRounding
	AdjustmentFee
	AdjustmentFX
	AdjustmentDiscount
	AdjustmentTax
	AdjustmentWriteOff
	AdjustmentInterest
	AdjustmentChargeback
	AdjustmentReserve // held back by a processor, and paid later
	AdjustmentTip
	AdjustmentBankError // the bank's to correct: no entry of the books
	AdjustmentTransfer  // to another context; only a transfer makes one
)

// AdjustmentReasons are the texts of AdjustmentReason, by value.
var AdjustmentReasons = []string{
	"", AdjustmentRounding: "ROUNDING", AdjustmentFee: "FEE", AdjustmentFX: "FX_DIFFERENCE",
	AdjustmentDiscount: "DISCOUNT", AdjustmentTax: "TAX", AdjustmentWriteOff: "WRITE_OFF",
	AdjustmentInterest: "INTEREST", AdjustmentChargeback: "CHARGEBACK", AdjustmentReserve: "RESERVE",
	AdjustmentTip: "TIP", AdjustmentBankError: "BANK_ERROR", AdjustmentTransfer: "TRANSFER",
}

// GivenReasons are the texts of the reasons that a person or a rule may give.
var GivenReasons = AdjustmentReasons[AdjustmentRounding:AdjustmentTransfer]

// String returns the text of the reason, "" for none.
func (a AdjustmentReason) String() string { return AdjustmentReasons[a] }

// MarshalText writes the text.
func (a AdjustmentReason) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads a text that MarshalText writes.
func (a *AdjustmentReason) UnmarshalText(text []byte) error {
	return readEnum(a, AdjustmentReasons, string(text))
}

// Scan reads a text column.
func (a *AdjustmentReason) Scan(column any) error { return scanEnum(a, AdjustmentReasons, column) }

// Components of an Evidence.
const (
	ComponentKey      = "KEY"
	ComponentAmount   = "AMOUNT"
	ComponentDate     = "DATE"
	ComponentText     = "TEXT"
	ComponentCurrency = "CURRENCY"
	ComponentFee      = "FEE"        // expected on the left, actual on the right
	ComponentRival    = "COMPETITOR" // rows that could take the place of the group's own
	ComponentNamed    = "NAMED"      // rows that a row names and that are not in the group
)

// ClosenessFull is complete agreement: closeness is counted in 1/10,000.
const ClosenessFull = 10_000

// Evidence is what one component of a rule compared on a pair, as a person reads it.
type Evidence struct {
	Component  string `json:"component"`
	Field      string `json:"field,omitempty"` // "reference", or "net ~ amount" where the sides read different fields
	Left       string `json:"left"`
	Right      string `json:"right"`
	Difference string `json:"difference,omitempty"`
	Allowed    string `json:"allowed,omitempty"`
	Closeness  int    `json:"closeness"` // 0..10000
	Held       bool   `json:"held"`
	Verdict    string `json:"verdict,omitempty"` // of a fee: MATCH, OVERCHARGE or UNDERCHARGE

	Rates []FXRate `json:"rates,omitempty"` // by which amounts of other currencies were compared, each once
}
