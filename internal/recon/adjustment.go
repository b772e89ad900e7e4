package recon

import (
	"slices"
	"time"
)

// PostingStatus reports whether an adjustment has reached the books.
type PostingStatus string

// The posting statuses. A reversed adjustment counts for nothing any more.
const (
	Unposted PostingStatus = "UNPOSTED"
	Posted   PostingStatus = "POSTED"
	Reversed PostingStatus = "REVERSED"
)

// Adjustment is a difference, or part of one, that a group keeps and that is owed to the books until it is posted.
type Adjustment struct {
	ID               string           `json:"id"`
	GroupID          string           `json:"groupId"`
	ContextID        string           `json:"contextId"`
	Amount           string           `json:"amount"` // of Σ left − Σ right, with its sign
	Currency         string           `json:"currency"`
	Reason           AdjustmentReason `json:"reason"`
	Note             string           `json:"note,omitempty"`
	PostingStatus    PostingStatus    `json:"postingStatus"`
	PostingReference string           `json:"postingReference,omitempty"` // of the entry in the books
	PostedAt         *time.Time       `json:"postedAt,omitempty"`
	PostedBy         string           `json:"postedBy,omitempty"`
	CreatedAt        time.Time        `json:"createdAt"`
	CreatedBy        string           `json:"createdBy"`
}

// PostingMove is the posting status that an adjustment may be brought into from the one it has.
func PostingMove(from, to PostingStatus) error {
	allowed := map[PostingStatus][]PostingStatus{Posted: {Unposted}, Reversed: {Unposted, Posted}}[to]
	if slices.Contains(allowed, from) {
		return nil
	}
	return Conflict(CodeAdjustmentStatus, "the adjustment is %s: it cannot be %s", from, to)
}
