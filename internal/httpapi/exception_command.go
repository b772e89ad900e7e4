package httpapi

import (
	"context"
	"fmt"
	"slices"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type assignInput struct {
	pathID
	keyed
	Body struct {
		Assignee string `json:"assignee" minLength:"1" maxLength:"200" doc:"Subject of a person, or the name of a queue"`
		Note     string `json:"note,omitempty" maxLength:"2000"`
	}
}

func assignException(ctx context.Context, tx *postgres.Tx, in *assignInput) (recon.Exception, error) {
	return tx.ChangeException(ctx, in.ID, recon.ExceptionCommand{
		Action: recon.ExceptionAssign, Assignee: in.Body.Assignee, Note: in.Body.Note,
	})
}

type mayNoteInput struct {
	pathID
	keyed
	Body struct {
		Note string `json:"note,omitempty" maxLength:"2000"`
	}
}

func unassignException(ctx context.Context, tx *postgres.Tx, in *mayNoteInput) (recon.Exception, error) {
	return tx.ChangeException(ctx, in.ID, recon.ExceptionCommand{Action: recon.ExceptionUnassign, Note: in.Body.Note})
}

type noteInput struct {
	pathID
	keyed
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"2000"`
	}
}

// commentException answers the comment, whose id an edit names.
func commentException(ctx context.Context, tx *postgres.Tx, in *noteInput) (out recon.ExceptionEvent, err error) {
	_, err = tx.ChangeException(ctx, in.ID, recon.ExceptionCommand{Action: recon.ExceptionComment, Note: in.Body.Note})
	if err != nil {
		return out, err
	}
	return tx.LastExceptionEvent(ctx, in.ID)
}

type editCommentInput struct {
	pathID
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"2000"`
	}
}

func editComment(ctx context.Context, tx *postgres.Tx, in *editCommentInput) (recon.ExceptionEvent, error) {
	return tx.EditComment(ctx, in.ID, in.Body.Note)
}

type snoozeInput struct {
	pathID
	keyed
	Body struct {
		Until recon.Day `json:"until" doc:"The day on which it is back in the queue: after today, and not after its due day"`
		Note  string    `json:"note,omitempty" maxLength:"2000"`
	}
}

func snoozeException(ctx context.Context, tx *postgres.Tx, in *snoozeInput) (recon.Exception, error) {
	return tx.ChangeException(ctx, in.ID, recon.ExceptionCommand{
		Action: recon.ExceptionSnooze, Until: in.Body.Until, Note: in.Body.Note,
	})
}

type resolveInput struct {
	pathID
	keyed
	Body struct {
		recon.Resolution
		Note string `json:"note" minLength:"1" maxLength:"2000" doc:"Why"`
	}
}

func resolveException(ctx context.Context, tx *postgres.Tx, in *resolveInput) (out recon.Exception, err error) {
	if err := check(in.Body.Check()); err != nil {
		return out, err
	}
	return tx.ChangeException(ctx, in.ID, recon.ExceptionCommand{
		Action: recon.ExceptionResolve, Note: in.Body.Note, Resolution: in.Body.Resolution,
	})
}

func reopenException(ctx context.Context, tx *postgres.Tx, in *noteInput) (recon.Exception, error) {
	return tx.ChangeException(ctx, in.ID, recon.ExceptionCommand{Action: recon.ExceptionReopen, Note: in.Body.Note})
}

type bulkExceptionsInput struct {
	keyed
	Body struct {
		Action       string            `json:"action" enum:"ASSIGN,UNASSIGN,COMMENT,SNOOZE,RESOLVE,REOPEN"`
		ExceptionIDs []string          `json:"exceptionIds,omitempty" maxItems:"500" nullable:"false"`
		Filter       *exceptionFilter  `json:"filter,omitempty" doc:"Instead of ids: the exceptions of one context that a list with it shows"`
		Count        int               `json:"count,omitempty" minimum:"1" maximum:"10000" doc:"How many the filter leaves, as you saw it; another number now answers 409"`
		Assignee     string            `json:"assignee,omitempty" maxLength:"200" doc:"Needed to assign"`
		Until        recon.Day         `json:"until,omitzero" doc:"Needed to snooze"`
		Note         string            `json:"note,omitempty" maxLength:"2000" doc:"Needed to comment, resolve or reopen"`
		Resolution   *recon.Resolution `json:"resolution,omitempty" doc:"Needed to resolve: BOOKED, SUSPENSE, UNAPPLIED, WRITTEN_OFF or IGNORED"`
	}
}

type exceptionsOutcome struct {
	Done  int                      `json:"done" doc:"To how many exceptions it was done"`
	Items []recon.ExceptionOutcome `json:"items" nullable:"false" doc:"One an exception, in the order of exceptionIds"`
}

// changeExceptions does the same to many exceptions in one commit; what one does not allow is in its outcome.
func changeExceptions(
	ctx context.Context, tx *postgres.Tx, in *bulkExceptionsInput,
) (out exceptionsOutcome, err error) {
	command := recon.ExceptionCommand{
		Action: recon.ExceptionAction(in.Body.Action), Assignee: in.Body.Assignee, Note: in.Body.Note,
		Until: in.Body.Until,
	}
	if in.Body.Resolution != nil {
		command.Resolution = *in.Body.Resolution
	}
	if err := checkBulk(&command); err != nil {
		return out, err
	}
	bulk, err := in.named()
	if err != nil {
		return out, err
	}
	ids := bulk.IDs
	if bulk.Filter != nil {
		ctx, err = entering(ctx, tx, "contextId", bulk.Filter.ContextID)
	} else {
		ctx, bulk.IDs, err = visible(ctx, tx, "exceptionId", ids)
	}
	needed := map[recon.ExceptionAction]auth.Role{
		recon.ExceptionReopen: auth.RoleApprover, recon.ExceptionResolve: auth.NeedsProposal,
	}[command.Action]
	if err == nil && needed != "" {
		err = auth.RequireRole(ctx, needed)
	}
	if err != nil {
		return out, err
	}
	out.Items, err = tx.ChangeExceptions(ctx, bulk, command)
	for i, o := range out.Items {
		if len(ids) > 0 {
			out.Items[i].ExceptionID = ids[i]
		}
		if o.Code == "" {
			out.Done++
		}
	}
	return out, err
}

// named is which exceptions are meant: by ids, each once, or by filter with its count.
func (in *bulkExceptionsInput) named() (bulk postgres.ExceptionsBulk, err error) {
	bulk.IDs, bulk.Count = in.Body.ExceptionIDs, in.Body.Count
	if (len(bulk.IDs) > 0) == (in.Body.Filter != nil) {
		return bulk, badValue("/exceptionIds", recon.CodeMissingValue, "or filter is needed, and not both")
	}
	for i, id := range bulk.IDs {
		if slices.Contains(bulk.IDs[:i], id) {
			return bulk, badValue(fmt.Sprintf("/exceptionIds/%d", i), recon.CodeDuplicate, "is named twice")
		}
	}
	if in.Body.Filter == nil {
		return bulk, nil
	}
	filter, err := in.Body.Filter.filter()
	switch {
	case err != nil:
		return bulk, err
	case filter.ContextID == "":
		return bulk, badValue("/filter/contextId", recon.CodeMissingValue, "is needed: one commit changes one context")
	case bulk.Count == 0:
		return bulk, badValue("/count", recon.CodeMissingValue, "is needed with a filter: how many exceptions you saw")
	}
	bulk.Filter = &filter
	return bulk, nil
}

// bulkOutcomes are how many exceptions can end at once; every other outcome names rows of its own.
var bulkOutcomes = []recon.Outcome{
	recon.OutcomeBooked, recon.OutcomeSuspense, recon.OutcomeUnapplied, recon.OutcomeWrittenOff, recon.OutcomeIgnored,
}

// checkBulk returns what an action on many exceptions lacks.
func checkBulk(c *recon.ExceptionCommand) error {
	noted := slices.Contains([]recon.ExceptionAction{
		recon.ExceptionComment, recon.ExceptionResolve, recon.ExceptionReopen,
	}, c.Action)
	switch {
	case c.Action == recon.ExceptionAssign && c.Assignee == "":
		return badValue("/assignee", recon.CodeMissingValue, "is needed to assign")
	case c.Action == recon.ExceptionSnooze && !c.Until.Set():
		return badValue("/until", recon.CodeMissingValue, "is needed to snooze")
	case noted && c.Note == "":
		return badValue("/note", recon.CodeMissingValue, "is needed to comment, resolve or reopen")
	case c.Action == recon.ExceptionResolve && !slices.Contains(bulkOutcomes, c.Outcome):
		return badValue("/resolution/outcome", recon.CodeInvalidValue,
			"must be BOOKED, SUSPENSE, UNAPPLIED, WRITTEN_OFF or IGNORED for many exceptions at once")
	case c.Action == recon.ExceptionResolve:
		return check(recon.Below("/resolution", c.Check()))
	}
	return nil
}

type resolutionsInput struct {
	pathID
	paged
	Status   string                `query:"status" enum:"PROPOSED,REFUSED,STANDING,ENDED,REVERSED"`
	Outcome  textOf[recon.Outcome] `query:"outcome"`
	ReviewBy string                `query:"reviewBy" format:"date" doc:"IGNORED ones that are to be looked at again on this day or before"`
}

func listResolutions(
	ctx context.Context, tx *postgres.Tx, in *resolutionsInput,
) ([]recon.StoredResolution, string, error) {
	filter := postgres.ResolutionFilter{Status: in.Status, Outcome: string(in.Outcome)}
	if in.ReviewBy != "" {
		day, err := recon.ParseDay(in.ReviewBy)
		if err != nil {
			return nil, "", recon.Invalid(recon.CodeInvalidValue, "reviewBy: %v", err)
		}
		filter.DueBy = day
	}
	return tx.Resolutions(ctx, in.ID, filter, in.page())
}

// decideResolution is the endpoint that approves or refuses what another person proposed.
func decideResolution(approve bool) endpoint {
	return within(commit, func(ctx context.Context, tx *postgres.Tx, in *mayNoteInput) (recon.StoredResolution, error) {
		return tx.DecideResolution(ctx, in.ID, approve, in.Body.Note)
	})
}
