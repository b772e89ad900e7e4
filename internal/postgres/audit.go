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
	return list[recon.AuditEntry]{
		what: "the audit log", first: firstOfDescending, key: func(e recon.AuditEntry) int64 { return e.Seq }, sql: `
			SELECT seq, at, actor, action, entity, entity_id, request_id, detail FROM audit_log
			WHERE seq < @after::bigint AND (@actor = '' OR actor = @actor) AND (@action = '' OR action = @action)
				AND (@entity = '' OR entity = @entity) AND (@id = '' OR entity_id = @id)
			ORDER BY seq DESC LIMIT @limit`,
		args: pgx.NamedArgs{
			"actor": filter.Actor, "action": filter.Action, "entity": filter.Entity, "id": filter.EntityID,
		},
	}.page(ctx, tx, page)
}
