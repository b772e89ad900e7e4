package recon

// Statement is the bridge of a context on a day, per currency: left balance + items = right balance, to the minor unit.
type Statement struct {
	ContextID  string              `json:"contextId"`
	AsOf       Day                 `json:"asOf"`
	Currencies []StatementCurrency `json:"currencies"`
}

// StatementCurrency is the bridge in one currency.
type StatementCurrency struct {
	Currency string          `json:"currency"`
	Left     string          `json:"left"`
	Items    []StatementItem `json:"items"`
	Right    string          `json:"right"`

	// Stated are the statements whose closing balances are in left and right; a side without any is the sum of its
	// rows.
	Stated []StatedBalance `json:"stated,omitempty"`
}

// StatedBalance is the closing balance of the last statement of an account on or before the day of a bridge.
type StatedBalance struct {
	Side     Side   `json:"side"`
	SourceID string `json:"sourceId"`
	ImportID string `json:"importId"`
	Account  string `json:"account,omitempty"`
	Number   string `json:"number,omitempty"`
	To       Day    `json:"to"`
	Closing  string `json:"closing"`
}

// StatementItem is one reconciling item, signed for the sum.
type StatementItem struct {
	Label  string `json:"label"`
	Side   Side   `json:"side,omitempty"`
	Class  string `json:"class,omitempty"`
	Reason string `json:"reason,omitempty"`
	Amount string `json:"amount"`
	Count  int64  `json:"count"` // rows, or groups where the item is a difference
}
