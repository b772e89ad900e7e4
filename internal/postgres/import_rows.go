package postgres

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// transactionColumns is the order in which AppendTransaction encodes a row.
const transactionColumns = `id, source_num, ordinal, identity, digest, date, value_date, amount, gross, fee, tax, net,
	original_amount, occurred_at, currency, original_currency, external_id, reference, description, kind,
	booking_status, metadata`

const transactionColumnCount = 22

// RowKey is a row's identity within its source.
type RowKey struct {
	Identity [16]byte
	Ordinal  int32
}

// RowsEncoder writes rows in the form in which the database takes them, so that a file is parsed once, before any
// connection is held, and the bytes only pass through later.
type RowsEncoder struct {
	to        *bufio.Writer
	sourceNum int32
	importNum int64
	row       copyRow
	metadata  []byte
	totals    importTotals
}

// NewRowsEncoder starts a stream of rows of one import.
func NewRowsEncoder(to *bufio.Writer, sourceNum int32, importNum int64) *RowsEncoder {
	_, _ = to.WriteString(copyHead) // a failed write comes back from Close
	return &RowsEncoder{to: to, sourceNum: sourceNum, importNum: importNum}
}

// Append adds one row. No text of t may hold a NUL, which PostgreSQL has no way to store.
func (e *RowsEncoder) Append(t *recon.Transaction, identity [16]byte) error {
	r := e.row[:0].fields(transactionColumnCount).int8(rowID(e.importNum,
		int64(t.Row))).int4(e.sourceNum).int4(t.Ordinal).bytes(identity[:]).bytes(t.Digest[:])
	r = r.day(t.Date).day(t.ValueDate).int8(int64(t.Amount)).minor(t.Gross).minor(t.Fee).minor(t.Tax).minor(t.Net)
	if t.Original == nil {
		r = r.null()
	} else {
		r = r.int8(int64(t.Original.Amount))
	}
	if t.Time.IsZero() {
		r = r.null()
	} else {
		r = r.int8(t.Time.UnixMicro() - epochMicros)
	}
	r = r.text(t.Currency)
	if t.Original == nil {
		r = r.null()
	} else {
		r = r.text(t.Original.Currency)
	}
	r = r.textOrNull(t.ExternalID).textOrNull(t.Reference).textOrNull(t.Description).textOrNull(t.Kind)
	status := t.BookingStatus
	if status == "" {
		status = recon.Booked
	}
	e.metadata = appendAttributes(e.metadata[:0], t.Metadata)
	e.row = r.text(status).bytes(e.metadata)
	e.totals.add(t.Currency, t.Amount)
	_, err := e.to.Write(e.row)
	return err
}

// Leave takes the money of a row out of the sums: it will not be stored.
func (e *RowsEncoder) Leave(currency string, amount recon.Minor) { e.totals.add(currency, -amount) }

// Sums are the totals of the rows so far, by currency.
func (e *RowsEncoder) Sums() map[string]string { return e.totals.decimals() }

// Close ends the stream.
func (e *RowsEncoder) Close() error {
	if _, err := e.to.WriteString(copyTail); err != nil {
		return err
	}
	return e.to.Flush()
}

// rowID places a row of an import, or a group of a run, among all: number · 2^32 + ordinal.
func rowID(num, ordinal int64) int64 { return num<<32 | ordinal }

// rowIDs returns the first and the last id that a row of an import, or a group of a run, can have.
func rowIDs(num int64) (first, last int64) { return num << 32, (num+1)<<32 - 1 }

// ImportNum is the number of the import that a row came with.
func ImportNum(rowID int64) int64 { return rowID >> 32 }

// ImportLoad is a parsed file on its way in.
type ImportLoad struct {
	// Num, SourceID, FileName, Format, SizeBytes, SHA256, FieldMapVersion, RowsRead, RowsDuplicate, RowsRejected,
	// RowsSetAside, RowsChanged
	Import   recon.Import
	Reading  []byte       // how the file was read, as JSON
	Source   recon.Source // as it was when the file was parsed
	Rows     func() (io.Reader, error)
	Stored   int64             // rows in the stream
	Replaced int64             // pending ones among them that others in the stream take the place of
	Pending  int64             // of those rows
	Batches  []Batch           // entries whose parts are pending rows of the stream
	Gone     []GoneRow         // rows that one of another id took the place of, or that never became money
	Sums     map[string]string // of those rows, by currency
	Sample   []RowKey          // a few of them, which reveal a second delivery cheaply
	Rejects  []recon.RowError  // those to keep; RowsRejected counts all
	SetAside []recon.RowError  // those to keep; RowsSetAside counts all
	Repeated []recon.RowError  // duplicates to keep that are not letter for letter the row that is there
	Line     func(row int64) int64

	Statements []recon.AccountStatement // of the account that is read
	Findings   []recon.Finding          // of the file alone
	goesOn     bool                     // equal rows without an id are further ones
}

// StoreImport makes a parsed file visible, or nothing of it: rows that the source does not hold yet, rejects, and the
// import with counts that tie. The caller holds the source's lock, so no other import of it is in flight.
func (tx *Tx) StoreImport(ctx context.Context, load ImportLoad) (recon.Import, error) {
	defer tx.takeTurn()()
	seen, err := tx.anyKnown(ctx, load.Source.Num, load.Sample)
	if err != nil {
		return recon.Import{}, err
	}
	if load.goesOn, err = tx.goesOn(ctx, load); err != nil {
		return recon.Import{}, err
	}
	if err := tx.leaveReports(ctx, &load); err != nil {
		return recon.Import{}, err
	}
	fresh := false
	stale, err := tx.mayBeStale(ctx, load)
	if err != nil {
		return recon.Import{}, err
	}
	batches, err := tx.hasBatches(ctx, &load)
	if err != nil {
		return recon.Import{}, err
	}
	if !seen && !stale && !batches && load.Replaced == 0 && len(load.Gone) == 0 {
		if fresh, err = tx.copyFresh(ctx, load); err != nil {
			return recon.Import{}, err
		}
	}
	load.Import.Sums = load.Sums
	if !fresh {
		if err := tx.copyStaged(ctx, &load); err != nil {
			return recon.Import{}, err
		}
		if load.Import.Sums, err = tx.importSums(ctx, load.Import.Num); err != nil {
			return recon.Import{}, err
		}
	}
	if err := tx.noteSameBytes(ctx, &load); err != nil {
		return recon.Import{}, err
	}
	if err := tx.storeShown(ctx, &load); err != nil {
		return recon.Import{}, err
	}
	i := &load.Import
	i.RowsInserted = i.RowsRead - i.RowsDuplicate - i.RowsRejected - i.RowsSetAside
	return tx.insertImport(ctx, load)
}

func (tx *Tx) anyKnown(ctx context.Context, sourceNum int32, sample []RowKey) (bool, error) {
	identities := make([]pgtype.UUID, len(sample))
	ordinals := make([]int32, len(sample))
	for i, key := range sample {
		identities[i] = pgtype.UUID{Bytes: key.Identity, Valid: true}
		ordinals[i] = key.Ordinal
	}
	return value[bool](tx.query(ctx, `
		SELECT EXISTS (
			SELECT 1
			FROM unnest($2::uuid[], $3::integer[]) AS s (identity, ordinal)
			JOIN transactions t ON t.source_num = $1 AND t.identity = s.identity AND t.ordinal = s.ordinal)`,
		sourceNum, identities, ordinals))
}

// copyFresh copies straight into the table, which is what most files allow: a day's statement holds no row of the day
// before. Where one row is known after all, the savepoint takes everything back and false is returned. (Measured: 1.6
// times as fast as staging; the price of guessing wrong is dead rows up to the first known one.)
func (tx *Tx) copyFresh(ctx context.Context, load ImportLoad) (bool, error) {
	rows, err := load.Rows()
	if err != nil {
		return false, err
	}
	err = pgx.BeginFunc(ctx, tx.tx, func(pgx.Tx) error {
		copied, err := tx.copyIn(ctx, `COPY transactions (`+transactionColumns+`) FROM STDIN (FORMAT binary)`, rows)
		if err == nil && copied != load.Stored {
			err = fmt.Errorf("copied %d rows of %d", copied, load.Stored)
		}
		return err
	})
	if violates(err, "transactions_identity") {
		return false, nil
	}
	return err == nil, err
}

// copyStaged puts the rows into a staging table and takes over those that it does not hold. The others are
// duplicates, or conflicts where the same external id came, booked with other money.
func (tx *Tx) copyStaged(ctx context.Context, load *ImportLoad) error {
	rows, err := load.Rows()
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "making the staging table",
		`CREATE TEMPORARY TABLE stg_transactions (LIKE transactions) ON COMMIT DROP`); err != nil {
		return err
	}
	if _, err := tx.copyIn(ctx, `COPY stg_transactions (`+transactionColumns+`) FROM STDIN (FORMAT binary)`, rows); err != nil {
		return err
	}
	if load.goesOn {
		if err := tx.countOn(ctx, load.Source.Num); err != nil {
			return err
		}
	}
	if err := tx.splitBatches(ctx, load); err != nil {
		return err
	}
	refused, err := tx.replacePending(ctx, load)
	if err != nil {
		return err
	}
	inserted, err := tx.exec(ctx, "taking over staged rows", `
		INSERT INTO transactions (`+transactionColumns+`)
		SELECT `+transactionColumns+`
		FROM stg_transactions s
		WHERE NOT EXISTS (
			SELECT 1 FROM transactions t
			WHERE t.source_num = s.source_num AND t.identity = s.identity AND t.ordinal = s.ordinal)
		ORDER BY id`)
	if err != nil {
		return err
	}
	if err := tx.keepBatches(ctx, load); err != nil {
		return err
	}
	conflicts, err := tx.stagedConflicts(ctx, load)
	if err != nil {
		return err
	}
	load.Import.RowsDuplicate += load.Stored - inserted - conflicts - refused
	load.Import.RowsRejected += conflicts + refused
	if err := tx.stagedChanges(ctx, load); err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `DROP TABLE stg_transactions, stg_gone`)
	return err
}

// countOn numbers staged rows without an id behind the equal ones that are stored.
func (tx *Tx) countOn(ctx context.Context, sourceNum int32) error {
	_, err := tx.exec(ctx, "counting equal rows", `
		UPDATE stg_transactions s SET ordinal = s.ordinal + known.rows
		FROM (
			SELECT identity, max(ordinal) + 1 AS rows FROM transactions
			WHERE source_num = $1 AND identity IN (SELECT identity FROM stg_transactions WHERE external_id IS NULL)
			GROUP BY identity
		) AS known
		WHERE s.identity = known.identity AND s.external_id IS NULL`, sourceNum)
	return err
}

// knownRows joins staged rows with the stored ones of their identity. The first 8 bytes of a digest are a row's money.
const knownRows = `
	FROM stg_transactions s
	JOIN transactions t ON t.source_num = s.source_num AND t.identity = s.identity AND t.ordinal = s.ordinal
	WHERE t.id <> s.id`

// stagedConflicts finds booked rows of known ids that came with other money, and rows whose pending ones are held, adds
// the first of them to the rejects and counts all.
func (tx *Tx) stagedConflicts(ctx context.Context, load *ImportLoad) (int64, error) {
	rows, err := tx.tx.Query(ctx, `
		SELECT s.id, s.external_id, t.booking_status = 'PENDING'`+knownRows+` AND s.external_id IS NOT NULL
			AND substring(t.digest FOR 8) <> substring(s.digest FOR 8)
			AND (s.booking_status = 'BOOKED' OR t.booking_status = 'PENDING' AND s.date >= t.date)
			OR t.id <> s.id AND t.booking_status = 'PENDING' AND s.booking_status = 'BOOKED'
		ORDER BY s.id`)
	if err != nil {
		return 0, fmt.Errorf("looking for conflicting ids: %w", err)
	}
	var (
		id    int64
		text  pgtype.Text
		held  bool
		count int64
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &text, &held}, func() error {
		count++
		reject := ConflictingID(load.Line(id&rowMask), id&rowMask, text.String)
		if held {
			reject.Code, reject.Reason = recon.CodePendingMatched, pendingMatched
		}
		load.reject(reject)
		return nil
	})
	return count, err
}

const rowMask = 1<<32 - 1 // of a row's id: its number in the file

func (load *ImportLoad) reject(e recon.RowError) {
	if len(load.Rejects) < RejectsStoredMax {
		load.Rejects = append(load.Rejects, e)
	}
}

// stagedChanges counts the rows that are there with the same money and another text or balance, and keeps what the
// first of them came with. The stored row stays: what a run saw, a replay sees.
func (tx *Tx) stagedChanges(ctx context.Context, load *ImportLoad) error {
	rows, err := tx.tx.Query(ctx, `
		SELECT s.id, coalesce(s.external_id, ''), count(*) OVER (),
			coalesce((SELECT string_agg(key || ': ' || value, ' · ') FROM json_each_text(s.metadata)), '')`+knownRows+`
			AND t.booking_status = s.booking_status AND t.digest <> s.digest
			AND substring(t.digest FOR 8) = substring(s.digest FOR 8)
		ORDER BY s.id LIMIT $1`, max(1, RejectsStoredMax-len(load.Repeated)))
	if err != nil {
		return fmt.Errorf("looking for changed rows: %w", err)
	}
	var (
		id, count            int64
		externalID, asItCame string
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &externalID, &count, &asItCame}, func() error {
		if len(load.Repeated) < RejectsStoredMax {
			load.Repeated = append(load.Repeated, recon.NewRowError(int(load.Line(id&rowMask)), int(id&rowMask),
				recon.FieldExternalID, externalID, recon.CodeRowChanged,
				"the row is there with the same money, and is kept as it was; here it is "+asItCame))
		}
		return nil
	})
	load.Import.RowsChanged += count
	return err
}

// RejectsStoredMax bounds the rejected rows of an import that are kept one by one, and those set aside; all are
// counted.
const RejectsStoredMax = 10_000

// ConflictingID is the reject of a row whose external id is known with other money.
func ConflictingID(line, row int64, externalID string) recon.RowError {
	return recon.NewRowError(int(line), int(row), recon.FieldExternalID, externalID, recon.CodeConflictingID,
		"this id came before, booked with other money; a person has to decide which is right")
}

// importSums adds up what an import holds, per currency, as decimals.
func (tx *Tx) importSums(ctx context.Context, num int64) (map[string]string, error) {
	first, last := rowIDs(num)
	found, err := all[struct{ Currency, Minor string }](tx.query(ctx, `
		SELECT currency, sum(amount)::text AS minor FROM transactions WHERE id BETWEEN $1 AND $2 GROUP BY currency`, first, last))
	sums := map[string]string{}
	for _, sum := range found {
		sums[sum.Currency] = decimalText(sum.Minor, sum.Currency)
	}
	return sums, err
}
