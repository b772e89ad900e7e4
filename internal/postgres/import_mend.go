package postgres

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// RejectedIn is a completed import that lists a row as refused or set aside, and the row's line in the file.
func (tx *Tx) RejectedIn(
	ctx context.Context, importID string, row int64,
) (imported recon.Import, line int64, err error) {
	if imported, err = tx.Import(ctx, importID); err != nil {
		return imported, 0, err
	}
	line, err = value[int64](tx.query(ctx, `
		SELECT line FROM import_rejects WHERE import_num = $1 AND row = $2 AND kind <> 'REPEATED' LIMIT 1`,
		imported.Num, row))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = recon.NotFound("refused or set aside row")
	case err == nil && imported.Status != recon.ImportCompleted:
		err = recon.Conflict(recon.CodeImportNotVoidable, "only a completed import takes rows in")
	}
	return imported, line, err
}

// MendedRow is a row as a person changed it.
type MendedRow struct {
	*recon.Transaction

	Identity [16]byte
	Detail   map[string]any // for the audit log
}

// MendReject takes a row of an import in that it refused or set aside.
func (tx *Tx) MendReject(
	ctx context.Context, importID string, row MendedRow,
) (stored recon.StoredTransaction, err error) {
	imported, err := imports.read(ctx, tx, importID, "")
	if err != nil {
		return stored, err
	}
	source, err := tx.LockSource(ctx, imported.SourceID)
	if err != nil {
		return stored, err
	}
	c, err := tx.lockOpenContext(ctx, source.ContextID)
	if err != nil {
		return stored, err
	}
	if _, _, err := tx.RejectedIn(ctx, importID, int64(row.Row)); err != nil { // another person may have mended it
		return stored, err
	}
	if row.Ordinal, err = value[int32](tx.query(ctx, `
		SELECT coalesce(max(ordinal) + 1, 0) FROM transactions WHERE source_num = $1 AND identity = $2`,
		source.Num, row.Identity)); err != nil {
		return stored, err
	}
	if row.Ordinal > 0 && row.ExternalID != "" {
		return stored, recon.Conflict(recon.CodeConflictingID, "the source has a row with the id %q: give another",
			row.ExternalID)
	}
	var rows bytes.Buffer
	encoder := NewRowsEncoder(bufio.NewWriter(&rows), source.Num, imported.Num)
	if err := encoder.Append(row.Transaction, row.Identity); err != nil {
		return stored, err
	}
	if err := encoder.Close(); err != nil {
		return stored, err
	}
	if _, err := tx.copyIn(ctx, `COPY transactions (`+transactionColumns+`) FROM STDIN (FORMAT binary)`, &rows); err != nil {
		return stored, err
	}
	id := rowID(imported.Num, int64(row.Row))
	was, err := tx.unlistReject(ctx, imported.Num, id)
	if err != nil {
		return stored, err
	}
	if stored, err = tx.Transaction(ctx, tx.ids(kindTransaction).Public(id)); err != nil {
		return stored, err
	}
	detail := maps.Clone(row.Detail)
	detail["was"], detail["transactionId"] = was, stored.ID
	tx.Audit("import.mend", "import", importID, detail)
	// A run that has loaded the rows must look again.
	return stored, tx.countDecisions(ctx, []*decidedGroup{{ContextID: c.ID}})
}

// unlistReject takes a row from the list of those that an import did not take into its counts, and returns how it was
// listed.
func (tx *Tx) unlistReject(ctx context.Context, importNum, id int64) ([]listedRowError, error) {
	was, err := all[listedRowError](tx.query(ctx, `
		DELETE FROM import_rejects WHERE import_num = $1 AND row = $2 AND kind <> 'REPEATED'
		RETURNING ordinal, kind, line, row, field, value, code, reason`, importNum, id&rowMask))
	if err != nil {
		return nil, fmt.Errorf("taking a row from the list: %w", err)
	}
	sums, err := tx.importSums(ctx, importNum)
	if err != nil {
		return nil, err
	}
	aside := 0
	if was[0].Kind == recon.RowsSetAside {
		aside = 1
	}
	for _, sql := range []string{
		`UPDATE imports SET rows_inserted = rows_inserted + 1, rows_rejected = rows_rejected - 1 + @aside,
			rows_set_aside = rows_set_aside - @aside, sums = @sums WHERE num = @num`,
		`INSERT INTO open_items (source_num, transaction_id)
			SELECT t.source_num, t.id FROM transactions t JOIN imports i ON i.num = t.id >> 32
			WHERE t.id = @id AND i.listed`,
	} {
		args := pgx.NamedArgs{"aside": aside, "sums": sums, "num": importNum, "id": id}
		if _, err := tx.exec(ctx, "counting a row that is mended", sql, args); err != nil {
			return nil, err
		}
	}
	return was, nil
}
