package recon

import (
	"encoding/json"
	"time"
)

// RunMode reports whether a run's groups count.
type RunMode string

// A COMMIT run holds rows; a DRY_RUN stores a preview that can be read like a real one; a BACK_TEST tries other rules
// on history and stores what would change.
const (
	RunCommit   RunMode = "COMMIT"
	RunDry      RunMode = "DRY_RUN"
	RunBackTest RunMode = "BACK_TEST"
)

// RunStatus is the state of a run.
type RunStatus string

// The states of a run, in order; the last three are final.
const (
	RunQueued    RunStatus = "QUEUED"
	RunRunning   RunStatus = "RUNNING"
	RunCompleted RunStatus = "COMPLETED"
	RunFailed    RunStatus = "FAILED"
	RunCancelled RunStatus = "CANCELLED"
)

// Final reports whether the run has ended.
func (s RunStatus) Final() bool {
	return s == RunCompleted || s == RunFailed || s == RunCancelled
}

// Run is one pass of a context's rules over its open rows. It is a job: queued, then worked on by the holder of its
// lease; Fence rises with every new holder, so that a writer who lost the lease is refused.
type Run struct {
	ID              string          `json:"id"`
	Num             int64           `json:"-"`
	ContextID       string          `json:"contextId"`
	Mode            RunMode         `json:"mode" enum:"COMMIT,DRY_RUN,BACK_TEST"`
	Status          RunStatus       `json:"status"`
	From            Day             `json:"from"`
	To              Day             `json:"to"`
	AsOf            Day             `json:"asOf"`
	InputHash       string          `json:"inputHash,omitempty"`
	RulesHash       string          `json:"rulesHash,omitempty"`
	ResultHash      string          `json:"resultHash,omitempty"`
	GroupsHash      string          `json:"groupsHash,omitempty" doc:"Of the groups as they were written, byte for byte"`
	Summary         json.RawMessage `json:"summary,omitempty"` // as `matcher match --json` prints it
	Progress        Progress        `json:"progress"`
	Fence           int             `json:"-"`
	CancelRequested bool            `json:"cancelRequested,omitempty"`
	ErrorCode       string          `json:"errorCode,omitempty"`
	ErrorMessage    string          `json:"errorMessage,omitempty"`
	CreatedAt       time.Time       `json:"createdAt"`
	CreatedBy       string          `json:"createdBy"`
	StartedAt       *time.Time      `json:"startedAt,omitempty"`
	FinishedAt      *time.Time      `json:"finishedAt,omitempty"`
}

// Progress is how far a long piece of work is: Done of Total units of Phase (LOAD, MATCH, SAVE).
type Progress struct {
	Phase string `json:"phase,omitempty"`
	Done  int64  `json:"done,omitempty"`
	Total int64  `json:"total,omitempty"`
}
