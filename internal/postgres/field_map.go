package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

const fieldMapColumns = `source_id, version, body, created_at, created_by`

// PutFieldMap stores the next version of a source's map and makes it the one in force. version is the version of the
// source that the caller read, 0 when it does not care.
func (tx *Tx) PutFieldMap(
	ctx context.Context, sourceID string, version int, fieldMap recon.FieldMap,
) (recon.StoredFieldMap, error) {
	if _, err := tx.lockSource(ctx, sourceID, version); err != nil {
		return recon.StoredFieldMap{}, err
	}
	rows, _ := tx.tx.Query(ctx, `
		WITH next AS (
			UPDATE sources SET version = version + 1, updated_at = now(), field_map_version = 1 +
				(SELECT coalesce(max(m.version), 0) FROM field_maps m WHERE m.source_id = @source)
			WHERE id = @source RETURNING field_map_version
		)
		INSERT INTO field_maps (source_id, version, body, created_by)
		SELECT @source, field_map_version, @body, @actor FROM next
		RETURNING `+fieldMapColumns, pgx.NamedArgs{"source": sourceID, "body": fieldMap, "actor": tx.Actor()})
	stored, err := pgx.CollectExactlyOneRow(rows, scanFieldMap)
	if err != nil {
		return recon.StoredFieldMap{}, err
	}
	tx.Audit("field_map.put", "source", sourceID, stored)
	return stored, nil
}

// FieldMap is one version of a source's map; version 0 asks for the one in force. A source without a map has none: its
// columns are detected anew from each file.
func (tx *Tx) FieldMap(ctx context.Context, sourceID string, version int) (recon.StoredFieldMap, error) {
	source, err := tx.Source(ctx, sourceID)
	if err != nil {
		return recon.StoredFieldMap{}, err
	}
	if version == 0 {
		version = source.FieldMapVersion
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT `+fieldMapColumns+` FROM field_maps WHERE source_id = @source AND version = @version`,
		pgx.NamedArgs{"source": sourceID, "version": version})
	stored, err := pgx.CollectExactlyOneRow(rows, scanFieldMap)
	return stored, notFound(err, "field map")
}

// FieldMaps lists the versions of a source's map, the latest first.
func (tx *Tx) FieldMaps(ctx context.Context, sourceID string, page Page) ([]recon.StoredFieldMap, string, error) {
	if _, err := tx.Source(ctx, sourceID); err != nil {
		return nil, "", err
	}
	before, err := page.afterInt(firstOfDescending)
	if err != nil {
		return nil, "", err
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT `+fieldMapColumns+` FROM field_maps WHERE source_id = @source AND version < @before::bigint
		ORDER BY version DESC LIMIT @limit`,
		pgx.NamedArgs{"source": sourceID, "before": before, "limit": page.Size() + 1})
	maps, err := pgx.CollectRows(rows, scanFieldMap)
	if err != nil {
		return nil, "", err
	}
	maps, next := pageOf(maps, page, func(m recon.StoredFieldMap) []any { return []any{int64(m.Version)} })
	return maps, next, nil
}

// firstOfDescending is above every key of a list that runs downwards: sequence numbers and versions never get there.
const firstOfDescending = int64(1) << 62

func scanFieldMap(row pgx.CollectableRow) (m recon.StoredFieldMap, err error) {
	var body []byte
	if err := row.Scan(&m.SourceID, &m.Version, &body, &m.CreatedAt, &m.CreatedBy); err != nil {
		return m, err
	}
	m.CreatedAt = m.CreatedAt.UTC()
	return m, json.Unmarshal(body, &m.FieldMap)
}
