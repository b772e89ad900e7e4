package recon

import (
	"encoding/json"
	"time"
)

// The states of a change that one person proposes and another one decides on.
const (
	ChangeProposed = "PROPOSED"
	ChangeApplied  = "APPLIED"
	ChangeRefused  = "REFUSED"
)

// Change is a request that waits for a second person: what it asks of what, word for word.
type Change struct {
	Operation string          `json:"operation" doc:"operationId of what is asked"`
	TargetID  string          `json:"targetId" doc:"The id in its path, empty where it has none"`
	IfMatch   string          `json:"ifMatch,omitempty" doc:"The version that its author read"`
	Body      json.RawMessage `json:"body,omitempty" doc:"The body, as it is applied once approved"`
}

// StoredChange is a change with what became of it.
type StoredChange struct {
	ID        string `json:"id"`
	ContextID string `json:"contextId,omitempty" doc:"Absent where it concerns the whole tenant"`
	Change
	Status    string     `json:"status" enum:"PROPOSED,APPLIED,REFUSED"`
	Note      string     `json:"note,omitempty" doc:"Of the person who decided"`
	CreatedAt time.Time  `json:"createdAt"`
	CreatedBy string     `json:"createdBy"`
	DecidedAt *time.Time `json:"decidedAt,omitempty"`
	DecidedBy string     `json:"decidedBy,omitempty"`
}
