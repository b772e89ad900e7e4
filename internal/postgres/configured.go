package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// configured is a tenant's things of one kind that rules call by name: its calendars, or its fee schedules.
type configured[T any] struct {
	tx    *Tx
	table string
	noun  noun[recon.Configured[T]]
	name  func(T) string
	used  string // SQL: where one of @name is in use
}

func newConfigured[T any](tx *Tx, noun, table string, name func(T) string) configured[T] {
	c := configured[T]{tx: tx, table: table, name: name}
	c.noun.name, c.noun.sql = noun, `SELECT `+configuredColumns+` FROM `+table+` WHERE id = $1`
	c.noun.version = func(stored recon.Configured[T]) int { return stored.Version }
	return c
}

const configuredColumns = `id, body AS value, version, created_at, updated_at, created_by`

// create stores a new one.
func (c configured[T]) create(ctx context.Context, value T) (recon.Configured[T], error) {
	made, err := one[recon.Configured[T]](c.tx.query(ctx, `
		INSERT INTO `+c.table+` (id, name, body, created_by) VALUES (@id, @name, @body, @actor) RETURNING `+configuredColumns,
		pgx.NamedArgs{"id": newID(), "name": c.name(value), "body": value, "actor": c.tx.actor}), c.noun.name)
	if err == nil {
		c.tx.Audit(c.table+".create", c.noun.name, made.ID, made)
	}
	return made, err
}

// list lists them by name.
func (c configured[T]) list(ctx context.Context, page Page) ([]recon.Configured[T], string, error) {
	after, err := page.afterText()
	if err != nil {
		return nil, "", err
	}
	items, err := all[recon.Configured[T]](c.tx.query(ctx, `
		SELECT `+configuredColumns+` FROM `+c.table+` WHERE name > $1 ORDER BY name LIMIT $2`, after, page.Size()+1))
	if err != nil {
		return nil, "", fmt.Errorf("listing %s: %w", c.table, err)
	}
	items, next := pageOf(items, page, func(item recon.Configured[T]) []any { return []any{c.name(item.Value)} })
	return items, next, nil
}

// get returns one.
func (c configured[T]) get(ctx context.Context, id string) (recon.Configured[T], error) {
	return c.noun.read(ctx, c.tx, id, "")
}

// update stores another value for later runs. version is what the caller read, 0 when it does not care. One that is in
// use keeps its name.
func (c configured[T]) update(ctx context.Context, id string, version int, value T) (recon.Configured[T], error) {
	found, err := c.noun.forChange(ctx, c.tx, id, version)
	if err != nil {
		return found, err
	}
	if c.name(value) != c.name(found.Value) {
		if err := c.unused(ctx, found.Value); err != nil {
			return found, err
		}
	}
	changed, err := one[recon.Configured[T]](c.tx.query(ctx, `
		UPDATE `+c.table+` SET name = @name, body = @body, version = version + 1, updated_at = now()
		WHERE id = @id RETURNING `+configuredColumns,
		pgx.NamedArgs{"id": id, "name": c.name(value), "body": value}), c.noun.name)
	if err == nil {
		c.tx.Audit(c.table+".update", c.noun.name, id, changed)
	}
	return changed, err
}

// remove deletes one that no rule names.
func (c configured[T]) remove(ctx context.Context, id string, version int) error {
	found, err := c.noun.forChange(ctx, c.tx, id, version)
	if err != nil {
		return err
	}
	if err := c.unused(ctx, found.Value); err != nil {
		return err
	}
	if _, err := c.tx.tx.Exec(ctx, `DELETE FROM `+c.table+` WHERE id = $1`, id); err != nil {
		return err
	}
	c.tx.Audit(c.table+".delete", c.noun.name, id, found)
	return nil
}

// unused refuses what would leave a rule without the thing that it names.
func (c configured[T]) unused(ctx context.Context, named T) error {
	used, err := value[bool](c.tx.query(ctx, `SELECT EXISTS (SELECT`+c.used+`)`, pgx.NamedArgs{"name": c.name(named)}))
	if err != nil {
		return fmt.Errorf("looking for rules that name the %s: %w", c.noun.name, err)
	}
	if used {
		return recon.Conflict(recon.CodeInUse,
			"a rule, a policy or what a source expects names this %s: change that first", c.noun.name)
	}
	return nil
}

// values returns every value by name. lock is "" or a locking clause.
func (c configured[T]) values(ctx context.Context, lock string) ([]T, error) {
	values, err := pgx.CollectRows(c.tx.query(ctx, `SELECT body FROM `+c.table+` ORDER BY name `+lock), pgx.RowTo[T])
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", c.table, err)
	}
	return values, nil
}

// Named returns all calendars and fee schedules, held against a change of name and against deletion until the commit.
func (tx *Tx) Named(ctx context.Context) (c []recon.Calendar, s []recon.FeeSchedule, err error) {
	if c, err = tx.calendars().values(ctx, "FOR SHARE"); err != nil {
		return nil, nil, err
	}
	s, err = tx.feeSchedules().values(ctx, "FOR SHARE")
	return c, s, err
}

// namedBy reads what the rules of a run name, and nothing else: it is kept with the run's plan.
func (tx *Tx) namedBy(ctx context.Context, in *RunInput) error {
	rules := plainRules(in.Rules)
	days, err := tx.calendars().values(ctx, "")
	if err != nil {
		return err
	}
	fees, err := tx.feeSchedules().values(ctx, "")
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
