package recon

import "time"

// Job is a piece of background work. It belongs to exactly one tenant and is enqueued in the tenant's own commit.
type Job struct {
	Kind     JobKind `json:"kind"`
	TenantID string  `json:"tenantId"`
	Subject  string  `json:"subject"` // the id the job is about: of a run, say
	// At is when the job is due; the zero time is at once.
	At time.Time `json:"at,omitzero"`
}

// JobKind names what a job does; the wiring maps each kind to one function.
type JobKind string

// The kinds of jobs.
const (
	JobRun      JobKind = "matching.run"
	JobSchedule JobKind = "matching.schedule"
)
