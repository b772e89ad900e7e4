package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type contextGroupsInput struct {
	pathID
	paged
	RunID string `query:"runId" maxLength:"36"`
	groupsFilter
}

type groupsFilter struct {
	Status   textOf[recon.GroupStatus] `query:"status"`
	RuleID   string                    `query:"ruleId" maxLength:"36" doc:"Only groups that any version of this rule made"`
	Currency string                    `query:"currency" maxLength:"3"`
	HeldBy   textOf[recon.HeldBy]      `query:"heldBy" doc:"Only groups that this gate kept from being confirmed"`
	MinScore int                       `query:"minScore" minimum:"0" maximum:"100" doc:"Only groups of this score or a higher one"`
}

func (f groupsFilter) of(runID string) recon.GroupFilter {
	return recon.GroupFilter{
		RunID: runID, Status: valueOf(f.Status), RuleID: f.RuleID, Currency: f.Currency, HeldBy: valueOf(f.HeldBy),
		MinScore: f.MinScore,
	}
}

func listContextGroups(
	ctx context.Context, tx *postgres.Tx, in *contextGroupsInput,
) ([]recon.StoredGroup, string, error) {
	return tx.Groups(ctx, in.ID, in.of(in.RunID), in.page())
}

type runGroupsInput struct {
	pathID
	paged
	groupsFilter
}

func listRunGroups(ctx context.Context, tx *postgres.Tx, in *runGroupsInput) ([]recon.StoredGroup, string, error) {
	run, err := tx.Run(ctx, in.ID)
	if err != nil {
		return nil, "", err
	}
	return tx.Groups(ctx, run.ContextID, in.of(run.ID), in.page())
}
