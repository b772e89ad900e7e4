package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

const fieldMapColumns = `source_id, version, body AS field_map, created_at, created_by`

// PutFieldMap stores the next version of a source's map and makes it the one in force. version is the version of the
// source that the caller read, 0 when it does not care.
func (tx *Tx) PutFieldMap(
	ctx context.Context, sourceID string, version int, fieldMap recon.FieldMap,
) (recon.StoredFieldMap, error) {
	if _, err := tx.lockSource(ctx, sourceID, version); err != nil {
		return recon.StoredFieldMap{}, err
	}
	stored, err := one[recon.StoredFieldMap](tx.query(ctx, `
		WITH next AS (
			UPDATE sources SET version = version + 1, updated_at = now(), field_map_version = 1 +
				(SELECT coalesce(max(m.version), 0) FROM field_maps m WHERE m.source_id = @source)
			WHERE id = @source RETURNING field_map_version
		)
		INSERT INTO field_maps (source_id, version, body, created_by)
		SELECT @source, field_map_version, @body, @actor FROM next
		RETURNING `+fieldMapColumns, pgx.NamedArgs{"source": sourceID, "body": fieldMap, "actor": tx.Actor()}), "source")
	if err == nil {
		tx.Audit("field_map.put", "source", sourceID, stored)
	}
	return stored, err
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
	return one[recon.StoredFieldMap](tx.query(ctx, `
		SELECT `+fieldMapColumns+` FROM field_maps WHERE source_id = $1 AND version = $2`, sourceID, version), "field map")
}

// FieldMaps lists the versions of a source's map, the latest first.
func (tx *Tx) FieldMaps(ctx context.Context, sourceID string, page Page) ([]recon.StoredFieldMap, string, error) {
	if _, err := tx.Source(ctx, sourceID); err != nil {
		return nil, "", err
	}
	return list[recon.StoredFieldMap]{
		what: "field maps", first: firstOfDescending, key: func(m recon.StoredFieldMap) int64 { return int64(m.Version) }, sql: `
			SELECT ` + fieldMapColumns + ` FROM field_maps WHERE source_id = @source AND version < @after::bigint
			ORDER BY version DESC LIMIT @limit`,
		args: pgx.NamedArgs{"source": sourceID},
	}.page(ctx, tx, page)
}
