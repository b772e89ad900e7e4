package ingestion

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"matcher/internal/mapping"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// previewRows is how many rows of each kind a preview shows.
const previewRows = 20

// Preview is what an import of a file would make of it.
type Preview struct {
	Format    string             `json:"format"`
	Detection mapping.Detection  `json:"detection"` // with what is open, and the columns passed over
	Found     string             `json:"found"`     // delimiter, header line, charset
	FieldMap  recon.FieldMap     `json:"fieldMap"`
	Header    []string           `json:"header"`
	Rows      []recon.PreviewRow `json:"rows"`     // the first ones
	Errors    []recon.RowError   `json:"errors"`   // of the first rejected rows
	SetAside  []recon.RowError   `json:"setAside"` // the first rows that are no movement of money

	RowsRead      int64             `json:"rowsRead"`
	RowsDuplicate int64             `json:"rowsDuplicate"` // within the file
	RowsRejected  int64             `json:"rowsRejected"`
	RowsSetAside  int64             `json:"rowsSetAside"`
	RowsChanged   int64             `json:"rowsChanged"`       // of the duplicates: with another text or balance
	Sums          map[string]string `json:"sums,omitempty"`    // of all other rows, per currency; none while a question is open
	Refused       string            `json:"refused,omitempty"` // why an import would refuse the whole file
}

// refusedWhole are the refusals that come when every row is read: a preview shows the rows, too.
var refusedWhole = []string{
	recon.CodeTooManyRefused, recon.CodeBalanceContradicts, recon.CodeNoRows, recon.CodeOtherAccount,
	recon.CodeControlTotal,
}

// Preview reads a file as an import would, and stores nothing.
func (s *Service) Preview(ctx context.Context, sourceID string, file File) (Preview, error) {
	var t target
	err := s.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
		if t.source, err = tx.Source(ctx, sourceID); err != nil {
			return err
		}
		return t.recall(ctx, tx)
	})
	if err != nil {
		return Preview{}, err
	}
	reader, closeReader, err := s.open(newUpload(file.Body, file.BytesMax), file, t)
	if err != nil {
		return Preview{}, err
	}
	defer closeReader()
	return t.preview(ctx, reader)
}

func (t target) preview(ctx context.Context, r *mapping.Reader) (Preview, error) {
	rows := newCollector(&spool{to: bufio.NewWriter(io.Discard)}, t)
	rows.show = previewRows
	err := rows.readAll(ctx, r)
	if err == nil {
		_, _, err = t.statements(r)
	}
	p := Preview{
		Format: r.Format(), Found: r.Found(), Detection: r.Detection, FieldMap: r.FieldMap(), Header: r.Header(),
		Rows:     append([]recon.PreviewRow{}, rows.shown...),
		Errors:   append([]recon.RowError{}, rows.rejects[:min(len(rows.rejects), previewRows)]...),
		SetAside: append([]recon.RowError{}, rows.aside[:min(len(rows.aside), previewRows)]...),
		RowsRead: rows.read, RowsDuplicate: rows.duplicates + rows.replaced, RowsRejected: rows.rejected,
		RowsSetAside: rows.setAside,
		RowsChanged:  rows.changed,
	}
	if open := r.Unsettled(); open == nil {
		p.Sums = rows.encoder.Sums()
	} else {
		p.Refused = open.Error()
	}
	if refused := (*recon.Error)(nil); errors.As(err, &refused) && slices.Contains(refusedWhole, refused.Code) {
		p.Refused, err = cmp.Or(p.Refused, refused.Message), nil
	}
	return p, err
}
