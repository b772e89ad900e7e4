package recon

// Class says what kind of thing an open row is, for whoever has to do something about it.
type Class string

// The classes of open rows.
const (
	ClassTiming    Class = "TIMING"    // may still arrive: younger than the widest lag
	ClassMissing   Class = "MISSING"   // nothing on the other side speaks for it
	ClassBreak     Class = "BREAK"     // its partner is there and disagrees
	ClassAmbiguous Class = "AMBIGUOUS" // several partners are as good
	ClassData      Class = "DATA"      // the row lacks what the rules compare, or stands twice
)

// Reason says why a row stayed open.
type Reason string

// The reasons of open rows.
const (
	ReasonNoCandidate     Reason = "NO_CANDIDATE"
	ReasonInTransit       Reason = "IN_TRANSIT"
	ReasonAmountDiffers   Reason = "AMOUNT_DIFFERS"
	ReasonDateOutside     Reason = "DATE_OUTSIDE"
	ReasonCurrencyDiffers Reason = "CURRENCY_DIFFERS"
	ReasonKeyDiffers      Reason = "KEY_DIFFERS"
	ReasonKeyContradicts  Reason = "KEY_CONTRADICTS"
	ReasonTextBelow       Reason = "TEXT_BELOW"
	ReasonScoreBelow      Reason = "SCORE_BELOW"
	ReasonTaken           Reason = "PARTNER_TAKEN" // everything agrees, but a better pair took the partner
	ReasonAmbiguous       Reason = "AMBIGUOUS"
	ReasonDuplicate       Reason = "DUPLICATE" // the surplus of equal rows
	ReasonSearchBudget    Reason = "SEARCH_BUDGET"
	ReasonPending         Reason = "PENDING" // not booked yet, and no rule asks for such rows
	ReasonFieldMissing    Reason = "FIELD_MISSING"
	ReasonSplitIncomplete Reason = "SPLIT_INCOMPLETE"
	ReasonFXRateMissing   Reason = "FX_RATE_MISSING"
	ReasonFeeVariance     Reason = "FEE_VARIANCE"
	ReasonRejected        Reason = "REJECTED"     // somebody rejected its group, and no run has looked since
	ReasonPartialRest     Reason = "PARTIAL_REST" // what is left of a partial group: the row stands in it, the rest is open
	ReasonUnmatched       Reason = "UNMATCHED"    // somebody took its group apart, and no run has looked since
)

// Reasons are all of them.
var Reasons = []Reason{
	ReasonNoCandidate, ReasonInTransit, ReasonAmountDiffers, ReasonDateOutside, ReasonCurrencyDiffers, ReasonKeyDiffers,
	ReasonKeyContradicts, ReasonTextBelow, ReasonScoreBelow, ReasonTaken, ReasonAmbiguous, ReasonDuplicate, ReasonSearchBudget,
	ReasonPending, ReasonFieldMissing, ReasonSplitIncomplete, ReasonFXRateMissing, ReasonFeeVariance, ReasonRejected,
	ReasonPartialRest, ReasonUnmatched,
}

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
