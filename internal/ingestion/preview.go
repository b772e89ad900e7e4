package ingestion

import (
	"cmp"
	"context"
	"errors"
	"io"

	"matcher/internal/mapping"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// previewRows is how many rows a preview shows.
const previewRows = 20

// Preview is what an import of a file would make of its first rows.
type Preview struct {
	Format    string             `json:"format"`
	Detection mapping.Detection  `json:"detection"`
	Found     string             `json:"found"` // delimiter, header line, charset
	FieldMap  recon.FieldMap     `json:"fieldMap"`
	Header    []string           `json:"header"`
	Rows      []recon.PreviewRow `json:"rows"`
	Errors    []recon.RowError   `json:"errors"`
}

// Preview reads the beginning of a file as an import would, and stores nothing. fields, where given, is tried instead
// of the source's map.
func (s *Service) Preview(ctx context.Context, sourceID string, file File, fields *recon.FieldMap) (Preview, error) {
	var t target
	err := s.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
		if t.source, err = tx.Source(ctx, sourceID); err != nil {
			return err
		}
		return t.readMap(ctx, tx)
	})
	if err != nil {
		return Preview{}, err
	}
	if fields != nil {
		t.fields = fields
	}
	reader, err := openMapped(newUpload(file.Body, cmp.Or(file.BytesMax, s.bytesMax())), file, t)
	if err != nil {
		return Preview{}, err
	}
	return reader.preview()
}

func (r *mappedReader) preview() (Preview, error) {
	p := Preview{
		Format: r.rows.Format(), Found: r.rows.Found(), Detection: r.found, FieldMap: r.fields, Header: r.rows.Header(),
		Rows: []recon.PreviewRow{}, Errors: []recon.RowError{},
	}
	var seen mapping.Identities
	for range previewRows {
		rec, err := r.rows.Next()
		var row *recon.RowError
		switch {
		case errors.Is(err, io.EOF):
			return p, nil
		case errors.As(err, &row):
			p.Errors = append(p.Errors, *row)
			continue
		case err != nil:
			return Preview{}, err //nolint:wrapcheck // a sentence for the user
		}
		t, wrong := r.mapper.Map(rec)
		if len(wrong) > 0 {
			p.Errors = append(p.Errors, wrong...)
			continue
		}
		if _, conflict := seen.Admit(&t); conflict != nil {
			p.Errors = append(p.Errors, *conflict)
			continue
		}
		p.Rows = append(p.Rows, recon.PreviewOf(&t))
	}
	return p, nil
}
