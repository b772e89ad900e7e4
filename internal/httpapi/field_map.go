package httpapi

import (
	"context"
	"encoding/json"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type putFieldMapInput struct {
	SourcePath
	Matched
	Body json.RawMessage
}

// putFieldMap decodes the map itself: recon knows its shorthands and points at each wrong member.
func (a *API) putFieldMap(ctx context.Context, tx *postgres.Tx, in *putFieldMapInput) (*one[recon.StoredFieldMap], error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	fieldMap, faults := recon.DecodeFieldMap(in.Body)
	if len(faults) > 0 {
		return nil, recon.Unprocessable("FIELD_MAP_INVALID", "the field map cannot be used", faults...)
	}
	stored, err := tx.PutFieldMap(ctx, in.SourceID, version, fieldMap)
	return fieldMapOut(stored), err
}

func fieldMapOut(m recon.StoredFieldMap) *one[recon.StoredFieldMap] {
	return &one[recon.StoredFieldMap]{ETag: entityTag(m.Version), Body: m}
}

type fieldMapInput struct {
	SourcePath
	Version int `query:"version" minimum:"1" doc:"Another version than the one in force"`
}

func (a *API) getFieldMap(ctx context.Context, in *fieldMapInput) (out *one[recon.StoredFieldMap], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		stored, err := tx.FieldMap(ctx, in.SourceID, in.Version)
		out = fieldMapOut(stored)
		return err
	})
	return out, err
}

type fieldMapsInput struct {
	SourcePath
	Paged
}

func (a *API) listFieldMaps(ctx context.Context, in *fieldMapsInput) (out *list[recon.StoredFieldMap], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.FieldMaps(ctx, in.SourceID, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}
