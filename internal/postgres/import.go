package postgres

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// NextImportNum takes the number under which an import's rows will stand. A number that is never used leaves a gap,
// which means nothing.
func (tx *Tx) NextImportNum(ctx context.Context) (int64, error) {
	return value[int64](tx.query(ctx, `SELECT nextval(pg_get_serial_sequence('imports', 'num'))`))
}

// LockSource reads a source and keeps other imports of it out until the commit.
func (tx *Tx) LockSource(ctx context.Context, id string) (recon.Source, error) {
	return sources.read(ctx, tx, id, "FOR NO KEY UPDATE")
}

// ContextForImport is the source's context, held against being archived. The lock is weak enough to coexist with the
// saving of a run.
func (tx *Tx) ContextForImport(ctx context.Context, id string) (recon.Context, error) {
	c, err := contexts.read(ctx, tx, id, "FOR KEY SHARE")
	if err == nil && c.Status == recon.ContextArchived {
		err = recon.Conflict(recon.CodeContextInactive, "the context is archived: activate it to change it")
	}
	return c, err
}

// LockContext reads a context and serialises what must not happen during the saving of a run: voiding, ignoring,
// deciding.
func (tx *Tx) LockContext(ctx context.Context, id string) (recon.Context, error) {
	return contexts.read(ctx, tx, id, "FOR NO KEY UPDATE")
}

func (tx *Tx) insertImport(ctx context.Context, load ImportLoad) (recon.Import, error) {
	i := load.Import
	sha, err := hex.DecodeString(i.SHA256)
	if err != nil {
		return recon.Import{}, fmt.Errorf("reading the file's hash: %w", err)
	}
	i.Status, i.CreatedBy = recon.ImportCompleted, tx.Actor()
	err = tx.tx.QueryRow(ctx, `
		INSERT INTO imports (id, num, source_id, file_name, format, size_bytes, sha256, reading, field_map_version,
			status, rows_read, rows_inserted, rows_duplicate, rows_rejected, rows_set_aside, rows_changed,
			findings, original, sums, detection, created_by, rows_pending)
		OVERRIDING SYSTEM VALUE
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
		RETURNING created_at`,
		i.ID, i.Num, i.SourceID, i.FileName, i.Format, i.SizeBytes, sha, json.RawMessage(load.Reading),
		i.FieldMapVersion,
		i.Status, i.RowsRead, i.RowsInserted, i.RowsDuplicate, i.RowsRejected, i.RowsSetAside, i.RowsChanged,
		i.Findings, i.Original, i.Sums, i.Detection, i.CreatedBy, load.Pending).
		Scan(&i.CreatedAt)
	if err != nil {
		return recon.Import{}, fmt.Errorf("inserting the import: %w", err)
	}
	return i, nil
}

// storeShown stores the findings of an import and the rows that it did not take.
func (tx *Tx) storeShown(ctx context.Context, load *ImportLoad) error {
	if err := tx.insertRejects(ctx, *load); err != nil {
		return err
	}
	if err := tx.storeStatements(ctx, load); err != nil {
		return err
	}
	return tx.insertFindings(ctx, load)
}

func (tx *Tx) insertRejects(ctx context.Context, load ImportLoad) error {
	for _, listed := range []struct {
		kind string
		rows []recon.RowError
	}{
		{recon.RowsRejected, load.Rejects}, {recon.RowsSetAside, load.SetAside}, {recon.RowsRepeated, load.Repeated},
	} {
		if len(listed.rows) == 0 {
			continue
		}
		at := int32(-1)
		stream := newCopyStream(slices.Values(listed.rows), func(r copyRow, e recon.RowError) copyRow {
			at++
			r = r.fields(9).int8(load.Import.Num).text(listed.kind).int4(at).int8(int64(e.Line)).int8(int64(e.Row))
			return r.text(e.Field).text(e.Value).text(e.Code).text(e.Reason)
		})
		_, err := tx.copyIn(ctx, `COPY import_rejects (import_num, kind, ordinal, line, row, field, value, code, reason)
			FROM STDIN (FORMAT binary)`, stream)
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) insertFindings(ctx context.Context, load *ImportLoad) error {
	for _, f := range load.Findings {
		if f.Kind.Contradicts() {
			load.Import.Findings++
		}
	}
	if len(load.Findings) == 0 {
		return nil
	}
	at := int32(-1)
	kept := load.Findings[:min(len(load.Findings), FindingsStoredMax)]
	_, err := tx.copyIn(ctx, `COPY import_findings (import_num, ordinal, kind, line, text) FROM STDIN (FORMAT binary)`,
		newCopyStream(slices.Values(kept), func(r copyRow, f recon.Finding) copyRow {
			at++
			return r.fields(5).int8(load.Import.Num).int4(at).text(string(f.Kind)).int8(f.Line).text(f.Text)
		}))
	return err
}

const importColumns = `i.id, i.num, i.source_id, i.file_name, i.format, i.size_bytes, encode(i.sha256, 'hex') AS sha256,
	i.field_map_version, i.status, i.rows_read, i.rows_inserted, i.rows_duplicate, i.rows_rejected, i.rows_set_aside,
	i.rows_changed, i.findings, i.original, i.sums, i.detection, i.created_at, i.created_by, i.voided_at`

var imports = noun[recon.Import]{name: "import", sql: `SELECT ` + importColumns + ` FROM imports i WHERE i.id = $1`}

// Import is one import.
func (tx *Tx) Import(ctx context.Context, id string) (recon.Import, error) {
	return imports.read(ctx, tx, id, "")
}

// Imports lists a source's imports, newest first; those of the bytes with that hash where one is given.
func (tx *Tx) Imports(
	ctx context.Context, sourceID, sha256 string, page Page,
) ([]recon.Import, string, error) {
	if _, err := tx.Source(ctx, sourceID); err != nil {
		return nil, "", err
	}
	return list[recon.Import]{
		what: "imports", first: firstOfDescending, key: func(i recon.Import) int64 { return i.Num }, sql: `
			SELECT ` + importColumns + ` FROM imports i
			WHERE i.source_id = @source AND i.num < @after AND (@sha = '' OR i.sha256 = decode(@sha, 'hex'))
			ORDER BY i.num DESC LIMIT @limit`,
		args: pgx.NamedArgs{"source": sourceID, "sha": sha256},
	}.page(ctx, tx, page)
}

// Rejects lists the rows of a kind that an import did not take, as far as they were kept.
func (tx *Tx) Rejects(
	ctx context.Context, importID, kind string, page Page,
) ([]recon.RowError, string, error) {
	imported, err := tx.Import(ctx, importID)
	if err != nil {
		return nil, "", err
	}
	found, next, err := list[listedRowError]{
		what: "rejects", first: -1, key: func(r listedRowError) int64 { return int64(r.Ordinal) }, sql: `
			SELECT ordinal, line, row, field, value, code, reason FROM import_rejects
			WHERE import_num = @import AND kind = @kind AND ordinal > @after
			ORDER BY ordinal LIMIT @limit`,
		args: pgx.NamedArgs{"import": imported.Num, "kind": kind},
	}.page(ctx, tx, page)
	rows := make([]recon.RowError, len(found))
	for i := range found {
		rows[i] = found[i].RowError
	}
	return rows, next, err
}

// listedRowError is a row that an import did not take, in its place in the list.
type listedRowError struct {
	recon.RowError

	Kind    string `json:"kind"`
	Ordinal int32  `json:"-"`
}

// FindingsStoredMax bounds the findings that an import keeps.
const FindingsStoredMax = 1000

// ImportFindings lists the findings of an import in the order in which they were found; kind "" lists all.
func (tx *Tx) ImportFindings(
	ctx context.Context, importID, kind string, page Page,
) ([]recon.Finding, string, error) {
	imported, err := tx.Import(ctx, importID)
	if err != nil {
		return nil, "", err
	}
	return list[recon.Finding]{
		what: "findings", first: -1, sql: `
			SELECT kind, line, text FROM import_findings
			WHERE import_num = @import AND (@kind = '' OR kind = @kind)
			ORDER BY ordinal OFFSET @after::bigint + 1 LIMIT @limit`,
		args: pgx.NamedArgs{"import": imported.Num, "kind": kind},
	}.page(ctx, tx, page)
}

// ImportReading is how an import was read, as JSON.
func (tx *Tx) ImportReading(ctx context.Context, importID string) ([]byte, error) {
	imported, err := tx.Import(ctx, importID)
	if err != nil {
		return nil, err
	}
	return value[[]byte](tx.query(ctx, `SELECT reading FROM imports WHERE num = $1`, imported.Num))
}

// LastReading is how the last file of a source with rows was read that is still in, as JSON; nil where there is none.
func (tx *Tx) LastReading(ctx context.Context, sourceID string) ([]byte, error) {
	reading, err := value[[]byte](tx.query(ctx, `
		SELECT reading FROM imports 
		WHERE source_id = $1 AND status = 'COMPLETED' AND rows_read > 0 ORDER BY num DESC LIMIT 1`, sourceID))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return reading, err
}

// VoidImport takes an import's rows out again; the import, its rejects and the audit log stay. It is refused while one
// of the rows is in an active group. The same file can be loaded again afterwards.
func (tx *Tx) VoidImport(ctx context.Context, id string) (recon.Import, error) {
	imported, err := tx.Import(ctx, id)
	if err != nil {
		return recon.Import{}, err
	}
	if _, err := tx.lockSourceAndContext(ctx, imported.SourceID); err != nil {
		return recon.Import{}, err
	}
	at, err := value[time.Time](tx.query(ctx, `
		UPDATE imports SET status = 'VOIDED', voided_at = clock_timestamp() WHERE id = $1 AND status = 'COMPLETED'
		RETURNING voided_at`, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return recon.Import{}, recon.Conflict(recon.CodeImportNotVoidable, "only a completed import can be voided")
	}
	if err != nil {
		return recon.Import{}, fmt.Errorf("voiding the import: %w", err)
	}
	if err := tx.removeRows(ctx, imported.Num); err != nil {
		return recon.Import{}, err
	}
	imported.Status, imported.VoidedAt = recon.ImportVoided, &at
	tx.Audit("import.void", "import", id, map[string]any{"rows": imported.RowsInserted})
	return imported, nil
}

func (tx *Tx) lockSourceAndContext(ctx context.Context, sourceID string) (recon.Context, error) {
	source, err := tx.LockSource(ctx, sourceID)
	if err != nil {
		return recon.Context{}, err
	}
	return tx.LockContext(ctx, source.ContextID)
}

// removeRows deletes an import's rows with what hangs on them, all found by their range of ids.
func (tx *Tx) removeRows(ctx context.Context, importNum int64) error {
	first, last := rowIDs(importNum)
	held, err := value[bool](tx.query(ctx, `
		SELECT EXISTS (SELECT 1 FROM active_items WHERE transaction_id BETWEEN $1 AND $2) OR EXISTS (
			SELECT 1 FROM batches b JOIN active_items a ON a.transaction_id BETWEEN b.first_id AND b.last_id
			WHERE b.booked_by = $1::bigint >> 32)`, first, last))
	if err != nil {
		return fmt.Errorf("looking for groups of the import: %w", err)
	}
	if held {
		return recon.Conflict(recon.CodeInUse,
			"a row of this import is in an active group: unmatch or reject it first")
	}
	if err := tx.leaveBatches(ctx, importNum); err != nil {
		return err
	}
	for _, sql := range []string{
		`DELETE FROM exceptions WHERE transaction_id BETWEEN $1 AND $2`,
		`DELETE FROM ignored_items WHERE transaction_id BETWEEN $1 AND $2`,
		`DELETE FROM open_items o USING imports i JOIN sources s ON s.id = i.source_id
			WHERE i.num = $1::bigint >> 32 AND o.source_num = s.num AND o.transaction_id BETWEEN $1 AND $2`,
		`DELETE FROM withdrawn_rows w USING imports i JOIN sources s ON s.id = i.source_id
			WHERE i.num = $1::bigint >> 32 AND w.source_num = s.num AND w.import_num = i.num AND $2::bigint > 0`,
		`DELETE FROM statements WHERE id BETWEEN $1 AND $2`,
		`DELETE FROM transactions WHERE id BETWEEN $1 AND $2`,
	} {
		if _, err := tx.exec(ctx, "removing the import's rows", sql, first, last); err != nil {
			return err
		}
	}
	return nil
}

// noteSameBytes finds an earlier import of the same bytes.
func (tx *Tx) noteSameBytes(ctx context.Context, load *ImportLoad) error {
	earlier, _, err := tx.Imports(ctx, load.Source.ID, load.Import.SHA256, Page{Limit: 1})
	if err == nil && len(earlier) > 0 {
		load.Findings = append(load.Findings, recon.Finding{Kind: recon.FindingNote, Text: fmt.Sprintf(
			"the same bytes came before, as import %s (%s)", earlier[0].ID, earlier[0].Status)})
	}
	return err
}

// originalsForgotten is how many originals whose time is over leave at a time.
const originalsForgotten = 20

// ExpiredOriginals are some imports whose originals have been kept for so many days.
func (tx *Tx) ExpiredOriginals(ctx context.Context, days int) ([]string, error) {
	return pgx.CollectRows(tx.query(ctx, `
		SELECT id::text FROM imports WHERE original AND created_at < now() - make_interval(days => $1)
		ORDER BY created_at LIMIT $2`, days, originalsForgotten), pgx.RowTo[string])
}

// ForgetOriginals notes that the originals of some imports are gone.
func (tx *Tx) ForgetOriginals(ctx context.Context, importIDs []string) error {
	_, err := tx.exec(ctx, "forgetting originals", `UPDATE imports SET original = false WHERE id = ANY($1)`, importIDs)
	tx.Audit("import.forget", "import", "", map[string]any{"imports": importIDs})
	return err
}

// KeepOriginal plans when the originals of the tenant are looked at that were kept for so many days, unless that is
// planned already for no later time.
func (tx *Tx) KeepOriginal(ctx context.Context, days int) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	at := now.AddDate(0, 0, days)
	planned, err := tx.exec(ctx, "planning to forget originals",
		`UPDATE retention SET forget_at = $1 WHERE forget_at IS NULL OR forget_at > $1`, at)
	if err == nil && planned > 0 {
		tx.Enqueue(recon.Job{Kind: recon.JobForget, At: at})
	}
	return err
}

// PlanForgetting plans the next look for originals after that of a time, if there are any.
func (tx *Tx) PlanForgetting(ctx context.Context, after time.Time, days int) error {
	next, err := value[*time.Time](tx.query(ctx, `
		UPDATE retention SET forget_at = (
			SELECT greatest(min(created_at) + make_interval(days => $2), now()) FROM imports WHERE original
			HAVING count(*) > 0)
		WHERE forget_at = $1 RETURNING forget_at`, after, days))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // another job has planned it
	}
	if err == nil && next != nil {
		tx.Enqueue(recon.Job{Kind: recon.JobForget, At: *next})
	}
	return err
}
