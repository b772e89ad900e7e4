package postgres

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// A statement may have many payments as one entry, while a report or an advice has them one by one, before it or after
// it. Whichever comes last, the parts are booked with the entry, and the row of the whole entry is gone: no sum ever
// holds both. Parts that do not make the entry add nothing, and are a finding.

// Batch is an entry of a file whose parts are rows. Its names are those by which a statement may have it.
type Batch struct {
	Account, Currency string
	Reference, Name   string // the bank's, and the payer's; "": there is none
	Day               recon.Day
	First, Last       int64 // of its rows in the file
	Parts             int64 // that the entry has, also such as could not be read
	Covered           bool  // a statement has its day: its parts are known, or give an entry its parts

	bookedBy int64 // the number of the import that has the entry; 0: none
}

// PartsCame begins the note of a group that was taken apart since its row is gone, for the parts of that row.
const PartsCame = "PARTS: "

// batchDays is how many days the entry of a statement may be from the day of its advice.
const batchDays = 10

// batcher puts parts in the place of the entries of one load.
type batcher struct {
	*Tx

	load    *ImportLoad
	context recon.Context
}

// wholeEntry is an entry that is one row.
type wholeEntry struct {
	ID     int64
	Amount recon.Minor
	Date   recon.Day
}

// hasBatches reports whether rows of the file may be parts of entries, or entries whose parts are there.
func (tx *Tx) hasBatches(ctx context.Context, load *ImportLoad) (bool, error) {
	if len(load.Batches) > 0 || len(load.Statements) == 0 {
		return len(load.Batches) > 0, nil
	}
	return value[bool](tx.query(ctx, `SELECT EXISTS (SELECT FROM batches WHERE source_num = $1)`, load.Source.Num))
}

// splitBatches puts parts in the place of their entry among the staged and the stored rows.
func (tx *Tx) splitBatches(ctx context.Context, load *ImportLoad) error {
	has, err := tx.hasBatches(ctx, load)
	if err != nil || !has {
		return err
	}
	c, err := tx.lockOpenContext(ctx, load.Source.ContextID) // a run that saves in between may take the rows
	if err != nil {
		return err
	}
	t := batcher{tx, load, c}
	kept := load.Batches[:0:0]
	for _, b := range load.Batches {
		keep, err := t.giveParts(ctx, &b)
		if err != nil {
			return err
		}
		if keep {
			kept = append(kept, b)
		}
	}
	load.Batches = kept
	return t.bookBatches(ctx)
}

// giveParts lets the staged parts of an entry take the place of its stored row. It returns whether they stay staged.
func (t batcher) giveParts(ctx context.Context, b *Batch) (bool, error) {
	first, last := rowID(t.load.Import.Num, b.First), rowID(t.load.Import.Num, b.Last)
	parts, err := one[partSum](t.query(ctx, `
		SELECT count(*) AS rows, coalesce(sum(amount), 0)::bigint AS sum FROM stg_transactions WHERE id BETWEEN $1 AND $2`,
		first, last), "parts")
	if err != nil {
		return false, fmt.Errorf("adding up the parts of an entry: %w", err)
	}
	whole, err := t.wholeOf(ctx, t.load.Source.Num, b, parts.Sum)
	switch {
	case err != nil:
		return false, err
	case whole == nil && !b.Covered:
		return true, nil
	case whole == nil:
		for row := b.First; row <= b.Last && len(t.load.Repeated) < RejectsStoredMax; row++ {
			t.load.Repeated = append(t.load.Repeated, recon.NewRowError(int(t.load.Line(row)), int(row),
				recon.FieldBookingStatus, "", recon.CodeRowReplaced, "a statement covers its day"))
		}
	case !parts.make(b.Parts, whole.Amount):
		t.load.differ(b, parts, whole.Amount)
	default:
		if _, err := t.exec(ctx, "booking the parts of an entry", `
			UPDATE stg_transactions SET booking_status = 'BOOKED', date = $3 WHERE id BETWEEN $1 AND $2`,
			first, last, whole.Date); err != nil {
			return false, err
		}
		b.bookedBy = ImportNum(whole.ID)
		t.load.split(b)
		return true, t.takeAway(ctx, []pendingRow{{ID: whole.ID}}, b)
	}
	_, err = t.exec(ctx, "dropping parts", `DELETE FROM stg_transactions WHERE id BETWEEN $1 AND $2`, first, last)
	return false, err
}

// partSum is what parts of an entry make.
type partSum struct {
	Rows int64
	Sum  recon.Minor
}

func (p partSum) make(parts int64, amount recon.Minor) bool {
	return p.Rows == parts && p.Sum == amount
}

// wholeOf finds the stored row of an entry near its day: of this amount, else of another one with the same sign. It
// returns nil where there is none. Rows without an id begin with their day in the index.
func (tx *Tx) wholeOf(ctx context.Context, sourceNum int32, b *Batch, amount recon.Minor) (*wholeEntry, error) {
	bound := func(day recon.Day, rest byte) (id pgtype.UUID) {
		for i := range id.Bytes {
			id.Bytes[i] = rest
		}
		binary.BigEndian.PutUint32(id.Bytes[:], uint32(day.Unix()))
		id.Valid = true
		return id
	}
	found, err := all[wholeEntry](tx.query(ctx, `
		SELECT id, amount, date FROM transactions
		WHERE source_num = @source AND identity BETWEEN @low AND @high AND external_id IS NULL
			AND booking_status = 'BOOKED' AND currency = @currency AND sign(amount) = sign(@amount::numeric)
			AND metadata ->> 'account' = @account AND metadata ->> 'partOf' IS NULL
			AND (metadata ->> 'bankReference' = @reference OR metadata ->> 'batch' = @batch)
		ORDER BY amount <> @amount, id LIMIT 1`, pgx.NamedArgs{
		"source": sourceNum, "low": bound(b.Day-batchDays, 0), "high": bound(b.Day+batchDays, 0xFF),
		"currency": b.Currency, "account": b.Account, "amount": int64(amount),
		"reference": textOrNull(b.Reference), "batch": textOrNull(b.Name),
	}))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

func textOrNull(text string) pgtype.Text { return pgtype.Text{String: text, Valid: text != ""} }

// pairedBatch is a stored batch and a staged row of the whole entry.
type pairedBatch struct {
	Batch
	partSum

	Whole           int64
	Amount          recon.Minor
	Date            recon.Day
	FirstID, LastID int64
	Booked          bool
}

// bookBatches books the stored parts of staged entries, which add nothing then.
func (t batcher) bookBatches(ctx context.Context) error {
	paired, err := all[pairedBatch](t.query(ctx, `
		WITH wholes AS MATERIALIZED (
			SELECT id, amount, date, currency, metadata ->> 'account' AS account,
				metadata ->> 'bankReference' AS reference, metadata ->> 'batch' AS batch
			FROM stg_transactions
			WHERE booking_status = 'BOOKED' AND external_id IS NULL AND metadata ->> 'partOf' IS NULL
		), pairs AS (
			SELECT w.id, w.amount, w.date, b.first_id, b.last_id, b.parts, b.account, b.currency, b.reference, b.batch,
				b.booked_by
			FROM wholes w JOIN batches b USING (account, currency, reference)
			WHERE b.source_num = $1 AND b.reference <> ''
			UNION
			SELECT w.id, w.amount, w.date, b.first_id, b.last_id, b.parts, b.account, b.currency, b.reference, b.batch,
				b.booked_by
			FROM wholes w JOIN batches b USING (account, currency, batch)
			WHERE b.source_num = $1 AND b.batch <> ''
		)
		SELECT p.id AS whole, p.amount, p.date, p.first_id, p.last_id, p.parts, p.account, p.currency, p.reference,
			p.batch AS name, p.booked_by IS NOT NULL AS booked, t.rows, t.sum
		FROM pairs p CROSS JOIN LATERAL (
			SELECT count(*) AS rows, coalesce(sum(amount), 0)::bigint AS sum
			FROM transactions WHERE id BETWEEN p.first_id AND p.last_id
		) AS t
		WHERE t.rows > 0 AND sign(p.amount) = sign(t.sum)
		ORDER BY t.sum <> p.amount, p.id, p.first_id`, t.load.Source.Num))
	if err != nil {
		return fmt.Errorf("looking for parts of entries: %w", err)
	}
	done := map[int64]bool{} // batches and entries, by an id of a row
	for i := range paired {
		p := &paired[i]
		if done[p.FirstID] || done[p.Whole] {
			continue
		}
		done[p.FirstID], done[p.Whole] = true, true
		if err := t.bookBatch(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// bookBatch books the parts of an entry, or withdraws those that do not make it.
func (t batcher) bookBatch(ctx context.Context, p *pairedBatch) error {
	makes := p.make(p.Parts, p.Amount)
	switch {
	case p.Booked && !makes: // another entry of the same name
		return nil
	case !makes:
		t.load.differ(&p.Batch, p.partSum, p.Amount)
		return t.withdrawParts(ctx, p)
	case !p.Booked:
		if _, err := t.exec(ctx, "booking the parts of an entry", `
			UPDATE transactions SET booking_status = 'BOOKED', date = $3 WHERE id BETWEEN $1 AND $2`,
			p.FirstID, p.LastID, p.Date); err != nil {
			return err
		}
		if _, err := t.exec(ctx, "keeping by what parts are booked", `
			UPDATE batches SET booked_by = $3 WHERE source_num = $1 AND first_id = $2`,
			t.load.Source.Num, p.FirstID, t.load.Import.Num); err != nil {
			return err
		}
		t.load.split(&p.Batch)
		t.auditParts(&p.Batch, 0)
		// A run that has loaded the rows must look again.
		if err := t.countDecisions(ctx, []*decidedGroup{{ContextID: t.context.ID}}); err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, "dropping an entry that has its parts", `DELETE FROM stg_transactions WHERE id = $1`, p.Whole)
	return err
}

// withdrawParts takes out stored parts that do not make their entry.
func (t batcher) withdrawParts(ctx context.Context, p *pairedBatch) error {
	parts, err := all[pendingRow](t.query(ctx, `
		SELECT id, coalesce(external_id, '') AS external_id, 0::bigint AS group_id, '' AS status, 0::bigint AS by,
			false AS void
		FROM transactions WHERE id BETWEEN $1 AND $2 ORDER BY id`, p.FirstID, p.LastID))
	if err != nil {
		return fmt.Errorf("looking for the parts of an entry: %w", err)
	}
	if err = t.takeAway(ctx, parts, &p.Batch); err == nil {
		_, err = t.exec(ctx, "forgetting parts", `
			DELETE FROM batches WHERE source_num = $1 AND first_id = $2`, t.load.Source.Num, p.FirstID)
	}
	return err
}

// takeAway takes rows out that are an entry, or parts of it, with all that was decided about them. The last finding
// names those decisions.
func (t batcher) takeAway(ctx context.Context, rows []pendingRow, b *Batch) error {
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	keys, err := pgx.CollectRows(t.query(ctx, `
		SELECT DISTINCT group_id FROM active_items WHERE transaction_id = ANY ($1) ORDER BY 1`, ids), pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("looking for the groups of an entry: %w", err)
	}
	note := PartsCame + "the parts of the " + b.name() + " came with " + t.load.Import.FileName
	if err := t.takeApart(ctx, t.context, keys, note); err != nil {
		return fmt.Errorf("a group of the %s would be taken apart: %w", b.name(), err)
	}
	if _, err := t.exec(ctx, "forgetting rejected sets", `
		DELETE FROM rejected_sets WHERE members && $1::bigint[]`, ids); err != nil {
		return err
	}
	ignored, err := t.exec(ctx, "forgetting ignored rows", `
		DELETE FROM ignored_items WHERE transaction_id = ANY ($1)`, ids)
	if err != nil {
		return err
	}
	if text := &t.load.Findings[len(t.load.Findings)-1].Text; len(keys) > 0 {
		*text += fmt.Sprintf("; %d groups of it were taken apart, and their other rows are open", len(keys))
	} else if ignored > 0 {
		*text += "; it had been ignored, which is forgotten"
	}
	t.auditParts(b, len(keys))
	return t.takeOut(ctx, t.load, t.context, rows)
}

func (t batcher) auditParts(b *Batch, apart int) {
	t.Audit("import.parts", "import", t.load.Import.ID, map[string]any{
		"account": b.Account, "reference": b.Reference, "batch": b.Name, "parts": b.Parts, "groupsTakenApart": apart,
	})
}

// keepBatches keeps the batches whose parts are stored now.
func (tx *Tx) keepBatches(ctx context.Context, load *ImportLoad) error {
	for i := range load.Batches {
		b := &load.Batches[i]
		if _, err := tx.exec(ctx, "keeping a batch", `
			INSERT INTO batches (source_num, first_id, last_id, parts, account, currency, reference, batch, booked_by)
			SELECT @source, @first, @last, @parts, @account, @currency, @reference, @batch, nullif(@by::bigint, 0)
			WHERE EXISTS (SELECT FROM transactions WHERE id BETWEEN @first AND @last)`, pgx.NamedArgs{
			"source": load.Source.Num, "first": rowID(load.Import.Num, b.First), "last": rowID(load.Import.Num, b.Last),
			"parts": b.Parts, "account": b.Account, "currency": b.Currency, "reference": b.Reference, "batch": b.Name,
			"by": b.bookedBy,
		}); err != nil {
			return err
		}
	}
	return nil
}

// leaveBatches undoes what an import that goes did to batches: parts that it booked are pending again. It refuses where
// the import's own rows took the place of an entry that another import has.
func (tx *Tx) leaveBatches(ctx context.Context, num int64) error {
	first, last := rowIDs(num)
	by, err := value[string](tx.query(ctx, `
		SELECT coalesce(min(i.file_name), '') FROM batches b JOIN imports i ON i.num = b.booked_by
		WHERE b.first_id BETWEEN $1 AND $2`, first, last))
	if err != nil {
		return fmt.Errorf("looking for entries that have their parts: %w", err)
	}
	if by != "" {
		return recon.Conflict(recon.CodeInUse, "rows of this import are the parts of an entry of the statement %s: "+
			"void that statement first, then this import, and load the statement again", by)
	}
	for _, sql := range []string{
		`UPDATE transactions t SET booking_status = 'PENDING' FROM batches b
			WHERE b.booked_by = @num AND t.id BETWEEN b.first_id AND b.last_id`,
		`UPDATE batches SET booked_by = NULL WHERE booked_by = @num`,
		`DELETE FROM batches WHERE first_id BETWEEN @first AND @last`,
	} {
		args := pgx.NamedArgs{"num": num, "first": first, "last": last}
		if _, err := tx.exec(ctx, "leaving batches", sql, args); err != nil {
			return err
		}
	}
	return nil
}

func (b *Batch) name() string {
	name := b.Reference
	if name == "" {
		name = b.Name
	}
	return "entry " + name + " of account " + b.Account
}

// split notes that an entry has its parts.
func (load *ImportLoad) split(b *Batch) {
	load.Findings = append(load.Findings, recon.Finding{Kind: recon.FindingNote, Text: fmt.Sprintf(
		"the %s is its %d parts now, which make its amount: its own row is gone", b.name(), b.Parts)})
}

// differ keeps that the parts of an entry do not make it.
func (load *ImportLoad) differ(b *Batch, parts partSum, amount recon.Minor) {
	load.Findings = append(load.Findings, recon.Finding{Kind: recon.FindingControlTotal, Text: fmt.Sprintf(
		"the %s is %s, and %d of its %d parts make %s: it stays one row, and its parts add nothing", b.name(),
		decimal(int64(amount), b.Currency), parts.Rows, b.Parts, decimal(int64(parts.Sum), b.Currency))})
}
