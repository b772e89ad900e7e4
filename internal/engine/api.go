package engine

import (
	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// Version names the algorithm. It changes whenever the same input may give another result.
const Version = "engine/2"

// Progress is what observe sees between blocks.
type Progress struct {
	Rule       string
	RuleIndex  int
	Rules      int
	RowsDone   int64
	RowsTotal  int64
	Candidates int64
}

// Method is how a group's component was assigned.
type Method = solver.Method

// Group is one matched group. Rows are indexes into the tables as Run leaves them (see Table.ID), held by the Result:
// read them by Result.LeftRows and Result.RightRows.
type Group struct {
	Difference   recon.Minor // Σ left − Σ right of the amounts, signed; of a mixed group, of what was compared
	Compared     recon.Minor // left − right of what the rule compared, after its sign
	LeftFrom     uint32
	RightFrom    uint32
	LeftCount    uint32
	RightCount   uint32
	Alternatives int32 // distinct other partners in assignments of the same total
	currency     uint32
	Rule         int16 // index into Plan.Rules
	Score        uint8 // 0..100
	Method       Method
	status       recon.GroupStatus
	held         recon.HeldBy
	adjustment   recon.AdjustmentReason
	traits       groupTraits
}

// groupTraits are few enough for one byte, which keeps a group within 48.
type groupTraits uint8

const (
	traitKept  groupTraits = 1 << iota // a partial group as it was
	traitGrown                         // takes up a partial group
	traitMixed                         // rows in several currencies
)

func (g *Group) has(trait groupTraits) bool { return g.traits&trait != 0 }

// when is the trait where it applies.
func (trait groupTraits) when(applies bool) groupTraits {
	if applies {
		return trait
	}
	return 0
}

// Status of the group.
func (g *Group) Status() recon.GroupStatus { return g.status }

// Mixed reports whether the rows are in several currencies. Each currency's sums then hold the group by what it takes
// from the left and the right side there, and Difference is what the conversion leaves to be booked.
func (g *Group) Mixed() bool { return g.has(traitMixed) }

// Currency of Difference: that of the rows; of a mixed group that in which the amounts were compared, "" where they
// were compared as bare numbers and have no difference.
func (g *Group) Currency() string {
	if g.currency == codeAny {
		return ""
	}
	return currencyName(g.currency)
}

// HeldBy is the gate that kept a proposed group from being confirmed.
func (g *Group) HeldBy() recon.HeldBy { return g.held }

// Adjustment is the reason of a difference that a confirmed group keeps, "" where there is none.
func (g *Group) Adjustment() recon.AdjustmentReason { return g.adjustment }

// Open is one row that stayed open.
type Open struct {
	Miss   Miss
	Row    uint32
	class  recon.Class
	reason recon.Reason
}

// Class returns what kind of thing the open row is.
func (o *Open) Class() recon.Class { return o.class }

// Reason returns why the row stayed open.
func (o *Open) Reason() recon.Reason { return o.reason }

// Change is the smallest single change that would make a pair match.
type Change uint8

// The changes.
const (
	ChangeNone Change = iota
	ChangeAmount
	ChangeDate
	ChangeKey   // the text of one key
	ChangeSum   // the sum of the group that the row belongs to, or of that of the nearest row
	ChangeGroup // something else of those groups
	ChangeText  // the text that is compared by similarity
	ChangeLimit // the rule's limit alone: something else of the rule reads what a change of the row would touch
	ChangeRival // nothing: the pair agrees, and the row whose index is Delta took part in it
	ChangeScore // nothing: what failed can be mended, and the pair would still score below proposeAt
	// ChangeTakesBack is no change: the row takes the nearest one, which is of its own side, back.
	ChangeTakesBack
	changes
)

// NoRow is an absent row index.
const NoRow = ^uint32(0)

// Miss is the nearest miss of an open row: the row that came closest, and what stood between them. It is a row of the
// other side, or of the same one where the rule is within a side: see Plan.MissSide. It is compact; Describe puts it
// into words.
type Miss struct {
	// minor units, or days (seconds where instants are compared): to be added to what the rule compares of this row
	Delta  int64
	Row    uint32 // of the side that MissSide returns, or NoRow
	Rule   int16  // index into Plan.Rules
	Change Change
	failed recon.Reason
}

// Failed is the predicate that did not hold; NO_CANDIDATE when there is no near row.
func (m *Miss) Failed() recon.Reason { return max(m.failed&^missOfRight, recon.ReasonNoCandidate) }

// MissSide is the side of the nearest row of an open row.
func (p *Plan) MissSide(side recon.Side, m *Miss) recon.Side {
	if m.Row != NoRow && (m.Change == ChangeTakesBack || p.rules[m.Rule].within()) {
		return side
	}
	return sideOf(1 - indexOf(side))
}

// Sum is money in one currency, in minor units.
type Sum struct {
	Currency string
	Amount   recon.Minor
}

// RuleCount is what one rule did.
type RuleCount struct {
	Rule       string
	Confirmed  int64
	Proposed   int64
	Partial    int64
	Candidates int64 // pairs that held every predicate and were weighed
	Capped     int64 // rows whose candidates were cut
	Gap        int64 // pairs that a perfect assignment could hold at most beyond those found; 0: optimal
}

// ReasonCount counts open rows by class and reason.
type ReasonCount struct {
	Side   recon.Side
	Class  recon.Class
	Reason recon.Reason
	Rows   int64
}

// DifferenceSum sums the differences of groups in one currency.
type DifferenceSum struct {
	Currency string
	Status   recon.GroupStatus
	Reason   recon.AdjustmentReason // "" for groups that are not confirmed
	Amount   recon.Minor
	Groups   int64
}

// Result is what a run found. It refers to rows by index into the tables, which Run has put into canonical order.
type Result struct {
	Groups      []Group // by rule, then by left row
	Open        [2][]Open
	Counts      [2]recon.Counts
	Sums        [2][]Sum // of every row that took part or is outside, by currency
	ByRule      []RuleCount
	Reasons     []ReasonCount
	Differences []DifferenceSum
	Bridge      []recon.Bridge
	AsOf        recon.Day
	Covered     recon.Covered // the last day of each side's coverage
	Stopped     bool          // by observe: groups found so far are dropped
	ResultHash  string
	InputHash   string
	RulesHash   string

	// Bookings are the left rows that book adjustments, by row.
	Bookings []Booking
	// Postings are what the rules of type POST book and no left row has booked, by rule and currency.
	Postings []recon.PostingSummary
	// Reversals are the rows that open counter-rows take back, by side and counter-row.
	Reversals []Reversal

	leftRows, rightRows []uint32
	state               [2][]rowState
	replaces            map[int][]int
	notes               map[groupKey]recon.Evidence
	rivals              map[groupKey][2]uint32
	books               map[uint32]bookNote
}

// Indexes of Result.Open, Counts and Sums.
const (
	LeftIndex  = 0
	RightIndex = 1
)

// LeftRows are the left rows of a group.
func (r *Result) LeftRows(g *Group) []uint32 { return r.leftRows[g.LeftFrom:][:g.LeftCount] }

// RightRows are the right rows of a group.
func (r *Result) RightRows(g *Group) []uint32 { return r.rightRows[g.RightFrom:][:g.RightCount] }

// missOfRight marks the miss of a row that a rule within one side reads as its right half.
const missOfRight recon.Reason = 1 << 7

type rowState uint8

const (
	stateOpen rowState = iota
	stateProposed
	statePartial
	stateConfirmed
	stateElsewhere // in a group of another period alone: none of this run's, and open when it ends
	stateEarlier   // the same, of rows that are all before the period
	stateSettled   // by an earlier period
	stateReserved  // carries the number of an adjustment, while the rules run
)
