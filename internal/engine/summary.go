package engine

import "matcher/internal/recon"

// Summary is a result as machines read it: what `matcher match --json` prints and what a run of the service stores.
// On each side rows = rejected + duplicates + outside + matched + proposed + partial + unmatched + ignored.
type Summary struct {
	Left          SideSummary         `json:"left"`
	Right         SideSummary         `json:"right"`
	Groups        GroupSummary        `json:"groups"`
	ByRule        []RuleSummary       `json:"byRule"`
	Reasons       []ReasonSummary     `json:"reasons"`
	Difference    []DifferenceSummary `json:"difference"`
	Bridge        []BridgeSummary     `json:"bridge"`
	AsOf          recon.Day           `json:"asOf"`
	Covered       recon.Covered       `json:"covered"` // days through which the sides' files tell of everything
	InputHash     string              `json:"inputHash"`
	RulesHash     string              `json:"rulesHash"`
	EngineVersion string              `json:"engineVersion"`
	ResultHash    string              `json:"resultHash"`
}

// SideSummary counts one side's rows and sums them per currency, as decimal strings.
type SideSummary struct {
	Counts
	Amount map[string]string `json:"amount"`
}

// GroupSummary counts groups by status.
type GroupSummary struct {
	Confirmed int64 `json:"confirmed"`
	Proposed  int64 `json:"proposed"`
	Partial   int64 `json:"partial"`
}

// RuleSummary is what one rule found.
type RuleSummary struct {
	Rule      string `json:"rule"`
	Groups    int64  `json:"groups"`
	Confirmed int64  `json:"confirmed"`
	Proposed  int64  `json:"proposed"`
	Partial   int64  `json:"partial"`
	Gap       int64  `json:"gap,omitempty"` // pairs that a perfect assignment could hold beyond these; absent when optimal
}

// ReasonSummary counts open rows of a side by why they are open.
type ReasonSummary struct {
	Code  recon.Reason `json:"code"`
	Class recon.Class  `json:"class"`
	Side  recon.Side   `json:"side"`
	Rows  int64        `json:"rows"`
}

// DifferenceSummary sums the differences of groups; Reason is empty while a group is only proposed.
type DifferenceSummary struct {
	Currency string                 `json:"currency"`
	Status   recon.GroupStatus      `json:"status"`
	Reason   recon.AdjustmentReason `json:"reason"`
	Amount   string                 `json:"amount"`
	Groups   int64                  `json:"groups"`
}

// BridgeSummary leads from the left balance to the right one: left + Σ items = right.
type BridgeSummary struct {
	Currency string              `json:"currency"`
	Left     string              `json:"left"`
	Items    []BridgeItemSummary `json:"items"`
	Right    string              `json:"right"`
	// Adjusted is the left balance with what is to be booked. Timing and Unexplained lead from there to the right.
	Adjusted    string `json:"adjusted"`
	ToBook      string `json:"toBook"`
	Timing      string `json:"timing"`
	Unexplained string `json:"unexplained"`
}

// BridgeItemSummary is one reconciling item, already signed for the sum.
type BridgeItemSummary struct {
	Label  string      `json:"label"`
	Side   recon.Side  `json:"side,omitempty"`
	Class  recon.Class `json:"class,omitempty"`
	Reason string      `json:"reason,omitempty"`
	Kind   string      `json:"kind"` // KindTiming, KindToBook or KindUnexplained
	Amount string      `json:"amount"`
	Count  int64       `json:"count"`
}

// Summary puts the result into the shape that machines read.
func (r *Result) Summary() Summary {
	s := Summary{
		Left:  SideSummary{Counts: r.Counts[LeftIndex], Amount: decimals(r.Sums[LeftIndex])},
		Right: SideSummary{Counts: r.Counts[RightIndex], Amount: decimals(r.Sums[RightIndex])},
		AsOf:  r.AsOf, Covered: r.Covered,
		InputHash: r.InputHash, RulesHash: r.RulesHash, EngineVersion: Version, ResultHash: r.ResultHash,
		ByRule: make([]RuleSummary, 0, len(r.ByRule)), Reasons: make([]ReasonSummary, 0, len(r.Reasons)),
		Difference: make([]DifferenceSummary, 0, len(r.Differences)), Bridge: make([]BridgeSummary, 0, len(r.Bridge)),
	}
	for _, c := range r.ByRule {
		s.ByRule = append(s.ByRule, RuleSummary{
			Rule: c.Rule, Groups: c.Confirmed + c.Proposed + c.Partial,
			Confirmed: c.Confirmed, Proposed: c.Proposed, Partial: c.Partial, Gap: c.Gap,
		})
	}
	for i := range r.Groups { // a kept partial group's rule may be gone
		switch r.Groups[i].status {
		case recon.GroupConfirmed:
			s.Groups.Confirmed++
		case recon.GroupProposed:
			s.Groups.Proposed++
		case recon.GroupPartial:
			s.Groups.Partial++
		}
	}
	for _, c := range r.Reasons {
		s.Reasons = append(s.Reasons, ReasonSummary{Code: c.Reason, Class: c.Class, Side: c.Side, Rows: c.Rows})
	}
	for _, d := range r.Differences {
		s.Difference = append(s.Difference, DifferenceSummary{
			Currency: d.Currency, Status: d.Status, Reason: d.Reason,
			Amount: decimal(d.Amount, d.Currency), Groups: d.Groups,
		})
	}
	for _, b := range r.Bridge {
		s.Bridge = append(s.Bridge, b.Summary())
	}
	return s
}

// Summary is the bridge with decimal strings.
func (b Bridge) Summary() BridgeSummary {
	kinds := b.Kinds()
	adjusted := kinds[KindToBook]
	adjusted.Add(b.Left)
	out := BridgeSummary{
		Currency: b.Currency, Left: decimal(b.Left, b.Currency), Right: decimal(b.Right, b.Currency),
		Items:    make([]BridgeItemSummary, 0, len(b.Items)),
		Adjusted: adjusted.Decimal(b.Currency), ToBook: kinds[KindToBook].Decimal(b.Currency),
		Timing: kinds[KindTiming].Decimal(b.Currency), Unexplained: kinds[KindUnexplained].Decimal(b.Currency),
	}
	for _, item := range b.Items {
		out.Items = append(out.Items, BridgeItemSummary{
			Label: item.Label, Side: item.Side, Class: item.Class,
			Reason: item.Reason, Kind: item.Kind(), Amount: decimal(item.Amount, b.Currency), Count: item.Count,
		})
	}
	return out
}

func decimals(sums []Sum) map[string]string {
	out := make(map[string]string, len(sums))
	for _, s := range sums {
		out[s.Currency] = decimal(s.Amount, s.Currency)
	}
	return out
}

func decimal(amount recon.Minor, currency string) string {
	return recon.Money{Amount: amount, Currency: currency}.String()
}
