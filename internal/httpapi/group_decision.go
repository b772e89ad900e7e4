package httpapi

import (
	"context"
	"fmt"
	"slices"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type confirmInput struct {
	pathID
	keyed
	matched
	Body struct {
		Note             string                 `json:"note,omitempty" maxLength:"2000"`
		AdjustmentReason recon.AdjustmentReason `json:"adjustmentReason,omitempty" doc:"Why the group keeps what its sides differ by; needed where they do and no adjustment covers it"`
	}
}

func confirmGroup(ctx context.Context, tx *postgres.Tx, in *confirmInput) (recon.StoredGroup, error) {
	return tx.DecideGroup(ctx, in.ID, recon.Decision{
		Action: recon.ActionConfirm, Version: in.version, Note: in.Body.Note,
		Reason: in.Body.AdjustmentReason,
	})
}

type refuseInput struct {
	pathID
	keyed
	matched
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why these rows do not belong together; it stays in the group's history"`
	}
}

// endGroup is the endpoint of what lets a group's rows go.
func endGroup(action recon.GroupAction) endpoint {
	return within(commit, func(ctx context.Context, tx *postgres.Tx, in *refuseInput) (recon.StoredGroup, error) {
		decision := recon.Decision{Action: action, Version: in.version, Note: in.Body.Reason}
		return tx.DecideGroup(ctx, in.ID, decision)
	})
}

type commentInput struct {
	pathID
	keyed
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"2000" doc:"A commented proposal survives later runs"`
	}
}

func commentGroup(ctx context.Context, tx *postgres.Tx, in *commentInput) (recon.StoredGroup, error) {
	return tx.DecideGroup(ctx, in.ID, recon.Decision{Action: recon.ActionComment, Note: in.Body.Note})
}

type bulkInput struct {
	keyed
	Body struct {
		Action           string                 `json:"action" enum:"CONFIRM,REJECT,UNMATCH"`
		GroupIDs         []string               `json:"groupIds,omitempty" maxItems:"500" nullable:"false"`
		Filter           *proposalFilter        `json:"filter,omitempty" doc:"Instead of ids, to confirm or reject: the proposed groups of one context that it leaves"`
		Count            int                    `json:"count,omitempty" minimum:"1" maximum:"10000" doc:"How many the filter leaves, as you saw it; another number now answers 409"`
		Note             string                 `json:"note,omitempty" maxLength:"2000" doc:"Needed to reject or unmatch: why"`
		AdjustmentReason recon.AdjustmentReason `json:"adjustmentReason,omitempty" doc:"Of what the groups differ by and no adjustment covers"`
	}
}

type proposalFilter struct {
	ContextID string               `json:"contextId" minLength:"1" maxLength:"36"`
	RunID     string               `json:"runId,omitempty" maxLength:"36"`
	RuleID    string               `json:"ruleId,omitempty" maxLength:"36"`
	Currency  string               `json:"currency,omitempty" maxLength:"3"`
	HeldBy    textOf[recon.HeldBy] `json:"heldBy,omitempty"`
	MinScore  int                  `json:"minScore,omitempty" minimum:"0" maximum:"100"`
}

// ids are the groups that are meant: those named, each once, or those that the filter leaves.
func (in *bulkInput) ids(ctx context.Context, tx *postgres.Tx) ([]string, error) {
	f, ids := in.Body.Filter, in.Body.GroupIDs
	switch {
	case (len(ids) > 0) == (f != nil):
		return nil, badValue("/groupIds", recon.CodeMissingValue, "or filter is needed, and not both")
	case f != nil && in.Body.Action == string(recon.ActionUnmatch):
		return nil, badValue("/filter", recon.CodeInvalidValue, "names proposed groups, of which none can be unmatched")
	case f != nil && in.Body.Count == 0:
		return nil, badValue("/count", recon.CodeMissingValue, "is needed with a filter: how many groups you saw")
	case f != nil:
		return tx.ProposedGroups(ctx, recon.ProposalFilter{
			ContextID: f.ContextID, RunID: f.RunID, RuleID: f.RuleID, Currency: f.Currency, HeldBy: valueOf(f.HeldBy),
			MinScore: f.MinScore, Count: in.Body.Count,
		})
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return nil, badValue(fmt.Sprintf("/groupIds/%d", i), recon.CodeDuplicate, "is named twice")
		}
	}
	return ids, nil
}

type bulkOutcome struct {
	Done  int                  `json:"done" doc:"How many groups it was done to"`
	Items []recon.GroupOutcome `json:"items" nullable:"false" doc:"One a group, in the order of groupIds"`
}

// decideGroups does the same to many groups in one commit; what one group does not allow is in its outcome.
func decideGroups(ctx context.Context, tx *postgres.Tx, in *bulkInput) (out bulkOutcome, err error) {
	action := recon.GroupAction(in.Body.Action)
	if action != recon.ActionConfirm && in.Body.Note == "" {
		return out, badValue("/note", recon.CodeMissingValue, "is needed to reject or unmatch")
	}
	if in.Body.Filter != nil {
		if ctx, err = entering(ctx, tx, "contextId", in.Body.Filter.ContextID); err != nil {
			return out, err
		}
	}
	ids, err := in.ids(ctx, tx)
	if err != nil {
		return out, err
	}
	seen := ids
	if in.Body.Filter == nil {
		if ctx, seen, err = visible(ctx, tx, "groupId", ids); err != nil {
			return out, err
		}
	}
	out.Items, err = tx.DecideGroups(ctx, seen, recon.Decision{
		Action: action, Note: in.Body.Note, Reason: in.Body.AdjustmentReason, Bulk: true,
	})
	for i, o := range out.Items {
		out.Items[i].GroupID = ids[i]
		if o.Code == "" {
			out.Done++
		}
	}
	return out, err
}

type createGroupInput struct {
	pathID
	keyed
	Body struct {
		LeftIDs          []string               `json:"leftIds" maxItems:"1000" nullable:"false" doc:"Open rows of the left side"`
		RightIDs         []string               `json:"rightIds" maxItems:"1000" nullable:"false" doc:"Open rows of the right side; one side may be empty when the other adds up to nothing"`
		Status           string                 `json:"status,omitempty" enum:"CONFIRMED,PROPOSED" doc:"CONFIRMED needs the role approver; default what your role allows"`
		AdjustmentReason recon.AdjustmentReason `json:"adjustmentReason,omitempty" doc:"Why the sides differ; needed where they do"`
		Note             string                 `json:"note,omitempty" maxLength:"2000"`
	}
}

// createGroup matches by hand. An analyst proposes; a caller who may confirm groups confirms at once, where four eyes
// are not asked.
func createGroup(ctx context.Context, tx *postgres.Tx, in *createGroupInput) (out recon.StoredGroup, err error) {
	mayConfirm := auth.RequireRole(ctx, auth.RoleApprover)
	if in.Body.Status == recon.GroupConfirmed.String() && mayConfirm != nil {
		return out, mayConfirm
	}
	if len(in.Body.LeftIDs)+len(in.Body.RightIDs) < 2 {
		if _, err := tx.Context(ctx, in.ID); err != nil {
			return out, err
		}
		return out, badValue("/leftIds", recon.CodeMissingValue, "a group needs at least two rows")
	}
	return tx.MatchByHand(ctx, in.ID, recon.ManualMatch{
		Left: in.Body.LeftIDs, Right: in.Body.RightIDs, Note: in.Body.Note,
		Reason:  in.Body.AdjustmentReason,
		Propose: mayConfirm != nil || in.Body.Status == recon.GroupProposed.String(),
	})
}
