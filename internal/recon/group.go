package recon

// GroupStatus is where a matched group stands.
type GroupStatus string

// The statuses that the engine gives, and the two that people end a group with.
const (
	GroupConfirmed  GroupStatus = "CONFIRMED"
	GroupProposed   GroupStatus = "PROPOSED"
	GroupPartial    GroupStatus = "PARTIAL"
	GroupRejected   GroupStatus = "REJECTED"   // proposed once, and somebody said no
	GroupUnmatched  GroupStatus = "UNMATCHED"  // confirmed or partial once, and taken apart again
	GroupSuperseded GroupStatus = "SUPERSEDED" // partial once, and taken up by another group; or proposed for a pending row that a booked one replaced
)

// HeldBy names the gate that kept a proposed group from being confirmed.
type HeldBy string

// The gates, in the order in which the first one that fails is stored.
const (
	HeldByNothing      HeldBy = ""
	HeldBySearchBudget HeldBy = "SEARCH_BUDGET"   // not every candidate could be weighed
	HeldByAmbiguity    HeldBy = "AMBIGUOUS"       // another pairing is exactly as good
	HeldByContradicts  HeldBy = "KEY_CONTRADICTS" // both rows carry a live key and differ on it
	HeldByNoKey        HeldBy = "NO_KEY"          // nothing but amount and date speaks for it
	HeldByDuplicate    HeldBy = "DUPLICATE"       // one of the rows looks like another row of its side
	HeldByDifference   HeldBy = "MAX_DIFFERENCE"
	HeldByAmount       HeldBy = "MAX_AMOUNT"
	HeldByScore        HeldBy = "SCORE"           // below autoAt
	HeldByMargin       HeldBy = "MARGIN"          // another pairing is nearly as good
	HeldByWriteOff     HeldBy = "WRITE_OFF_LIMIT" // its difference would take the run over its limit
	HeldByReview       HeldBy = "REVIEW"          // somebody matched it by hand, and another one decides
)

// AdjustmentReason says why a confirmed group may keep a difference.
type AdjustmentReason string

// The reasons of an adjustment.
const (
	AdjustmentNone     AdjustmentReason = ""
	AdjustmentRounding AdjustmentReason = "ROUNDING"
	AdjustmentFee      AdjustmentReason = "FEE"
	AdjustmentFX       AdjustmentReason = "FX_DIFFERENCE"
	AdjustmentDiscount AdjustmentReason = "DISCOUNT"
	AdjustmentWriteOff AdjustmentReason = "WRITE_OFF"
)

// Components of an Evidence.
const (
	ComponentKey      = "KEY"
	ComponentAmount   = "AMOUNT"
	ComponentDate     = "DATE"
	ComponentText     = "TEXT"
	ComponentCurrency = "CURRENCY"
	ComponentFee      = "FEE" // expected on the left, actual on the right
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
