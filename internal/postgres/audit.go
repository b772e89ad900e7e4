package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// AuditFilter narrows the audit log; empty fields do not.
type AuditFilter struct {
	Actor, Action, Entity, EntityID string
}

// AuditEntries lists the audit log, the latest entry first.
func (tx *Tx) AuditEntries(ctx context.Context, filter AuditFilter, page Page) ([]recon.AuditEntry, string, error) {
	before, err := page.afterInt(firstOfDescending)
	if err != nil {
		return nil, "", err
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT seq, at, actor, action, entity, entity_id, request_id, detail FROM audit_log
		WHERE seq < @before::bigint AND (@actor = '' OR actor = @actor) AND (@action = '' OR action = @action)
			AND (@entity = '' OR entity = @entity) AND (@id = '' OR entity_id = @id)
		ORDER BY seq DESC LIMIT @limit`, pgx.NamedArgs{
		"before": before, "actor": filter.Actor, "action": filter.Action, "entity": filter.Entity,
		"id": filter.EntityID, "limit": page.Size() + 1,
	})
	entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e recon.AuditEntry, err error) {
		err = row.Scan(&e.Seq, &e.At, &e.Actor, &e.Action, &e.Entity, &e.EntityID, &e.RequestID, &e.Detail)
		e.At = e.At.UTC()
		return e, err
	})
	if err != nil {
		return nil, "", err
	}
	entries, next := pageOf(entries, page, func(e recon.AuditEntry) []any { return []any{e.Seq} })
	return entries, next, nil
}
