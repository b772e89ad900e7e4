package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// ContextFilter narrows a list of contexts; empty fields do not.
type ContextFilter struct {
	Name   string
	Status recon.ContextStatus
}

const contextColumns = `id, num, name, description, status, settings, version, decisions, created_at, updated_at,
	created_by`

// CreateContext stores a new context; it is active at once.
func (tx *Tx) CreateContext(ctx context.Context, c recon.Context) (recon.Context, error) {
	rows, _ := tx.tx.Query(ctx, `
		INSERT INTO contexts (id, name, description, settings, created_by)
		VALUES (@id, @name, @description, @settings, @actor)
		RETURNING `+contextColumns, pgx.NamedArgs{
		"id": newID(), "name": c.Name, "description": c.Description, "settings": c.Settings, "actor": tx.Actor(),
	})
	created, err := pgx.CollectExactlyOneRow(rows, scanContext)
	if err != nil {
		return recon.Context{}, err
	}
	tx.Audit("context.create", "context", created.ID, created)
	return created, nil
}

// Context is the context of that id.
func (tx *Tx) Context(ctx context.Context, id string) (recon.Context, error) {
	return tx.contextRow(ctx, id, "")
}

// Contexts lists contexts as they were created.
func (tx *Tx) Contexts(ctx context.Context, filter ContextFilter, page Page) ([]recon.Context, string, error) {
	after, err := page.afterInt(0)
	if err != nil {
		return nil, "", err
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT `+contextColumns+` FROM contexts
		WHERE num > @after::bigint AND (@name = '' OR name = @name) AND (@status = '' OR status = @status)
		ORDER BY num LIMIT @limit`, pgx.NamedArgs{
		"after": after, "name": filter.Name, "status": string(filter.Status), "limit": page.Size() + 1,
	})
	contexts, err := pgx.CollectRows(rows, scanContext)
	if err != nil {
		return nil, "", err
	}
	contexts, next := pageOf(contexts, page, func(c recon.Context) []any { return []any{int64(c.Num)} })
	return contexts, next, nil
}

// UpdateContext lets change edit name, description, settings and status. version is what the caller read, 0 when it
// does not care; action is what the audit log calls it.
func (tx *Tx) UpdateContext(
	ctx context.Context, id string, version int, action string, change func(*recon.Context) error,
) (recon.Context, error) {
	c, err := tx.contextRow(ctx, id, "FOR UPDATE")
	if err != nil {
		return recon.Context{}, err
	}
	if version != 0 && version != c.Version {
		return recon.Context{}, recon.Stale("context")
	}
	if err := change(&c); err != nil {
		return recon.Context{}, err
	}
	rows, _ := tx.tx.Query(ctx, `
		UPDATE contexts SET name = @name, description = @description, settings = @settings, status = @status,
			version = version + 1, updated_at = now()
		WHERE id = @id RETURNING `+contextColumns, pgx.NamedArgs{
		"id": id, "name": c.Name, "description": c.Description, "settings": c.Settings, "status": string(c.Status),
	})
	updated, err := pgx.CollectExactlyOneRow(rows, scanContext)
	if err != nil {
		return recon.Context{}, err
	}
	tx.Audit(action, "context", id, updated)
	return updated, nil
}

// holdOpenContext holds a context against a change of its status until the commit, unless it is archived.
func (tx *Tx) holdOpenContext(ctx context.Context, id string) error {
	c, err := tx.contextRow(ctx, id, "FOR SHARE")
	if err == nil && c.Status == recon.ContextArchived {
		err = recon.Conflict("CONTEXT_ARCHIVED", "the context is archived: activate it to change it")
	}
	return err
}

// contextRow reads one context; lock is "", FOR SHARE or FOR UPDATE.
func (tx *Tx) contextRow(ctx context.Context, id, lock string) (recon.Context, error) {
	if !auth.IsUUID(id) {
		return recon.Context{}, recon.NotFound("context")
	}
	rows, _ := tx.tx.Query(ctx, `SELECT `+contextColumns+` FROM contexts WHERE id = @id `+lock, pgx.NamedArgs{"id": id})
	c, err := pgx.CollectExactlyOneRow(rows, scanContext)
	return c, notFound(err, "context")
}

func scanContext(row pgx.CollectableRow) (c recon.Context, err error) {
	err = row.Scan(&c.ID, &c.Num, &c.Name, &c.Description, &c.Status, &c.Settings, &c.Version, &c.Decisions,
		&c.CreatedAt, &c.UpdatedAt, &c.CreatedBy)
	c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC()
	return c, err
}

// newID is a version 7 UUID: new rows land at the right edge of the primary key's index.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
