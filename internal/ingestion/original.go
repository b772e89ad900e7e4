package ingestion

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"matcher/internal/mapping"
	"matcher/internal/objectstore"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// originals is the folder of a tenant's originals, each under the id of its import.
const originals = "originals"

// retryObjects is how soon a store of files that does not answer is worth another try.
const retryObjects = 5 * time.Second

// retryForget is how soon originals whose time is over are looked for again, after a store that did not answer.
const retryForget = time.Hour

// keepOriginal sends the bytes of a file to the object store, before any transaction begins.
func (p *Parsed) keepOriginal(ctx context.Context, original *spool) error {
	if err := original.to.Flush(); err != nil {
		return err
	}
	body, err := original.open()
	if err != nil {
		return err
	}
	imported := &p.load.Import
	if _, err := p.service.Objects.Put(ctx, body, originals, imported.ID); err != nil {
		slog.WarnContext(ctx, "keeping an original", "import", imported.ID, "error", err)
		return recon.Unavailable(recon.CodeObjectsUnavailable, retryObjects, "the original of the file cannot be kept")
	}
	imported.Original = true
	p.discard = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		if err := p.service.Objects.Delete(ctx, originals, imported.ID); err != nil {
			slog.WarnContext(ctx, "discarding an original", "import", imported.ID, "error", err)
		}
	}
	return nil
}

// Forget removes originals whose time is over, a few at a time and outside of any transaction: one that is gone already
// is no error, so whatever ends it, the next job goes on. Then it plans the next.
func (s *Service) Forget(ctx context.Context, job recon.Job) error {
	for s.Objects != nil {
		var expired []string
		err := s.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
			expired, err = tx.ExpiredOriginals(ctx, s.KeepDays)
			return err
		})
		for _, id := range expired {
			if err == nil {
				err = s.Objects.Delete(ctx, originals, id)
			}
		}
		if err != nil {
			slog.WarnContext(ctx, "forgetting originals", "error", err)
			return recon.Unavailable(recon.CodeObjectsUnavailable, retryForget, "originals cannot be removed")
		}
		if len(expired) == 0 {
			break
		}
		if err := s.DB.Tx(ctx, func(tx *postgres.Tx) error { return tx.ForgetOriginals(ctx, expired) }); err != nil {
			return err
		}
	}
	return s.DB.TxRetry(ctx, func(tx *postgres.Tx) error { return tx.PlanForgetting(ctx, job.At, s.KeepDays) })
}

// Original opens the bytes of an import as they came, and writes down who took them. Its last read fails where the
// store has other bytes.
func (s *Service) Original(
	ctx context.Context, importID string,
) (imported recon.Import, body io.ReadCloser, err error) {
	err = s.DB.Tx(ctx, func(tx *postgres.Tx) (err error) {
		if imported, err = tx.Import(ctx, importID); err == nil {
			tx.Audit("import.download", "import", imported.ID, map[string]any{"sha256": imported.SHA256})
		}
		return err
	})
	if err == nil {
		body, err = s.original(ctx, imported)
	}
	return imported, body, err
}

func (s *Service) original(ctx context.Context, imported recon.Import) (io.ReadCloser, error) {
	if !imported.Original || s.Objects == nil {
		return nil, recon.NotFound("original: it was not kept, or its time is over")
	}
	var sum objectstore.Sum
	if _, err := hex.Decode(sum[:], []byte(imported.SHA256)); err != nil {
		return nil, err
	}
	body, err := s.Objects.Get(ctx, sum, originals, imported.ID)
	if err != nil && recon.KindOf(err) != recon.KindNotFound {
		slog.WarnContext(ctx, "reading an original", "import", imported.ID, "error", err)
		err = recon.Unavailable(recon.CodeObjectsUnavailable, retryObjects, "the original of the file cannot be read")
	}
	if err != nil {
		return nil, err
	}
	return &original{body}, nil
}

// original names what is wrong with its bytes at their end.
type original struct{ io.ReadCloser }

func (o *original) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	if errors.Is(err, objectstore.ErrCorrupt) {
		err = recon.Conflict(recon.CodeOriginalCorrupt, "the original is not as it came: its SHA-256 is another one")
	}
	return n, err //nolint:wrapcheck // a reader hands io.EOF on as it is
}

// whole reads an original to its end: what came of its first bytes holds only if all of them are right, and bytes that
// are wrong are the reason of what went wrong with them.
func whole(body io.Reader, err error) error {
	if _, wrong := io.Copy(io.Discard, body); recon.CodeOf(wrong) == recon.CodeOriginalCorrupt {
		return wrong
	}
	return err
}

// Again is another reading of an import's original.
type Again struct {
	FieldMap *recon.FieldMap // nil: the source's own, or what detection finds
	Answers  map[string]int  // to questions, as of a File
	Reason   string
}

// ParseAgain reads the original of an import anew, as if it came now. Its rows replace those of the import by
// StoreAgain.
func (s *Service) ParseAgain(ctx context.Context, importID string, again Again) (*Parsed, error) {
	var t target
	var imported recon.Import
	err := s.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
		if imported, err = tx.Import(ctx, importID); err != nil {
			return err
		}
		t.importNum = imported.Num
		if t.source, err = tx.Source(ctx, imported.SourceID); err == nil {
			err = t.recall(ctx, tx)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	body, err := s.original(ctx, imported)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if t.earlier = nil; again.FieldMap != nil {
		t.fields = again.FieldMap
	}
	reading := Service{DB: s.DB, SpoolDir: s.SpoolDir} // the original is there
	parsed, err := reading.parse(ctx, newUpload(body, 0), File{Name: imported.FileName, Answers: again.Answers}, t)
	if err != nil && ctx.Err() == nil {
		err = whole(body, err)
	}
	if err != nil {
		return nil, err
	}
	parsed.load.Import.ID = imported.ID
	return parsed, nil
}

// StoreAgain lets the rows of a new reading take the place of the import's with tx's commit.
func (p *Parsed) StoreAgain(ctx context.Context, tx *postgres.Tx, reason string) (recon.Import, error) {
	if _, err := p.lockSource(ctx, tx); err != nil {
		return recon.Import{}, err
	}
	return tx.ReprocessImport(ctx, p.load, reason)
}

// Mend is what a person changes in a row that an import did not take.
type Mend struct {
	Row    int64
	Fields map[string]string // values of columns, by name
	Reason string

	line int64 // where the import found the row
}

// Mend reads one refused or set aside row of an import again, with other values in some columns, and takes it in.
func (s *Service) Mend(ctx context.Context, importID string, mend Mend) (stored recon.StoredTransaction, err error) {
	var imported recon.Import
	var read Reading
	var t target
	err = s.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
		if imported, mend.line, err = tx.RejectedIn(ctx, importID, mend.Row); err != nil {
			return err
		}
		if read, err = ReadingOf(ctx, tx, importID); err != nil {
			return err
		}
		t.importNum, t.columns = imported.Num, read.Columns
		t.earlier = &mapping.Earlier{Map: read.FieldMap, Columns: read.Columns, Answered: read.Answered}
		m := &read.FieldMap
		if m.Header != 0 || m.Charset != "" || m.Delimiter != "" || m.Fixed != nil { // only a map names them
			t.fields = m
		}
		t.source, err = tx.Source(ctx, imported.SourceID)
		return err
	})
	if err != nil {
		return stored, err
	}
	row, err := s.mended(ctx, imported, t, mend)
	if err != nil {
		return stored, err
	}
	err = s.DB.Tx(ctx, func(tx *postgres.Tx) error {
		stored, err = tx.MendReject(ctx, importID, postgres.MendedRow{
			Transaction: row, Identity: mapping.Identity(row),
			Detail: map[string]any{"row": mend.Row, "reason": mend.Reason, "fields": mend.Fields},
		})
		if err != nil {
			return err
		}
		now, err := ReadingOf(ctx, tx, importID)
		if err == nil && !reflect.DeepEqual(now, read) {
			err = recon.Conflict(recon.CodeChangedMeanwhile, "the import was read anew meanwhile: look again")
		}
		return err
	})
	return stored, err
}

// mended is the row as it is read with the changes.
func (s *Service) mended(
	ctx context.Context, imported recon.Import, t target, mend Mend,
) (*recon.Transaction, error) {
	body, err := s.original(ctx, imported)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	reader, closeReader, err := s.open(newUpload(body, 0), File{Name: imported.FileName}, t)
	if err != nil {
		return nil, whole(body, err)
	}
	defer closeReader()
	var record recon.Record
	seen := mapping.Identities{}
	err = reader.Read(&seen, func(row *mapping.Row) error {
		if int64(row.Record.Row) < mend.Row {
			return nil
		}
		record = row.Record.Clone()
		return io.EOF // of what is read
	})
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err := whole(body, err); err != nil {
		return nil, err
	}
	if int64(record.Row) != mend.Row || int64(record.Line) != mend.line {
		return nil, recon.NotFound("row in the original")
	}
	record.Header = reader.Header()
	record.Fields = append(record.Fields, make([]string, max(0, len(record.Header)-len(record.Fields)))...)
	var faults []recon.FieldError
	for name, text := range mend.Fields {
		at := slices.Index(record.Header, name)
		if at < 0 {
			faults = append(faults, recon.FieldError{
				Pointer: "/fields/" + recon.PointerName(name), Code: recon.CodeUnknownColumn,
				Message: "is no column of the file",
			})
			continue
		}
		record.Fields[at] = text
	}
	tx, wrong := reader.Map(record)
	if len(wrong) == 0 {
		wrong = unstorable(&tx)
	}
	for _, w := range wrong {
		faults = append(faults, recon.FieldError{
			Pointer: "/fields", Code: w.Code,
			Message: fmt.Sprintf("%s %q: %s", w.Field, storableText(w.Value), w.Reason),
		})
	}
	if len(faults) > 0 {
		return nil, recon.Unprocessable(recon.CodeValidationFailed, "the row still cannot be taken in", faults...)
	}
	return &tx, nil
}
