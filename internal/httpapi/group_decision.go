package httpapi

import (
	"context"
	"fmt"
	"slices"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func groupReply(g recon.StoredGroup, location string) *reply[recon.StoredGroup] {
	return &reply[recon.StoredGroup]{Location: location, ETag: entityTag(g.Version), Body: g}
}

// decide does one thing to the group of a path.
func decide(ctx context.Context, tx *postgres.Tx, path GroupPath, matched Matched, d recon.Decision) (*reply[recon.StoredGroup], error) {
	var err error
	if d.Version, err = versionOf(matched.IfMatch); err != nil {
		return nil, err
	}
	g, err := tx.DecideGroup(ctx, path.GroupID, d)
	return groupReply(g, ""), err
}

type confirmInput struct {
	GroupPath
	Keyed
	Matched
	Body struct {
		Note             string                 `json:"note,omitempty" maxLength:"2000"`
		AdjustmentReason recon.AdjustmentReason `json:"adjustmentReason,omitempty" doc:"Why the group keeps what its sides differ by; needed where they do and no adjustment covers it"`
	} `required:"false"`
}

func (a *API) confirmGroup(ctx context.Context, tx *postgres.Tx, in *confirmInput) (*reply[recon.StoredGroup], error) {
	return decide(ctx, tx, in.GroupPath, in.Matched, recon.Decision{
		Action: recon.ActionConfirm, Note: in.Body.Note, Reason: in.Body.AdjustmentReason,
	})
}

type refuseInput struct {
	GroupPath
	Keyed
	Matched
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"2000" doc:"Why these rows do not belong together; it stays in the group's history"`
	}
}

// endGroup is the handler of what lets a group's rows go.
func endGroup(action recon.GroupAction) func(*API, context.Context, *postgres.Tx, *refuseInput) (*reply[recon.StoredGroup], error) {
	return func(_ *API, ctx context.Context, tx *postgres.Tx, in *refuseInput) (*reply[recon.StoredGroup], error) {
		return decide(ctx, tx, in.GroupPath, in.Matched, recon.Decision{Action: action, Note: in.Body.Reason})
	}
}

type commentInput struct {
	GroupPath
	Keyed
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"2000" doc:"A proposal that somebody commented on stays over later runs"`
	}
}

func (a *API) commentGroup(ctx context.Context, tx *postgres.Tx, in *commentInput) (*reply[recon.StoredGroup], error) {
	return decide(ctx, tx, in.GroupPath, Matched{}, recon.Decision{Action: recon.ActionComment, Note: in.Body.Note})
}

type groupHistoryInput struct {
	GroupPath
	Paged
}

func (a *API) listGroupHistory(ctx context.Context, in *groupHistoryInput) (out *list[recon.GroupDecision], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.GroupDecisions(ctx, in.GroupID, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

type bulkInput struct {
	Keyed
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

// decideGroups does the same to many groups in one commit; what a single group does not allow stands in its outcome.
func (a *API) decideGroups(ctx context.Context, tx *postgres.Tx, in *bulkInput) (*reply[bulkOutcome], error) {
	action := recon.GroupAction(in.Body.Action)
	if action != recon.ActionConfirm && in.Body.Note == "" {
		return nil, check([]recon.FieldError{{Pointer: "/note", Code: "MISSING_VALUE", Message: "is needed to reject or unmatch"}})
	}
	for i, id := range in.Body.GroupIDs {
		if slices.Contains(in.Body.GroupIDs[:i], id) {
			return nil, check([]recon.FieldError{{
				Pointer: fmt.Sprintf("/groupIds/%d", i), Code: recon.CodeDuplicate, Message: "is named twice",
			}})
		}
	}
	outcomes, err := tx.DecideGroups(ctx, in.Body.GroupIDs, recon.Decision{
		Action: action, Note: in.Body.Note, Reason: in.Body.AdjustmentReason,
	})
	out := bulkOutcome{Items: outcomes}
	for _, o := range outcomes {
		if o.Code == "" {
			out.Done++
		}
	}
	return &reply[bulkOutcome]{Body: out}, err
}

type createGroupInput struct {
	ContextPath
	Keyed
	Body struct {
		LeftIDs          []string               `json:"leftIds" maxItems:"1000" nullable:"false" doc:"Open rows of the left side"`
		RightIDs         []string               `json:"rightIds" maxItems:"1000" nullable:"false" doc:"Open rows of the right side; one side may be empty when the other adds up to nothing"`
		Status           string                 `json:"status,omitempty" enum:"CONFIRMED,PROPOSED" doc:"CONFIRMED needs the role approver; default what your role allows"`
		AdjustmentReason recon.AdjustmentReason `json:"adjustmentReason,omitempty" doc:"Why the sides differ; needed where they do"`
		Note             string                 `json:"note,omitempty" maxLength:"2000"`
	}
}

// createGroup matches by hand. An analyst proposes; who may confirm groups confirms at once, where four eyes are not asked.
func (a *API) createGroup(ctx context.Context, tx *postgres.Tx, in *createGroupInput) (*reply[recon.StoredGroup], error) {
	mayConfirm := auth.RequireRole(ctx, auth.RoleApprover)
	if in.Body.Status == recon.GroupConfirmed.String() && mayConfirm != nil {
		return nil, mayConfirm
	}
	if len(in.Body.LeftIDs)+len(in.Body.RightIDs) < 2 {
		if _, err := tx.Context(ctx, in.ContextID); err != nil {
			return nil, err
		}
		return nil, check([]recon.FieldError{{Pointer: "/leftIds", Code: "MISSING_VALUE", Message: "a group has two rows at least"}})
	}
	g, err := tx.MatchByHand(ctx, in.ContextID, recon.ManualMatch{
		Left: in.Body.LeftIDs, Right: in.Body.RightIDs, Reason: in.Body.AdjustmentReason, Note: in.Body.Note,
		Propose: mayConfirm != nil || in.Body.Status == recon.GroupProposed.String(),
	})
	return groupReply(g, "/v1/groups/"+g.ID), err
}
