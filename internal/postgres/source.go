package postgres

import (
	"cmp"
	"context"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

const sourceColumns = `id, num, context_id, name, side, currency, time_zone, negate, max_rejected, account,
	control_totals, covered_through, field_map_version, version, created_at, updated_at, created_by`

var sources = noun[recon.Source]{
	name: "source", sql: `SELECT ` + sourceColumns + ` FROM sources WHERE id = $1`,
	version: func(s recon.Source) int { return s.Version },
}

// CreateSource stores a new source of s.ContextID.
func (tx *Tx) CreateSource(ctx context.Context, s recon.Source) (recon.Source, error) {
	if err := tx.holdOpenContext(ctx, s.ContextID); err != nil {
		return recon.Source{}, err
	}
	created, err := one[recon.Source](tx.query(ctx, `
		INSERT INTO sources (id, context_id, name, side, currency, time_zone, negate, max_rejected, account,
			control_totals, covered_through, created_by)
		VALUES (@id, @context, @name, @side, @currency, @zone, @negate, @rejected, @account, @totals, @covered, @actor)
		RETURNING `+sourceColumns, pgx.NamedArgs{
		"id": newID(), "context": s.ContextID, "name": s.Name, "side": s.Side, "currency": s.Currency,
		"zone": s.TimeZone, "negate": s.Negate, "rejected": s.MaxRejected, "account": s.Account,
		"totals": cmp.Or(s.ControlTotals, recon.ControlTotalsKeep), "covered": s.CoveredThrough,
		"actor": tx.Actor(),
	}), "source")
	if err == nil {
		tx.Audit("source.create", "source", created.ID, created)
	}
	return created, err
}

// Source is the source of that id.
func (tx *Tx) Source(ctx context.Context, id string) (recon.Source, error) {
	return sources.read(ctx, tx, id, "")
}

// Sources lists a context's sources as they were created.
func (tx *Tx) Sources(ctx context.Context, contextID string, page Page) ([]recon.Source, string, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return nil, "", err
	}
	return list[recon.Source]{
		what: "sources", key: func(s recon.Source) int64 { return int64(s.Num) }, sql: `
			SELECT ` + sourceColumns + ` FROM sources
			WHERE context_id = @context AND num > @after::bigint ORDER BY num LIMIT @limit`,
		args: pgx.NamedArgs{"context": contextID},
	}.page(ctx, tx, page)
}

// UpdateSource lets change edit all that is not fixed. version is what the caller read, 0
// when it does not care. The side is fixed: rows already loaded stand on it.
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
	updated, err := one[recon.Source](tx.query(ctx, `
		UPDATE sources SET name = @name, currency = @currency, time_zone = @zone, negate = @negate,
			max_rejected = @rejected, account = @account, control_totals = @totals, covered_through = @covered,
			version = version + 1, updated_at = now()
		WHERE id = @id RETURNING `+sourceColumns, pgx.NamedArgs{
		"id": id, "name": s.Name, "currency": s.Currency, "zone": s.TimeZone, "negate": s.Negate,
		"rejected": s.MaxRejected, "account": s.Account, "totals": s.ControlTotals,
		"covered": s.CoveredThrough,
	}), "source")
	if err == nil {
		tx.Audit("source.update", "source", id, updated)
	}
	return updated, err
}

// DeleteSource removes a source that never took a file.
func (tx *Tx) DeleteSource(ctx context.Context, id string, version int) error {
	s, err := tx.lockSource(ctx, id, version)
	if err != nil {
		return err
	}
	used, err := value[bool](tx.query(ctx, `SELECT EXISTS (SELECT 1 FROM imports WHERE source_id = $1)`, id))
	if err != nil {
		return err
	}
	if used {
		return recon.Conflict(recon.CodeInUse,
			"files were loaded into this source, so it stays: archive its context instead")
	}
	for _, statement := range []string{
		`DELETE FROM field_maps WHERE source_id = $1`, `DELETE FROM fetched_files WHERE source_id = $1`,
		`DELETE FROM fetches WHERE source_id = $1`, `DELETE FROM expectations WHERE source_id = $1`,
		`DELETE FROM sources WHERE id = $1`,
	} {
		if _, err := tx.tx.Exec(ctx, statement, id); err != nil {
			return err
		}
	}
	tx.Audit("source.delete", "source", id, s)
	return nil
}

// lockSource is the source, locked, if the caller read its latest version and its context may be changed.
func (tx *Tx) lockSource(ctx context.Context, id string, version int) (recon.Source, error) {
	s, err := sources.forChange(ctx, tx, id, version)
	if err != nil {
		return recon.Source{}, err
	}
	return s, tx.holdOpenContext(ctx, s.ContextID)
}
