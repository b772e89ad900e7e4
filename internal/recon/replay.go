package recon

// Replay reports whether a run that is done again, with the rows and the plan that it had, gives what was stored.
type Replay struct {
	RunID     string `json:"runId"`
	Identical bool   `json:"identical" doc:"Every hash, and every stored group that is still there, is the replayed one"`
	// Comparable is false where a replay would not be the run: Reason is why, and nothing is compared.
	Comparable bool          `json:"comparable"`
	Reason     *ReplayReason `json:"reason,omitempty"`

	InputHash  string `json:"inputHash,omitempty" doc:"As replayed, like the hashes below"`
	RulesHash  string `json:"rulesHash,omitempty"`
	ResultHash string `json:"resultHash,omitempty"`
	GroupsHash string `json:"groupsHash,omitempty"`

	Groups         int64 `json:"groups" doc:"That the replay made"`
	GroupsCompared int64 `json:"groupsCompared" doc:"That are still stored"`
	GroupsGone     int64 `json:"groupsGone" doc:"Proposals that later runs weighed again, and previews that have expired"`

	Differences      []ReplayDifference `json:"differences" nullable:"false" doc:"The first of them"`
	DifferencesTotal int64              `json:"differencesTotal"`
}

// ReplayReason is why a run cannot be compared.
type ReplayReason struct {
	Code    string `json:"code"` // ROWS_VOIDED, ROWS_NOT_KEPT, ENGINE_CHANGED or PLAN_UNUSABLE
	Message string `json:"message"`
}

// ReplayDifference is one thing that is stored otherwise than it was replayed. Without a group it is the run's.
type ReplayDifference struct {
	GroupID  string `json:"groupId,omitempty"`
	Field    string `json:"field"`
	Stored   string `json:"stored"`
	Replayed string `json:"replayed"`
}

// replayDifferencesMax is how many differences a replay lists one by one.
const replayDifferencesMax = 100

// Differ notes what is stored otherwise, and nothing where both are the same.
func (r *Replay) Differ(groupID, field, stored, replayed string) {
	if stored == replayed {
		return
	}
	r.DifferencesTotal++
	if len(r.Differences) < replayDifferencesMax {
		r.Differences = append(r.Differences, ReplayDifference{groupID, field, stored, replayed})
	}
}
