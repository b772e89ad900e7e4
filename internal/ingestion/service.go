// Package ingestion lets files in: a file is in a source whole, or nothing of it is. Everything that can take long or
// go wrong with the file itself happens before a transaction begins; the transaction only takes over what is known to
// fit.
package ingestion

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"

	"matcher/internal/mapping"
	"matcher/internal/objectstore"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// Service imports files into the sources of the tenant in the context.
type Service struct {
	DB       *postgres.DB
	SpoolDir string // "" is the system's folder for temporary files

	Objects  *objectstore.Store // where originals are kept; nil: they are not
	KeepDays int                // of originals; 0: they are not kept
}

// File is an upload. Format, Delimiter and Charset overrule detection; their zero values detect.
type File struct {
	Name      string
	Body      io.Reader
	Format    string
	Delimiter byte
	Charset   string
	BytesMax  int64          // of Body; 0 has no limit
	Room      func() error   // is asked for each RoomStep bytes on the disk; nil has no limit
	Answers   map[string]int // to questions, by id: the number of the answer, counted from 1
}

// FileNameBytesMax bounds the name of a file.
const FileNameBytesMax = 255

// Import reads a file and stores its rows in a source, in one commit. A file that cannot be read at all is an error and
// leaves nothing; rows that cannot be read are counted and kept as rejects as far as the source tolerates them,
// and the rest is stored.
func (s *Service) Import(ctx context.Context, sourceID string, file File) (recon.Import, error) {
	parsed, err := s.Parse(ctx, sourceID, file)
	if err != nil {
		return recon.Import{}, err
	}
	defer parsed.Close()
	var stored recon.Import
	err = s.DB.Tx(ctx, func(tx *postgres.Tx) error {
		stored, err = parsed.Store(ctx, tx)
		return err
	})
	return stored, parsed.Failed(ctx, err)
}

// Parsed is a file that was read and understood, and waits outside of any transaction. Close it.
type Parsed struct {
	load    postgres.ImportLoad
	spool   *spool
	service *Service
	refused error  // by Store
	stored  bool   // or may be
	discard func() // the original; nil: there is none
}

// Hash is the SHA-256 of the file's bytes, in hexadecimal.
func (p *Parsed) Hash() string { return p.load.Import.SHA256 }

// Close frees the disk, and removes the original of a file that was not stored.
func (p *Parsed) Close() {
	p.spool.close()
	if p.discard != nil && !p.stored {
		p.discard()
	}
}

// Parse reads a whole file. No connection is held meanwhile, however slow the body comes.
func (s *Service) Parse(ctx context.Context, sourceID string, file File) (*Parsed, error) {
	target, err := s.target(ctx, sourceID)
	if err != nil {
		return nil, err
	}
	body := newUpload(file.Body, file.BytesMax)
	parsed, err := s.parse(ctx, body, file, target)
	if err != nil {
		return nil, s.failed(ctx, target.source, file.Name, err)
	}
	return parsed, nil
}

func (s *Service) parse(ctx context.Context, body *upload, file File, t target) (*Parsed, error) {
	var original *spool
	if s.Objects != nil && s.KeepDays > 0 {
		var err error
		if original, err = newSpool(s.SpoolDir, file.Room); err != nil {
			return nil, err
		}
		defer original.close()
		body.copy = original.to
	}
	reader, closeReader, err := s.open(body, file, t)
	if err != nil {
		return nil, err
	}
	defer closeReader()
	t.columns = slices.Clone(reader.Header())
	if err := openQuestions(reader); err != nil {
		return nil, err
	}
	spool, err := newSpool(s.SpoolDir, file.Room)
	if err != nil {
		return nil, err
	}
	parsed := &Parsed{spool: spool, service: s}
	err = parsed.read(ctx, reader, body, t)
	if err == nil && original != nil {
		err = parsed.keepOriginal(ctx, original)
	}
	if err != nil {
		parsed.Close()
		return nil, err
	}
	parsed.load.Import.FileName = storableName(file.Name)
	return parsed, nil
}

// open settles what the columns of a file mean. The caller closes what it returns once the file is read.
func (s *Service) open(body *upload, file File, t target) (*mapping.Reader, func(), error) {
	hints := HintsOf(t.source, t.fields, file)
	hints.Earlier, hints.Account, hints.ByBalance = t.earlier, t.account, true
	closeReader := func() {}
	hints.Format.Spool = func(from io.Reader) (io.ReaderAt, int64, error) {
		raw, err := newSpool(s.SpoolDir, file.Room)
		if err != nil {
			return nil, 0, err
		}
		closeReader = raw.close
		if _, err := io.Copy(raw, from); err != nil {
			return nil, 0, fmt.Errorf("spooling the upload: %w", err)
		}
		return raw.file, raw.size, nil
	}
	reader, err := mapping.Open(body, file.Name, hints)
	if err == nil {
		err = reader.SettleWith(t.other)
	}
	if err != nil {
		closeReader()
	}
	return reader, closeReader, err
}

// target is where a file goes, as it was when the file began to be read.
type target struct {
	source    recon.Source
	importNum int64
	fields    *recon.FieldMap // nil: detect
	earlier   *mapping.Earlier
	other     mapping.OtherSide
	columns   []string  // of the file, when it began
	account   string    // whose statements come in; "": any
	covered   recon.Day // by statements: what reports have until then is booked
}

func (s *Service) target(ctx context.Context, sourceID string) (target, error) {
	var t target
	err := s.DB.Tx(ctx, func(tx *postgres.Tx) (err error) {
		if t.source, err = tx.Source(ctx, sourceID); err != nil {
			return err
		}
		if _, err = tx.ContextForImport(ctx, t.source.ContextID); err != nil {
			return err
		}
		if t.importNum, err = tx.NextImportNum(ctx); err != nil {
			return err
		}
		return t.recall(ctx, tx)
	})
	return t, err
}

// knownMax is how many open rows of the other side are looked at, as many as both files of a match show of each other.
const knownMax = 2 * mapping.SampleRows

// recall reads what is known of the source's files: its map, how the last one was read, and rows of the other side.
func (t *target) recall(ctx context.Context, tx *postgres.Tx) error {
	if t.source.FieldMapVersion != 0 {
		stored, err := tx.FieldMap(ctx, t.source.ID, t.source.FieldMapVersion)
		if err != nil {
			return err
		}
		t.fields = &stored.FieldMap
	}
	if err := t.recallReading(ctx, tx); err != nil {
		return err
	}
	if err := t.recallOther(ctx, tx); err != nil {
		return err
	}
	if t.account = t.source.Account; t.account == "" {
		var err error
		if t.account, err = tx.LastAccount(ctx, t.source.Num); err != nil {
			return err
		}
	}
	var err error
	if t.covered, err = tx.CoveredThrough(ctx, t.source.Num); err != nil {
		return err
	}
	return tx.LastOpenRows(ctx, t.source, knownMax, func(row *recon.Transaction) {
		t.other.Rows = append(t.other.Rows, mapping.Known{
			Reference: row.Reference, ID: row.ExternalID, Amount: row.Amount, Currency: row.Currency,
		})
	})
}

// read parses everything into the spool and fills in the facts of the import.
func (p *Parsed) read(ctx context.Context, reader *mapping.Reader, body *upload, t target) error {
	rows := newCollector(p.spool, t)
	if err := rows.readAll(ctx, reader); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil { // what follows the last row belongs to the file's hash
		return err
	}
	if err := rows.encoder.Close(); err != nil {
		return fmt.Errorf("writing the spool: %w", err)
	}
	statements, findings, err := t.statements(reader)
	if err != nil {
		return err
	}
	read, err := json.Marshal(t.reading(reader))
	if err != nil {
		return fmt.Errorf("encoding the reading: %w", err)
	}
	p.load = postgres.ImportLoad{
		Import: recon.Import{
			ID: uuid.Must(uuid.NewV7()).String(), Num: t.importNum, SourceID: t.source.ID,
			Format: reader.Format(), SizeBytes: body.size, SHA256: hex.EncodeToString(body.hash.Sum(nil)),
			FieldMapVersion: t.source.FieldMapVersion,
			Detection:       describe(reader),
			RowsRead:        rows.read, RowsDuplicate: rows.duplicates, RowsRejected: rows.rejected,
			RowsSetAside: rows.setAside, RowsChanged: rows.changed,
		},
		Reading: read, Source: t.source, Rows: p.spool.open, Stored: rows.stored, Replaced: rows.replaced,
		Pending: rows.pending, Gone: rows.gone, Batches: rows.batches, Repeated: rows.repeated,
		Sums: rows.encoder.Sums(), Sample: rows.sample.keys,
		Rejects: rows.rejects, SetAside: rows.aside, Line: rows.lines.of,
		Statements: statements, Findings: findings,
	}
	return nil
}

// Store makes the file visible with tx's commit.
func (p *Parsed) Store(ctx context.Context, tx *postgres.Tx) (stored recon.Import, err error) {
	defer func() { p.refused, p.stored = err, err == nil }()
	source, err := p.lockSource(ctx, tx)
	if err != nil {
		return recon.Import{}, err
	}
	c, err := tx.ContextForImport(ctx, source.ContextID)
	if err != nil {
		return recon.Import{}, err
	}
	if stored, err = tx.StoreImport(ctx, p.load); err != nil {
		return recon.Import{}, err
	}
	if stored.Original {
		if err := tx.KeepOriginal(ctx, p.service.KeepDays); err != nil {
			return stored, err
		}
	}
	tx.Audit("import.create", "import", stored.ID, stored)
	tx.Emit(recon.EventImportCompleted, struct {
		ContextID string `json:"contextId"`
		recon.Import
	}{source.ContextID, stored})
	if c.Settings.AutoMatch && stored.RowsInserted > 0 {
		_, _, err = tx.QueueRun(ctx, c.ID, recon.RunCommit)
	}
	return stored, err
}

// lockSource keeps other imports of the source out, if it is as it was when the file was read.
func (p *Parsed) lockSource(ctx context.Context, tx *postgres.Tx) (recon.Source, error) {
	source, err := tx.LockSource(ctx, p.load.Source.ID)
	if err == nil && source.Version != p.load.Source.Version {
		err = recon.Conflict(recon.CodeChangedMeanwhile,
			"the source was changed while the file was read: send it again")
	}
	return source, err
}

// Void takes an import's rows out again.
func (s *Service) Void(ctx context.Context, importID string) (recon.Import, error) {
	var voided recon.Import
	err := s.DB.Tx(ctx, func(tx *postgres.Tx) (err error) {
		voided, err = tx.VoidImport(ctx, importID)
		return err
	})
	return voided, err
}
