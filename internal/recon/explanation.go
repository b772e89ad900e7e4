package recon

// Explanation is why a row is where it is: matched, by what evidence; open, why and what came closest.
type Explanation struct {
	TransactionID string `json:"transactionId"`
	State         State  `json:"state"`
	// Of an open row: what kind of thing it is and why it is open, as the last run found it; NOT_RUN before the first.
	Class  Class  `json:"class,omitempty"`
	Reason Reason `json:"reason,omitempty"`
	// Nearest is the row of the other side that came closest, Suggestion the smallest change that would match the two.
	Nearest    *StoredTransaction `json:"nearest,omitempty"`
	Difference string             `json:"difference,omitempty"` // this row's amount − the nearest row's
	Suggestion string             `json:"suggestion,omitempty"`
	// Rules compare the row with the nearest one, as the context's rules stand now, in their order.
	Rules []RuleVerdict `json:"rules,omitempty"`
	// Group holds a matched row; its evidence is complete, whatever of it was stored.
	Group *StoredGroup `json:"group,omitempty"`
}

// RuleVerdict is what one rule finds between two rows.
type RuleVerdict struct {
	RuleID  string     `json:"ruleId,omitempty"` // "" for a rule of the default ladder
	Version int        `json:"version,omitempty"`
	Name    string     `json:"name"`
	Holds   bool       `json:"holds" doc:"Every component holds: the pair is a candidate of this rule, whether or not a better one took part"`
	Compare []Evidence `json:"compare" nullable:"false"`
}
