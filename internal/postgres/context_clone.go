package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// clonedParts copy what a context is configured with: sources with the field map in force, rules and fee rules in their
// latest version, who may see it, schedules at rest. Rows, runs and history stay where they are. Everything starts as
// its version 1.
var clonedParts = []string{
	`INSERT INTO sources (id, context_id, name, side, currency, time_zone, negate, max_rejected, account, control_totals,
		covered_through, field_map_version, created_by)
	SELECT gen_random_uuid(), @to, name, side, currency, time_zone, negate, max_rejected, account, control_totals,
		covered_through, least(field_map_version, 1), @actor
	FROM sources WHERE context_id = @from ORDER BY num`,
	`INSERT INTO field_maps (source_id, version, body, created_by)
	SELECT n.id, 1, m.body, @actor
	FROM sources o JOIN sources n ON n.context_id = @to AND n.name = o.name
	JOIN field_maps m ON m.source_id = o.id AND m.version = o.field_map_version
	WHERE o.context_id = @from`,
	`INSERT INTO rules (id, context_id, name, priority, enabled, type)
	SELECT gen_random_uuid(), @to, name, priority, enabled, type FROM rules WHERE context_id = @from AND deleted_at IS NULL`,
	`INSERT INTO rule_versions (rule_id, version, body, created_by)
	SELECT n.id, 1, v.body, @actor
	FROM rules o JOIN rules n ON n.context_id = @to AND n.name = o.name
	JOIN rule_versions v ON v.rule_id = o.id AND v.version = o.version
	WHERE o.context_id = @from AND o.deleted_at IS NULL`,
	`INSERT INTO fee_rules (id, context_id, fee_schedule_id, name, priority, body, created_by)
	SELECT gen_random_uuid(), @to, fee_schedule_id, name, priority, body, @actor FROM fee_rules WHERE context_id = @from ORDER BY num`,
	`INSERT INTO exception_policies (context_num, version, body, created_by)
	SELECT n.num, 1, p.body, @actor
	FROM contexts o JOIN contexts n ON n.id = @to JOIN exception_policies p ON p.context_num = o.num
	WHERE o.id = @from AND p.version = (SELECT max(version) FROM exception_policies WHERE context_num = o.num)`,
	`INSERT INTO context_members (context_num, subject, roles)
	SELECT n.num, m.subject, m.roles
	FROM contexts o JOIN contexts n ON n.id = @to JOIN context_members m ON m.context_num = o.num WHERE o.id = @from`,
	`INSERT INTO schedules (id, context_id, name, cron, time_zone, mode, enabled, created_by)
	SELECT gen_random_uuid(), @to, name, cron, time_zone, mode, false, @actor FROM schedules WHERE context_id = @from ORDER BY num`,
}

// CloneContext makes an active context of that name with the configuration of another, which may be archived.
func (tx *Tx) CloneContext(ctx context.Context, id string, as recon.Context) (recon.Context, error) {
	origin, err := contexts.read(ctx, tx, id, "FOR SHARE")
	if err != nil {
		return recon.Context{}, err
	}
	made, err := one[recon.Context](tx.query(ctx, `
		INSERT INTO contexts (id, name, description, settings, created_by) VALUES (@id, @name, @description, @settings, @actor)
		RETURNING `+contextColumns, pgx.NamedArgs{
		"id": newID(), "name": as.Name, "description": as.Description, "settings": origin.Settings, "actor": tx.actor,
	}), "context")
	if err != nil {
		return recon.Context{}, err
	}
	for _, sql := range clonedParts {
		if _, err := tx.tx.Exec(ctx, sql, pgx.NamedArgs{"from": id, "to": made.ID, "actor": tx.actor}); err != nil {
			return recon.Context{}, fmt.Errorf("cloning a context: %w", err)
		}
	}
	tx.Audit("context.clone", "context", made.ID, map[string]any{"from": id, "context": made})
	return made, nil
}
