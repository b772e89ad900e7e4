package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type auditInput struct {
	paged
	Actor    string `query:"actor" maxLength:"255"`
	Action   string `query:"action" maxLength:"100" doc:"noun.verb, for example rule.create"`
	Entity   string `query:"entity" maxLength:"100"`
	EntityID string `query:"entityId" maxLength:"100"`
}

func listAudit(ctx context.Context, tx *postgres.Tx, in *auditInput) ([]recon.AuditEntry, string, error) {
	if err := tx.SeesAll(ctx); err != nil {
		return nil, "", err
	}
	filter := postgres.AuditFilter{Actor: in.Actor, Action: in.Action, Entity: in.Entity, EntityID: in.EntityID}
	return tx.AuditEntries(ctx, filter, in.page())
}
