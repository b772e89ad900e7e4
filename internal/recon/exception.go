package recon

import "time"

// Exception is a fact about an open row: why it is open and what is nearest to it. It resolves when the row is
// matched. With the reason PARTIAL_REST it is about what is left of a partial group: Amount is the rest, Date that of
// the oldest row.
type Exception struct {
	ID                string     `json:"id"`
	TransactionID     string     `json:"transactionId"`
	ContextID         string     `json:"contextId"`
	SourceID          string     `json:"sourceId"`
	Side              Side       `json:"side"`
	ExternalID        string     `json:"externalId,omitempty"`
	Reference         string     `json:"reference,omitempty"`
	Amount            string     `json:"amount"`
	Currency          string     `json:"currency"`
	Date              Day        `json:"date"`
	AgeDays           int        `json:"ageDays"` // since date, today
	Description       string     `json:"description,omitempty"`
	Class             Class      `json:"class"`
	Reason            Reason     `json:"reason"`
	NearestID         string     `json:"nearestTransactionId,omitempty"`
	NearestDifference string     `json:"nearestDifference,omitempty"`
	Suggestion        string     `json:"suggestion,omitempty"`
	Status            string     `json:"status"`
	Severity          string     `json:"severity"`
	Assignee          string     `json:"assignee,omitempty"`
	Resolution        string     `json:"resolution,omitempty"`
	GroupID           string     `json:"groupId,omitempty"` // the active group that holds the row
	OpenedAt          time.Time  `json:"openedAt"`
	ResolvedAt        *time.Time `json:"resolvedAt,omitempty"`
}
