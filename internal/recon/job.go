package recon

import "time"

// Job is a piece of background work. It belongs to exactly one tenant and is enqueued in the tenant's own commit.
type Job struct {
	Kind     JobKind `json:"kind"`
	TenantID string  `json:"tenantId"`
	Subject  string  `json:"subject"` // the id the job is about: of a run, say
	// At is when the job is due; the zero time is at once.
	At time.Time `json:"at,omitzero"`
	// Weight is how many turns the tenant gets for one of another's while both wait; 0 is one.
	Weight int `json:"weight,omitempty"`
}

// JobKind names what a job does; the wiring maps each kind to one function.
type JobKind string

// The kinds of jobs.
const (
	JobRun      JobKind = "matching.run"
	JobBackTest JobKind = "matching.back_test"
	JobSchedule JobKind = "matching.schedule"

	JobFetchDue JobKind = "ingestion.fetch_due" // a place's time has come
	JobFetch    JobKind = "ingestion.fetch"     // looks at a place and takes files in
	JobExpect   JobKind = "ingestion.expect"    // a file is due
	JobForget   JobKind = "ingestion.forget"    // the time of originals is over
)
