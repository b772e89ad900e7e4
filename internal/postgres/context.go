package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// ContextFilter narrows a list of contexts; empty fields do not.
type ContextFilter struct {
	Name   string
	Status recon.ContextStatus
}

const contextColumns = `id, num, name, description, status, settings, version, decisions, created_at, updated_at,
	created_by`

var contexts = noun[recon.Context]{
	name: "context", sql: `SELECT ` + contextColumns + ` FROM contexts WHERE id = $1`,
	version: func(c recon.Context) int { return c.Version },
}

// CreateContext stores a new context; it is active at once.
func (tx *Tx) CreateContext(ctx context.Context, c recon.Context) (recon.Context, error) {
	created, err := one[recon.Context](tx.query(ctx, `
		INSERT INTO contexts (id, name, description, settings, created_by)
		VALUES (@id, @name, @description, @settings, @actor)
		RETURNING `+contextColumns, pgx.NamedArgs{
		"id": newID(), "name": c.Name, "description": c.Description, "settings": c.Settings, "actor": tx.Actor(),
	}), "context")
	if err == nil {
		tx.Audit("context.create", "context", created.ID, created)
	}
	return created, err
}

// Context is the context of that id.
func (tx *Tx) Context(ctx context.Context, id string) (recon.Context, error) {
	return contexts.read(ctx, tx, id, "")
}

// Contexts lists contexts as they were created, without those whose access lists leave the caller out.
func (tx *Tx) Contexts(ctx context.Context, filter ContextFilter, page Page) ([]recon.Context, string, error) {
	hidden, err := tx.hidden(ctx)
	if err != nil {
		return nil, "", err
	}
	return list[recon.Context]{
		what: "contexts", key: func(c recon.Context) int64 { return int64(c.Num) }, sql: `
			SELECT ` + contextColumns + ` FROM contexts
			WHERE num > @after::bigint AND (@name = '' OR name = @name) AND (@status = '' OR status = @status)
				AND num <> ALL (@hidden)
			ORDER BY num LIMIT @limit`,
		args: pgx.NamedArgs{"name": filter.Name, "status": filter.Status, "hidden": hidden},
	}.page(ctx, tx, page)
}

// UpdateContext lets change edit name, description, settings and status. version is what the caller read, 0 when it
// does not care; change returns what the audit log calls it.
func (tx *Tx) UpdateContext(
	ctx context.Context, id string, version int, change func(*recon.Context) (action string, err error),
) (recon.Context, error) {
	c, err := contexts.forChange(ctx, tx, id, version)
	if err != nil {
		return recon.Context{}, err
	}
	action, err := change(&c)
	if err != nil {
		return recon.Context{}, err
	}
	updated, err := one[recon.Context](tx.query(ctx, `
		UPDATE contexts SET name = @name, description = @description, settings = @settings, status = @status,
			version = version + 1, updated_at = now()
		WHERE id = @id RETURNING `+contextColumns, pgx.NamedArgs{
		"id": id, "name": c.Name, "description": c.Description, "settings": c.Settings, "status": c.Status,
	}), "context")
	if err == nil {
		tx.Audit(action, "context", id, updated)
	}
	return updated, err
}

// holdOpenContext holds a context against a change of its status until the commit, unless it is archived.
func (tx *Tx) holdOpenContext(ctx context.Context, id string) error {
	c, err := contexts.read(ctx, tx, id, "FOR SHARE")
	if err == nil && c.Status == recon.ContextArchived {
		err = recon.Conflict(recon.CodeContextInactive, "the context is archived: activate it to change it")
	}
	return err
}

// newID is a version 7 UUID: new rows land at the right edge of the primary key's index.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
