package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// Reprocessed begins the note of a group that was taken apart since a row of it is gone.
const Reprocessed = "REPROCESSED: "

// ReprocessImport takes an import's rows out and brings in those of another reading of the same file. A row in the same
// place with the same amount, currency and date keeps its id, and so all that was decided about it. A group whose row
// is gone is taken apart. A reading that begins at another line numbers the same rows otherwise: those are gone, too.
func (tx *Tx) ReprocessImport(ctx context.Context, load ImportLoad, reason string) (recon.Import, error) {
	c, err := tx.lockOpenContext(ctx, load.Source.ContextID) // before the import, as a run that saves does
	if err != nil {
		return recon.Import{}, err
	}
	before, err := imports.read(ctx, tx, load.Import.ID, "FOR UPDATE OF i")
	if err != nil {
		return recon.Import{}, err
	}
	if before.Status != recon.ImportCompleted {
		return recon.Import{}, recon.Conflict(recon.CodeImportNotVoidable, "only a completed import can be read again")
	}
	if err := tx.leaveBatches(ctx, load.Import.Num); err != nil {
		return recon.Import{}, err
	}
	if err := tx.clearRows(ctx, load.Import.Num); err != nil {
		return recon.Import{}, err
	}
	if load.goesOn, err = tx.goesOn(ctx, load); err != nil {
		return recon.Import{}, err
	}
	if err := tx.copyStaged(ctx, &load); err != nil {
		return recon.Import{}, err
	}
	if load.Import.Sums, err = tx.importSums(ctx, load.Import.Num); err != nil {
		return recon.Import{}, err
	}
	if err := tx.storeShown(ctx, &load); err != nil {
		return recon.Import{}, err
	}
	apart, err := tx.dropGone(ctx, c, load, reason)
	if err != nil {
		return recon.Import{}, err
	}
	i := &load.Import
	i.RowsInserted = i.RowsRead - i.RowsDuplicate - i.RowsRejected - i.RowsSetAside
	if err := tx.updateImport(ctx, load); err != nil {
		return recon.Import{}, err
	}
	after, err := tx.Import(ctx, i.ID)
	tx.Audit("import.reprocess", "import", i.ID, map[string]any{
		"reason": reason, "before": before, "after": after, "groupsTakenApart": apart,
	})
	tx.Emit(recon.EventImportReprocessed, struct {
		ContextID string `json:"contextId"`
		recon.Import
	}{c.ID, after})
	return after, err
}

// clearRows takes out what an import brought, remembers its rows' money in old_rows, and lets the next run read it
// whole.
func (tx *Tx) clearRows(ctx context.Context, num int64) error {
	first, last := rowIDs(num)
	for _, sql := range []string{
		`CREATE TEMPORARY TABLE old_rows ON COMMIT DROP AS
			SELECT id, amount, currency, date, identity, ordinal FROM transactions WHERE id BETWEEN @first AND @last`,
		`DELETE FROM transactions WHERE id BETWEEN @first AND @last`,
		`DELETE FROM statements WHERE id BETWEEN @first AND @last`,
		`DELETE FROM import_rejects WHERE import_num = @num`,
		`DELETE FROM import_findings WHERE import_num = @num`,
		`DELETE FROM withdrawn_rows w USING imports i JOIN sources s ON s.id = i.source_id
			WHERE i.num = @num AND w.source_num = s.num AND w.import_num = i.num`,
		`DELETE FROM open_items o USING imports i JOIN sources s ON s.id = i.source_id
			WHERE i.num = @num AND o.source_num = s.num AND o.transaction_id BETWEEN @first AND @last`,
		`UPDATE imports SET listed = false WHERE num = @num`,
	} {
		args := pgx.NamedArgs{"first": first, "last": last, "num": num}
		if _, err := tx.exec(ctx, "taking out the rows of a reading", sql, args); err != nil {
			return err
		}
	}
	return nil
}

// dropGone takes apart the groups of rows that the new reading has not, has elsewhere in the file, or has with other
// money, and removes what hangs on those rows. It returns how many groups there were.
func (tx *Tx) dropGone(ctx context.Context, c recon.Context, load ImportLoad, reason string) (int, error) {
	first, last := rowIDs(load.Import.Num)
	gone, err := pgx.CollectRows(tx.query(ctx, `
		WITH new_rows AS MATERIALIZED (
			SELECT id, amount, currency, date, identity, ordinal FROM transactions WHERE id BETWEEN $1 AND $2
		)
		SELECT o.id
		FROM old_rows o
		LEFT JOIN new_rows n ON n.id = o.id
		LEFT JOIN old_rows came ON (came.identity, came.ordinal) = (n.identity, n.ordinal)
		LEFT JOIN new_rows went ON (went.identity, went.ordinal) = (o.identity, o.ordinal)
		WHERE n.id IS NULL OR (n.amount, n.currency, n.date) IS DISTINCT FROM (o.amount, o.currency, o.date)
			OR came.id <> o.id OR went.id <> o.id
		ORDER BY o.id`, first, last), pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("looking for rows that are gone: %w", err)
	}
	keys, err := pgx.CollectRows(tx.query(ctx, `
		SELECT DISTINCT group_id FROM active_items WHERE transaction_id = ANY ($1) ORDER BY 1`, gone), pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("looking for their groups: %w", err)
	}
	if err := tx.takeApart(ctx, c, keys, Reprocessed+reason); err != nil {
		return 0, err
	}
	for _, sql := range []string{
		`DELETE FROM rejected_sets WHERE members && $1::bigint[]`,
		`DELETE FROM exceptions WHERE transaction_id = ANY ($1)`,
		`DELETE FROM ignored_items WHERE transaction_id = ANY ($1)`,
	} {
		if _, err := tx.exec(ctx, "removing what hangs on rows", sql, gone); err != nil {
			return 0, err
		}
	}
	// A run that has loaded the rows must look again.
	return len(keys), tx.countDecisions(ctx, []*decidedGroup{{ContextID: c.ID}})
}

// takeApart ends groups with a note: a proposal is superseded, and any other one is unmatched.
func (tx *Tx) takeApart(ctx context.Context, c recon.Context, keys []int64, note string) error {
	if len(keys) == 0 {
		return nil
	}
	groups, err := tx.readGroups(ctx, keys, map[string]recon.Context{c.ID: c})
	if err != nil {
		return err
	}
	var proposed, decided []*decidedGroup
	decision := recon.Decision{Action: recon.ActionUnmatch, Note: note}
	for _, g := range groups {
		if g.Status == recon.GroupProposed {
			g.to = recon.GroupSuperseded
			proposed = append(proposed, g)
			continue
		}
		if g.to, err = tx.judge(g, decision); err != nil {
			return err
		}
		decided = append(decided, g)
	}
	if err := tx.moveGroups(ctx, slices.Concat(proposed, decided), decision); err != nil {
		return err
	}
	if len(proposed) > 0 {
		if err := tx.released(ctx, proposed, recon.ActionReject); err != nil {
			return err
		}
	}
	if len(decided) == 0 {
		return nil
	}
	if err := tx.released(ctx, decided, recon.ActionUnmatch); err != nil {
		return err
	}
	return tx.countScores(ctx, decided)
}

func (tx *Tx) updateImport(ctx context.Context, load ImportLoad) error {
	i := load.Import
	_, err := tx.exec(ctx, "updating the import", `
		UPDATE imports SET format = @format, reading = @reading, field_map_version = @version, rows_read = @read,
			rows_inserted = @inserted, rows_duplicate = @duplicate, rows_rejected = @rejected, rows_set_aside = @aside,
			rows_changed = @changed, findings = @findings, sums = @sums, detection = @detection,
			rows_pending = @pending
		WHERE num = @num`, pgx.NamedArgs{
		"num": i.Num, "format": i.Format, "reading": string(load.Reading), "version": i.FieldMapVersion, "read": i.RowsRead,
		"inserted": i.RowsInserted, "duplicate": i.RowsDuplicate, "rejected": i.RowsRejected, "aside": i.RowsSetAside,
		"changed": i.RowsChanged, "findings": i.Findings, "sums": i.Sums, "detection": i.Detection,
		"pending": load.Pending,
	})
	return err
}
