package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type contextGroupsInput struct {
	ContextPath
	Paged
	RunID  string                    `query:"runId" maxLength:"36"`
	Status textOf[recon.GroupStatus] `query:"status"`
	RuleID string                    `query:"ruleId" maxLength:"36" doc:"Only groups that any version of this rule made"`
	HeldBy textOf[recon.HeldBy]      `query:"heldBy" doc:"Only groups that this gate kept from being confirmed"`
}

func (a *API) listContextGroups(ctx context.Context, in *contextGroupsInput) (out *list[recon.StoredGroup], err error) {
	return a.groups(ctx, in.ContextID, recon.GroupFilter{RunID: in.RunID, Status: valueOf(in.Status), RuleID: in.RuleID, HeldBy: valueOf(in.HeldBy)}, in.page())
}

type runGroupsInput struct {
	RunPath
	Paged
	Status textOf[recon.GroupStatus] `query:"status"`
	RuleID string                    `query:"ruleId" maxLength:"36" doc:"Only groups that any version of this rule made"`
	HeldBy textOf[recon.HeldBy]      `query:"heldBy" doc:"Only groups that this gate kept from being confirmed"`
}

func (a *API) listRunGroups(ctx context.Context, in *runGroupsInput) (*list[recon.StoredGroup], error) {
	run, err := a.readRun(ctx, in.RunID)
	if err != nil {
		return nil, err
	}
	return a.groups(ctx, run.ContextID, recon.GroupFilter{RunID: run.ID, Status: valueOf(in.Status), RuleID: in.RuleID, HeldBy: valueOf(in.HeldBy)}, in.page())
}

func (a *API) groups(
	ctx context.Context, contextID string, filter recon.GroupFilter, page postgres.Page,
) (out *list[recon.StoredGroup], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.Groups(ctx, contextID, filter, page)
		out = listOf(items, next)
		return err
	})
	return out, err
}

// GroupPath names the group that a path is about.
type GroupPath struct {
	GroupID string `path:"groupId"`
}

func (a *API) getGroup(ctx context.Context, in *GroupPath) (out *one[recon.StoredGroup], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		group, err := tx.Group(ctx, in.GroupID)
		out = &one[recon.StoredGroup]{ETag: entityTag(group.Version), Body: group}
		return err
	})
	return out, err
}

type groupItemsInput struct {
	GroupPath
	Paged
}

func (a *API) listGroupItems(ctx context.Context, in *groupItemsInput) (out *list[recon.GroupItem], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.GroupItems(ctx, in.GroupID, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}
