package recon

// Counts of one side: Rows = Rejected + SetAside + Duplicates + Outside + Matched + Proposed + Partial + Unmatched +
// Ignored. InTransit is part of Unmatched. Rejected, SetAside and Duplicates come from the caller, by its Table.
type Counts struct {
	Rows       int64 `json:"rows"`
	Rejected   int64 `json:"rejected"`
	SetAside   int64 `json:"setAside,omitempty"`
	Duplicates int64 `json:"duplicates"`
	Outside    int64 `json:"outside"`
	Matched    int64 `json:"matched"`
	Proposed   int64 `json:"proposed"`
	Partial    int64 `json:"partial"`
	Unmatched  int64 `json:"unmatched"`
	InTransit  int64 `json:"inTransit"`
	Ignored    int64 `json:"ignored"`
	Carried    int64 `json:"carried,omitempty"` // of Rows: what an earlier period left open
}

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
	Postings      []PostingSummary    `json:"postings,omitempty"`
	AsOf          Day                 `json:"asOf"`
	Covered       Covered             `json:"covered"` // days through which the files of each side are complete
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

// PostingSummary is what a rule of type POST books in a currency: a line of the journal.
type PostingSummary struct {
	Rule     string `json:"rule"`
	RulePost        // its account, cost centre, tax code and text
	Amount   string `json:"amount"` // to be booked on the left side
	Currency string `json:"currency"`
	Rows     int64  `json:"rows"`
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
	Code  Reason `json:"code"`
	Class Class  `json:"class"`
	Side  Side   `json:"side"`
	Rows  int64  `json:"rows"`
}

// DifferenceSummary sums the differences of groups; Reason is empty while a group is only proposed.
type DifferenceSummary struct {
	Currency string           `json:"currency"`
	Status   GroupStatus      `json:"status"`
	Reason   AdjustmentReason `json:"reason"`
	Amount   string           `json:"amount"`
	Groups   int64            `json:"groups"`
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
	Label  string `json:"label"`
	Side   Side   `json:"side,omitempty"`
	Class  Class  `json:"class,omitempty"`
	Reason string `json:"reason,omitempty"`
	Kind   string `json:"kind" enum:"TIMING,TO_BOOK,UNEXPLAINED"` // KindTiming, KindToBook or KindUnexplained
	Amount string `json:"amount"`
	Count  int64  `json:"count"`
}

// Summary is the bridge with decimal strings.
func (b Bridge) Summary() BridgeSummary {
	kinds := b.Kinds()
	adjusted := kinds[KindToBook]
	adjusted.Add(b.Left)
	out := BridgeSummary{
		Currency: b.Currency, Left: b.decimal(b.Left), Right: b.decimal(b.Right),
		Items:    make([]BridgeItemSummary, 0, len(b.Items)),
		Adjusted: adjusted.Decimal(b.Currency), ToBook: kinds[KindToBook].Decimal(b.Currency),
		Timing: kinds[KindTiming].Decimal(b.Currency), Unexplained: kinds[KindUnexplained].Decimal(b.Currency),
	}
	for _, item := range b.Items {
		out.Items = append(out.Items, BridgeItemSummary{
			Label: item.Label, Side: item.Side, Class: item.Class,
			Reason: item.Reason, Kind: item.Kind(), Amount: b.decimal(item.Amount), Count: item.Count,
		})
	}
	return out
}

func (b *Bridge) decimal(amount Minor) string {
	return Money{Amount: amount, Currency: b.Currency}.String()
}
