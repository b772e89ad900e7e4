package recon

import "time"

// DutyConflict is what one person did twice over that two people ought to do.
type DutyConflict struct {
	Kind    string    `json:"kind" enum:"MATCHED_AND_CONFIRMED,ADJUSTED_AND_CONFIRMED,CONFIGURED_AND_CONFIRMED,IMPORTED_AND_CONFIRMED,ADJUSTED_AND_POSTED,PROPOSED_AND_APPROVED" doc:"PROPOSED_AND_APPROVED is of a resolution; CONFIGURED is to have written the group's rule"`
	Subject string    `json:"subject"`
	Count   int64     `json:"count" doc:"Of groups, adjustments or resolutions"`
	FirstAt time.Time `json:"firstAt"`
	LastAt  time.Time `json:"lastAt"`
	Samples []string  `json:"samples" nullable:"false" doc:"Ids of the latest ten"`
}

// Duties are the conflicts of duties in a context, of the decisions between two days, both included.
type Duties struct {
	ContextID string         `json:"contextId"`
	From      Day            `json:"from,omitzero"`
	To        Day            `json:"to,omitzero"`
	Conflicts []DutyConflict `json:"conflicts" nullable:"false"`
}
