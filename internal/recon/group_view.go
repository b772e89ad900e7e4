package recon

import "time"

// StoredGroup is a matched group as it is stored. Amounts are decimals in Currency.
type StoredGroup struct {
	ID               string           `json:"id"`
	ContextID        string           `json:"contextId"`
	RunID            string           `json:"runId,omitempty"` // "" when it was matched by hand
	Status           GroupStatus      `json:"status"`
	Preview          bool             `json:"preview,omitempty"` // of a DRY_RUN
	RuleID           string           `json:"ruleId,omitempty"`  // "" when the default ladder made it
	RuleVersion      int              `json:"ruleVersion,omitempty"`
	RuleName         string           `json:"ruleName"`
	Score            int              `json:"score"` // 0..100
	Confidence       *Confidence      `json:"confidence,omitempty" doc:"What scores like this one have been worth, once people have decided on some"`
	Currency         string           `json:"currency"`
	LeftAmount       string           `json:"leftAmount"`
	RightAmount      string           `json:"rightAmount"`
	Difference       string           `json:"difference"` // Σ left − Σ right
	DifferenceReason AdjustmentReason `json:"differenceReason,omitempty"`
	Residual         string           `json:"residual,omitempty"` // open money of a PARTIAL group
	HeldBy           HeldBy           `json:"heldBy,omitempty"`
	Alternatives     int              `json:"alternatives"`
	LeftCount        int              `json:"leftCount"`
	RightCount       int              `json:"rightCount"`
	Items            []GroupItem      `json:"items,omitempty"` // the first of each side; the rest by pages
	Evidence         []Evidence       `json:"evidence,omitempty"`
	Version          int              `json:"version"` // rises with each decision
	CreatedAt        time.Time        `json:"createdAt"`
}

// GroupItem is one row of a group, with what a person needs to judge it.
type GroupItem struct {
	TransactionID string `json:"transactionId"`
	Side          Side   `json:"side"`
	SourceID      string `json:"sourceId"`
	Row           int64  `json:"row"` // 1-based data row of its file
	ExternalID    string `json:"externalId,omitempty"`
	Reference     string `json:"reference,omitempty"`
	Amount        string `json:"amount"`
	Allocated     string `json:"allocated"`
	Currency      string `json:"currency"`
	Date          Day    `json:"date"`
	Description   string `json:"description,omitempty"`
}

// GroupsBulkMax bounds how many groups one commit decides on by filter.
const GroupsBulkMax = 10_000

// ProposalFilter names proposed groups of a context; empty fields do not narrow. Count is how many the caller saw.
type ProposalFilter struct {
	ContextID string
	RunID     string
	RuleID    string
	Currency  string
	HeldBy    HeldBy
	MinScore  int
	Count     int
}

// GroupFilter narrows a list of groups; empty fields do not. Without a run it is the context's real groups.
type GroupFilter struct {
	RunID    string
	Status   GroupStatus
	RuleID   string
	Currency string
	HeldBy   HeldBy
	MinScore int
}
