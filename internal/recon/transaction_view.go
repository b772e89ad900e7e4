package recon

import "time"

// StoredTransaction is a row as it is in a source, with its derived state. Amounts are decimals in Currency.
type StoredTransaction struct {
	ID               string            `json:"id"`
	ContextID        string            `json:"contextId"`
	SourceID         string            `json:"sourceId"`
	Side             Side              `json:"side"`
	ImportID         string            `json:"importId"`
	Row              int64             `json:"row"` // 1-based data row of its file
	State            State             `json:"state"`
	GroupID          string            `json:"groupId,omitempty"` // the active group that holds it
	ExternalID       string            `json:"externalId,omitempty"`
	Reference        string            `json:"reference,omitempty"`
	Amount           string            `json:"amount"`
	Currency         string            `json:"currency"`
	Date             Day               `json:"date"`
	ValueDate        Day               `json:"valueDate"`
	OccurredAt       *time.Time        `json:"occurredAt,omitempty"`
	Description      string            `json:"description,omitempty"`
	Kind             string            `json:"kind,omitempty"`
	BookingStatus    string            `json:"bookingStatus"`
	Gross            string            `json:"gross,omitempty"`
	Fee              string            `json:"fee,omitempty"`
	Tax              string            `json:"tax,omitempty"`
	Net              string            `json:"net,omitempty"`
	OriginalAmount   string            `json:"originalAmount,omitempty"`
	OriginalCurrency string            `json:"originalCurrency,omitempty"`
	Metadata         map[string]string `json:"metadata,omitempty"`
}

// TransactionFilter narrows a search; zero fields do not.
type TransactionFilter struct {
	Side       Side
	SourceID   string
	State      State
	Currency   string
	From, To   Day // booking dates, both inclusive; NoDay is open
	ExternalID string
	Text       string // part of the reference or the description, whatever its case
	Amount     string // exact, as a decimal in Currency, which is then required
}

// PreviewRow is a row as it would be stored. Amounts are decimals in Currency.
type PreviewRow struct {
	Line        int         `json:"line"`
	ExternalID  string      `json:"externalId,omitempty"`
	Reference   string      `json:"reference,omitempty"`
	Amount      string      `json:"amount"`
	Currency    string      `json:"currency"`
	Date        Day         `json:"date"`
	ValueDate   Day         `json:"valueDate"`
	Description string      `json:"description,omitempty"`
	Kind        string      `json:"kind,omitempty"`
	Metadata    []Attribute `json:"metadata"`
}

// PreviewOf shows a mapped row.
func PreviewOf(t *Transaction) PreviewRow {
	return PreviewRow{
		Line: t.Line, ExternalID: t.ExternalID, Reference: t.Reference, Amount: Money{t.Amount, t.Currency}.String(),
		Currency: t.Currency, Date: t.Date, ValueDate: t.ValueDate, Description: t.Description, Kind: t.Kind,
		Metadata: t.Metadata,
	}
}
