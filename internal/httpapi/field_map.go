package httpapi

import (
	"context"
	"encoding/json"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

type putFieldMapInput struct {
	pathID
	matched
	Body json.RawMessage
}

// putFieldMap decodes the map itself: recon knows its shorthands and points at each wrong member.
func putFieldMap(ctx context.Context, tx *postgres.Tx, in *putFieldMapInput) (out recon.StoredFieldMap, err error) {
	fieldMap, faults := setup.DecodeFieldMap(in.Body)
	if len(faults) > 0 {
		return out, recon.Unprocessable(recon.CodeFieldMapInvalid, "the field map cannot be used", faults...)
	}
	return tx.PutFieldMap(ctx, in.ID, in.version, fieldMap)
}

type fieldMapInput struct {
	pathID
	Version int `query:"version" minimum:"1" doc:"Another version than the one in force"`
}

func getFieldMap(ctx context.Context, tx *postgres.Tx, in *fieldMapInput) (recon.StoredFieldMap, error) {
	return tx.FieldMap(ctx, in.ID, in.Version)
}
