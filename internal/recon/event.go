package recon

import (
	"encoding/json"
	"time"
)

// Keys of events, which are their routing keys too.
const (
	EventImportCompleted = "ingestion.completed"
	EventImportFailed    = "ingestion.failed"

	EventImportReprocessed = "ingestion.reprocessed"
	EventRowsReplaced      = "ingestion.replaced" // booked rows took the place of their pending ones
	EventFileMissing       = "ingestion.file_missing"
	EventFetchFailed       = "ingestion.fetch_failed" // the first look in a row that failed
	EventRunCompleted      = "matching.run_completed"
	EventMatchConfirmed    = "matching.match_confirmed"
	EventMatchUnmatched    = "matching.match_unmatched"
	EventExceptionOpened   = "exception.opened"
	EventExceptionClosed   = "exception.resolved"
	EventAdjustment        = "adjustment.created"
)

// Event is a fact that other systems may want to know. Seq is gapless per tenant in commit order and is the feed's
// cursor; it is given by the commit that carries the event.
type Event struct {
	Seq        int64           `json:"seq"`
	ID         string          `json:"id"`
	Key        string          `json:"key"`
	Payload    json.RawMessage `json:"payload"`
	OccurredAt time.Time       `json:"occurredAt"`
	// Traceparent is the W3C trace context of the commit; the feed does not show it.
	Traceparent string `json:"-"`
}

// AuditEntry records who did what to what. One entry a command, written in the command's own commit; Seq is gapless per
// tenant in commit order.
type AuditEntry struct {
	Seq       int64           `json:"seq"`
	At        time.Time       `json:"at"`
	Actor     string          `json:"actor"`
	Action    string          `json:"action"` // noun.verb, "rule.create" say
	Entity    string          `json:"entity"`
	EntityID  string          `json:"entityId"`
	RequestID string          `json:"requestId,omitempty"`
	Detail    json.RawMessage `json:"detail,omitempty"`
}
