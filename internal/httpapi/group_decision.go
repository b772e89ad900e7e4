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
		GroupIDs         []string               `json:"groupIds" minItems:"1" maxItems:"500" nullable:"false"`
		Note             string                 `json:"note,omitempty" maxLength:"2000" doc:"Needed to reject or unmatch: why"`
		AdjustmentReason recon.AdjustmentReason `json:"adjustmentReason,omitempty" doc:"Of what the groups differ by and no adjustment covers"`
	}
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
	for i, id := range in.Body.GroupIDs {
		if slices.Contains(in.Body.GroupIDs[:i], id) {
			return out, badValue(fmt.Sprintf("/groupIds/%d", i), recon.CodeDuplicate, "is named twice")
		}
	}
	out.Items, err = tx.DecideGroups(ctx, in.Body.GroupIDs, recon.Decision{
		Action: action, Note: in.Body.Note, Reason: in.Body.AdjustmentReason,
	})
	for _, o := range out.Items {
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
