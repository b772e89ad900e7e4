package ingestion

import (
	"context"
	"errors"

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

// Preview reads the beginning of a file as an import would, and stores nothing.
func (s *Service) Preview(ctx context.Context, sourceID string, file File) (Preview, error) {
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
	reader, closeReader, err := s.open(newUpload(file.Body, file.BytesMax), file, t)
	if err != nil {
		return Preview{}, err
	}
	defer closeReader()
	return previewOf(reader)
}

func previewOf(r *mapping.Reader) (Preview, error) {
	p := Preview{
		Format: r.Format(), Found: r.Found(), Detection: r.Detection, FieldMap: r.FieldMap(), Header: r.Header(),
		Rows: []recon.PreviewRow{}, Errors: []recon.RowError{},
	}
	rows, enough := 0, errors.New("enough rows")
	err := r.Read(&mapping.Identities{}, func(row *mapping.Row) error {
		if rows++; rows > previewRows {
			return enough
		}
		p.Errors = append(p.Errors, row.Wrong...)
		if row.Verdict != mapping.Rejected && row.Verdict != mapping.SetAside {
			p.Rows = append(p.Rows, recon.PreviewOf(&row.Tx))
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		return Preview{}, err
	}
	return p, nil
}
