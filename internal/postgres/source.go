package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

const sourceColumns = `id, num, context_id, name, side, currency, time_zone, negate, field_map_version, version,
	created_at, updated_at, created_by`

// CreateSource stores a new source of s.ContextID.
func (tx *Tx) CreateSource(ctx context.Context, s recon.Source) (recon.Source, error) {
	if err := tx.holdOpenContext(ctx, s.ContextID); err != nil {
		return recon.Source{}, err
	}
	rows, _ := tx.tx.Query(ctx, `
		INSERT INTO sources (id, context_id, name, side, currency, time_zone, negate, created_by)
		VALUES (@id, @context, @name, @side, @currency, @zone, @negate, @actor)
		RETURNING `+sourceColumns, pgx.NamedArgs{
		"id": newID(), "context": s.ContextID, "name": s.Name, "side": string(s.Side), "currency": s.Currency,
		"zone": s.TimeZone, "negate": s.Negate, "actor": tx.Actor(),
	})
	created, err := pgx.CollectExactlyOneRow(rows, scanSource)
	if err != nil {
		return recon.Source{}, err
	}
	tx.Audit("source.create", "source", created.ID, created)
	return created, nil
}

// Source is the source of that id.
func (tx *Tx) Source(ctx context.Context, id string) (recon.Source, error) {
	return tx.sourceRow(ctx, id, "")
}

// Sources lists a context's sources as they were created.
func (tx *Tx) Sources(ctx context.Context, contextID string, page Page) ([]recon.Source, string, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return nil, "", err
	}
	after, err := page.afterInt(0)
	if err != nil {
		return nil, "", err
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT `+sourceColumns+` FROM sources WHERE context_id = @context AND num > @after::bigint ORDER BY num LIMIT @limit`,
		pgx.NamedArgs{"context": contextID, "after": after, "limit": page.Size() + 1})
	sources, err := pgx.CollectRows(rows, scanSource)
	if err != nil {
		return nil, "", err
	}
	sources, next := pageOf(sources, page, func(s recon.Source) []any { return []any{int64(s.Num)} })
	return sources, next, nil
}

// UpdateSource lets change edit name, currency, time zone and negate. version is what the caller read, 0 when it does
// not care. The side is fixed: rows already loaded stand on it.
func (tx *Tx) UpdateSource(
	ctx context.Context, id string, version int, change func(*recon.Source) error,
) (recon.Source, error) {
	s, err := tx.lockSource(ctx, id, version)
	if err != nil {
		return recon.Source{}, err
	}
	if err := change(&s); err != nil {
		return recon.Source{}, err
	}
	rows, _ := tx.tx.Query(ctx, `
		UPDATE sources SET name = @name, currency = @currency, time_zone = @zone, negate = @negate,
			version = version + 1, updated_at = now()
		WHERE id = @id RETURNING `+sourceColumns, pgx.NamedArgs{
		"id": id, "name": s.Name, "currency": s.Currency, "zone": s.TimeZone, "negate": s.Negate,
	})
	updated, err := pgx.CollectExactlyOneRow(rows, scanSource)
	if err != nil {
		return recon.Source{}, err
	}
	tx.Audit("source.update", "source", id, updated)
	return updated, nil
}

// DeleteSource removes a source that never took a file.
func (tx *Tx) DeleteSource(ctx context.Context, id string, version int) error {
	s, err := tx.lockSource(ctx, id, version)
	if err != nil {
		return err
	}
	var used bool
	if err := tx.tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM imports WHERE source_id = $1)`, id).Scan(&used); err != nil {
		return err
	}
	if used {
		return recon.Conflict("SOURCE_HAS_IMPORTS", "files were loaded into this source, so it stays: archive its context instead")
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM field_maps WHERE source_id = $1`, id); err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM sources WHERE id = $1`, id); err != nil {
		return err
	}
	tx.Audit("source.delete", "source", id, s)
	return nil
}

// lockSource is the source, locked, if the caller read its latest version and its context may be changed.
func (tx *Tx) lockSource(ctx context.Context, id string, version int) (recon.Source, error) {
	s, err := tx.sourceRow(ctx, id, "FOR UPDATE")
	if err != nil {
		return recon.Source{}, err
	}
	if version != 0 && version != s.Version {
		return recon.Source{}, recon.Stale("source")
	}
	err = tx.holdOpenContext(ctx, s.ContextID)
	return s, err
}

func (tx *Tx) sourceRow(ctx context.Context, id, lock string) (recon.Source, error) {
	if !auth.IsUUID(id) {
		return recon.Source{}, recon.NotFound("source")
	}
	rows, _ := tx.tx.Query(ctx, `SELECT `+sourceColumns+` FROM sources WHERE id = @id `+lock, pgx.NamedArgs{"id": id})
	s, err := pgx.CollectExactlyOneRow(rows, scanSource)
	return s, notFound(err, "source")
}

func scanSource(row pgx.CollectableRow) (s recon.Source, err error) {
	err = row.Scan(&s.ID, &s.Num, &s.ContextID, &s.Name, &s.Side, &s.Currency, &s.TimeZone, &s.Negate,
		&s.FieldMapVersion, &s.Version, &s.CreatedAt, &s.UpdatedAt, &s.CreatedBy)
	s.CreatedAt, s.UpdatedAt = s.CreatedAt.UTC(), s.UpdatedAt.UTC()
	return s, err
}
