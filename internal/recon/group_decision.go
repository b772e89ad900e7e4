package recon

import (
	"fmt"
	"slices"
	"time"
)

// GroupAction is what a person does to a group.
type GroupAction string

// The actions.
const (
	ActionConfirm GroupAction = "CONFIRM"
	ActionReject  GroupAction = "REJECT"
	ActionUnmatch GroupAction = "UNMATCH"
	ActionComment GroupAction = "COMMENT" // decides nothing, but later runs leave the group as it is
)

// groupMoves lists from where an action leads and where to; a comment leads nowhere.
var groupMoves = map[GroupAction]struct {
	from []GroupStatus
	to   GroupStatus
}{
	ActionConfirm: {[]GroupStatus{GroupProposed, GroupPartial}, GroupConfirmed},
	ActionReject:  {[]GroupStatus{GroupProposed}, GroupRejected},
	ActionUnmatch: {[]GroupStatus{GroupConfirmed, GroupPartial}, GroupUnmatched},
}

// After is the status that the action leads to from another, or the conflict that forbids it. It names the person who
// brought the group there, "" where a run did.
func (a GroupAction) After(status GroupStatus, by string) (GroupStatus, error) {
	move, moves := groupMoves[a]
	if !moves {
		return status, nil
	}
	if !slices.Contains(move.from, status) {
		if by != "" {
			by = ", by " + by
		}
		return status, Conflict(CodeGroupStatus, "the group is %s%s: only a group that is %s can be %s",
			status, by, statusList(move.from), move.to)
	}
	return move.to, nil
}

func statusList(statuses []GroupStatus) string {
	if len(statuses) == 1 {
		return statuses[0].String()
	}
	return fmt.Sprintf("%s or %s", statuses[0], statuses[1])
}

// Decision is an action with its reason and note.
type Decision struct {
	Action GroupAction
	Note   string
	// Reason of the difference that a group keeps when it is confirmed, as far as no adjustment covers it yet.
	Reason AdjustmentReason
	// Version of the group that was looked at; 0: whatever it is now.
	Version int
	// Bulk is a decision on many groups, of which no one has looked at each.
	Bulk bool
}

// GroupDecision is one line of a group's history.
type GroupDecision struct {
	From      GroupStatus `json:"from,omitempty"` // "" when the group was matched by hand, and this made it
	To        GroupStatus `json:"to"`
	Note      string      `json:"note,omitempty"`
	CreatedAt time.Time   `json:"createdAt"`
	CreatedBy string      `json:"createdBy"`
}

// GroupOutcome is what became of one group of many that were decided on at once.
type GroupOutcome struct {
	GroupID string      `json:"groupId"`
	Status  GroupStatus `json:"status,omitzero"` // as it is now; none where there is no such group
	Code    string      `json:"code,omitempty" doc:"Why nothing was done to it; absent when it was"`
	Message string      `json:"message,omitempty"`
}

// ManualMatch is a group made by hand out of open rows of one currency.
type ManualMatch struct {
	Left, Right []string // ids of transactions
	// Reason of what the sides differ by; "" where they balance.
	Reason AdjustmentReason
	Note   string
	// Propose leaves the confirming to another person.
	Propose bool
}
