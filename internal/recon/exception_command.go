package recon

import "time"

// ExceptionAction is what a person does to an exception.
type ExceptionAction string

// The actions.
const (
	ExceptionAssign   ExceptionAction = "ASSIGN"
	ExceptionUnassign ExceptionAction = "UNASSIGN"
	ExceptionComment  ExceptionAction = "COMMENT"
	ExceptionSnooze   ExceptionAction = "SNOOZE"
	ExceptionResolve  ExceptionAction = "RESOLVE"
	ExceptionReopen   ExceptionAction = "REOPEN"
)

// ExceptionCommand is an action with what it needs.
type ExceptionCommand struct {
	Action   ExceptionAction
	Assignee string
	Note     string
	Until    Day // of SNOOZE: the day on which it is back in the queue
	Resolution
}

// ExceptionOutcome is what became of one exception of many.
type ExceptionOutcome struct {
	ExceptionID string `json:"exceptionId"`
	Status      string `json:"status,omitempty"` // as it is now; none where there is no such exception
	Code        string `json:"code,omitempty" doc:"Why nothing was done to it; absent when it was"`
	Message     string `json:"message,omitempty"`
}

// ExceptionEvent is one line of an exception's history. A comment has an id, and the text that it was last given.
type ExceptionEvent struct {
	ID          string         `json:"id"`
	ExceptionID string         `json:"exceptionId"`
	Action      string         `json:"action"`
	Note        string         `json:"note,omitempty"`
	Edits       int            `json:"edits,omitempty"` // of a comment
	Detail      map[string]any `json:"detail,omitempty"`
	CreatedAt   time.Time      `json:"createdAt"`
	CreatedBy   string         `json:"createdBy"`
}

// Detail is what the audit log and the history keep of a command.
func (c *ExceptionCommand) Detail() map[string]any {
	detail := map[string]any{}
	if c.Assignee != "" {
		detail["assignee"] = c.Assignee
	}
	if c.Until.Set() {
		detail["until"] = c.Until
	}
	if c.Outcome != 0 {
		detail["resolution"] = c.Resolution
	}
	return detail
}

// Event is the line that a command leaves in the history.
func (c *ExceptionCommand) Event() ExceptionEvent {
	return ExceptionEvent{Action: string(c.Action), Note: c.Note, Detail: c.Detail()}
}

const (
	// ExceptionsBulkMax bounds what one commit does by filter.
	ExceptionsBulkMax = 10_000
	// SnoozeDaysMax bounds how long an exception is out of the queue.
	SnoozeDaysMax = 366
)

// Judge returns the state that an action leads to, or why it is refused. today is the day of the command.
func (c *ExceptionCommand) Judge(status string, due, today Day) (string, error) {
	resolved := status == ExceptionResolved
	switch {
	case c.Action == ExceptionComment:
		return status, nil
	case c.Action == ExceptionReopen && !resolved:
		return status, Conflict(CodeExceptionStatus,
			"the exception is %s: only one that is RESOLVED can be reopened", status)
	case c.Action == ExceptionReopen:
		return ExceptionReopened, nil
	case resolved:
		return status, Conflict(CodeExceptionStatus, "the exception is RESOLVED: reopen it first")
	case c.Action == ExceptionResolve:
		return ExceptionResolved, nil
	case c.Action == ExceptionAssign && status != ExceptionWaiting:
		return ExceptionInProgress, nil
	case c.Action == ExceptionUnassign && status == ExceptionInProgress:
		return ExceptionOpen, nil
	case c.Action != ExceptionSnooze:
		return status, nil
	case c.Until <= today || c.Until > today+SnoozeDaysMax:
		return status, snoozeFault("must be after today and within a year")
	case c.Until > due:
		return status, snoozeFault("is after the due day of the exception, " + due.String() +
			": no one may hide it longer")
	}
	return ExceptionWaiting, nil
}

func snoozeFault(message string) error {
	return Unprocessable(CodeValidationFailed, "the exception cannot be snoozed until then",
		FieldError{Pointer: "/until", Code: CodeInvalidValue, Message: message})
}
