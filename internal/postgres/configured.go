package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// configured is a table of named things that rules refer to.
type configured[T any] struct {
	noun, table string
	name        func(T) string
	used        string // SQL: where one of the name is in use
}

// usedInRules is where rules that still run name a thing; %s finds the names in a rule's body.
const usedInRules = `
	FROM rules r JOIN rule_versions v ON v.rule_id = r.id AND v.version = r.version
	WHERE r.deleted_at IS NULL AND `

// calendars are named by the dates of rules, fee schedules by their amounts ("net+schedule:cards") and by fee rules.
var (
	calendars = configured[recon.Calendar]{
		noun: "calendar", table: "calendars", name: func(c recon.Calendar) string { return c.ID },
		used: usedInRules + `v.body -> 'date' ->> 'calendar' = @name`,
	}
	feeSchedules = configured[recon.FeeSchedule]{
		noun: "fee schedule", table: "fee_schedules", name: func(s recon.FeeSchedule) string { return s.Name },
		used: `
			FROM (
				SELECT a.value FROM rules r JOIN rule_versions v ON v.rule_id = r.id AND v.version = r.version
				CROSS JOIN jsonb_each_text(v.body -> 'amount') a
				WHERE r.deleted_at IS NULL AND a.key IN ('left', 'right')
				UNION ALL
				SELECT '` + recon.ScheduleTerm + `' || (f.body ->> 'feeSchedule') FROM fee_rules f
			) AS used (term)
			WHERE position('` + recon.ScheduleTerm + `' || @name IN term) > 0`,
	}
)

const configuredColumns = `id::text, body, version, created_at, updated_at, created_by`

func scanConfigured[T any](row pgx.CollectableRow) (c recon.Configured[T], err error) {
	var body []byte
	if err := row.Scan(&c.ID, &body, &c.Version, &c.CreatedAt, &c.UpdatedAt, &c.CreatedBy); err != nil {
		return c, err
	}
	c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC()
	return c, json.Unmarshal(body, &c.Value)
}

func createConfigured[T any](ctx context.Context, tx *Tx, kind configured[T], value T) (recon.Configured[T], error) {
	rows, _ := tx.tx.Query(ctx, `
		INSERT INTO `+kind.table+` (id, name, body, created_by) VALUES (@id, @name, @body, @actor)
		RETURNING `+configuredColumns, pgx.NamedArgs{"id": newID(), "name": kind.name(value), "body": value, "actor": tx.actor})
	made, err := pgx.CollectExactlyOneRow(rows, scanConfigured[T])
	if err == nil {
		tx.Audit(kind.table+".create", kind.noun, made.ID, made)
	}
	return made, err
}

func listConfigured[T any](ctx context.Context, tx *Tx, kind configured[T], page Page) ([]recon.Configured[T], string, error) {
	after, err := page.afterText()
	if err != nil {
		return nil, "", err
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT `+configuredColumns+` FROM `+kind.table+` WHERE name > @after ORDER BY name LIMIT @limit`,
		pgx.NamedArgs{"after": after, "limit": page.Size() + 1})
	items, err := pgx.CollectRows(rows, scanConfigured[T])
	if err != nil {
		return nil, "", fmt.Errorf("listing %s: %w", kind.table, err)
	}
	items, next := pageOf(items, page, func(c recon.Configured[T]) []any { return []any{kind.name(c.Value)} })
	return items, next, nil
}

// everyConfigured is all of them, for a plan; lock keeps those that a rule is about to name.
func everyConfigured[T any](ctx context.Context, tx *Tx, kind configured[T], lock string) ([]T, error) {
	rows, _ := tx.tx.Query(ctx, `SELECT body FROM `+kind.table+` ORDER BY name `+lock)
	values, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (value T, err error) {
		var body []byte
		if err := row.Scan(&body); err != nil {
			return value, err
		}
		return value, json.Unmarshal(body, &value)
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", kind.table, err)
	}
	return values, nil
}

// oneConfigured reads one; lock is "" or FOR UPDATE.
func oneConfigured[T any](ctx context.Context, tx *Tx, kind configured[T], id, lock string) (recon.Configured[T], error) {
	if !auth.IsUUID(id) {
		return recon.Configured[T]{}, recon.NotFound(kind.noun)
	}
	rows, _ := tx.tx.Query(ctx, `SELECT `+configuredColumns+` FROM `+kind.table+` WHERE id = @id `+lock, pgx.NamedArgs{"id": id})
	found, err := pgx.CollectExactlyOneRow(rows, scanConfigured[T])
	return found, notFound(err, kind.noun)
}

// updateConfigured stores another value. version is what the caller read, 0 when it does not care. One that is in use
// keeps its name.
func updateConfigured[T any](ctx context.Context, tx *Tx, kind configured[T], id string, version int, value T) (recon.Configured[T], error) {
	found, err := lockConfigured(ctx, tx, kind, id, version)
	if err != nil {
		return found, err
	}
	if kind.name(value) != kind.name(found.Value) {
		if err := unused(ctx, tx, kind, kind.name(found.Value)); err != nil {
			return found, err
		}
	}
	rows, _ := tx.tx.Query(ctx, `
		UPDATE `+kind.table+` SET name = @name, body = @body, version = version + 1, updated_at = now()
		WHERE id = @id RETURNING `+configuredColumns, pgx.NamedArgs{"id": id, "name": kind.name(value), "body": value})
	changed, err := pgx.CollectExactlyOneRow(rows, scanConfigured[T])
	if err == nil {
		tx.Audit(kind.table+".update", kind.noun, id, changed)
	}
	return changed, err
}

func deleteConfigured[T any](ctx context.Context, tx *Tx, kind configured[T], id string, version int) error {
	found, err := lockConfigured(ctx, tx, kind, id, version)
	if err != nil {
		return err
	}
	if err := unused(ctx, tx, kind, kind.name(found.Value)); err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM `+kind.table+` WHERE id = $1`, id); err != nil {
		return err
	}
	tx.Audit(kind.table+".delete", kind.noun, id, found)
	return nil
}

func lockConfigured[T any](ctx context.Context, tx *Tx, kind configured[T], id string, version int) (recon.Configured[T], error) {
	found, err := oneConfigured(ctx, tx, kind, id, "FOR UPDATE")
	if err == nil && version != 0 && version != found.Version {
		err = recon.Stale(kind.noun)
	}
	return found, err
}

// unused refuses what would leave a rule without the thing that it names.
func unused[T any](ctx context.Context, tx *Tx, kind configured[T], name string) error {
	var used bool
	if err := tx.tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1`+kind.used+`)`, pgx.NamedArgs{"name": name}).Scan(&used); err != nil {
		return fmt.Errorf("looking for rules that name the %s: %w", kind.noun, err)
	}
	if used {
		return recon.Conflict("IN_USE", "a rule names this %s: change the rule first", kind.noun)
	}
	return nil
}

// namedBy reads what the rules of a run name, and nothing else: it is kept with the run's plan.
func (tx *Tx) namedBy(ctx context.Context, in *RunInput) error {
	rules := plainRules(in.Rules)
	days, err := everyConfigured(ctx, tx, calendars, "")
	if err != nil {
		return err
	}
	fees, err := everyConfigured(ctx, tx, feeSchedules, "")
	if err != nil {
		return err
	}
	for _, c := range days {
		if slices.ContainsFunc(rules, func(r recon.Rule) bool { return r.Date.Calendar == c.ID }) {
			in.Options.Calendars = append(in.Options.Calendars, c)
		}
	}
	for _, s := range fees {
		term := recon.ScheduleTerm + s.Name
		if slices.ContainsFunc(rules, func(r recon.Rule) bool {
			return strings.Contains(r.Amount.Left, term) || strings.Contains(r.Amount.Right, term)
		}) {
			in.Options.FeeSchedules = append(in.Options.FeeSchedules, s)
		}
	}
	in.Options.Rates, err = tx.ratesFor(ctx, rules)
	return err
}
