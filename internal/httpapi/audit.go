package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type auditInput struct {
	Paged
	Actor    string `query:"actor" maxLength:"255"`
	Action   string `query:"action" maxLength:"100" doc:"noun.verb, rule.create say"`
	Entity   string `query:"entity" maxLength:"100"`
	EntityID string `query:"entityId" maxLength:"100"`
}

func (a *API) listAudit(ctx context.Context, in *auditInput) (out *list[recon.AuditEntry], err error) {
	err = a.DB.ReadStale(ctx, func(tx *postgres.Tx) error {
		filter := postgres.AuditFilter{Actor: in.Actor, Action: in.Action, Entity: in.Entity, EntityID: in.EntityID}
		items, next, err := tx.AuditEntries(ctx, filter, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}
