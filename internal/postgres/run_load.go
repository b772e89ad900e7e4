package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// RunInput is what a run must know of its context besides the rows, from the snapshot in which it loads them.
type RunInput struct {
	Context recon.Context
	Sources []recon.Source
	Rules   []recon.StoredRule
	Options recon.RunOptions
	// imports of the context voided so far: more of them when the run saves means that rows are gone
	Voided      int64
	RuleChanges int64   // of a back-test: how often the context's own rules had changed
	Unlisted    []int64 // imports that no run has listed yet, by number: read whole
	// Unread are the rows of files that this run is the first to look at, by side.
	Unread  map[recon.Side]UnreadRows
	Reached recon.Covered // the last rows that earlier runs read
	rows    map[recon.Side]int64
	apart   []int64
}

// UnreadRows counts the rows of files that never became transactions.
type UnreadRows struct{ Rejected, SetAside, Duplicates int64 }

// hintMax keeps the memory that is taken beforehand small where a context's rows are nearly all matched already.
const hintMax = 1 << 20

// Hint is about how many rows a side may have.
func (in *RunInput) Hint(side recon.Side) int { return int(min(in.rows[side], hintMax)) }

// RunInput reads it. Apart are groups that the run takes apart: what they left to be booked counts no more.
func (tx *Tx) RunInput(ctx context.Context, run recon.Run, apart ...int64) (RunInput, error) {
	in := RunInput{apart: apart, Unread: map[recon.Side]UnreadRows{}, rows: map[recon.Side]int64{}}
	var err error
	if in.Context, err = tx.Context(ctx, run.ContextID); err != nil {
		return in, err
	}
	if in.Rules, err = tx.Rules(ctx, run.ContextID); err != nil {
		return in, err
	}
	if err = tx.aroundRules(ctx, run, &in); err != nil {
		return in, err
	}
	if in.Voided, err = tx.voidedImports(ctx, run.ContextID); err != nil {
		return in, err
	}
	if in.Unlisted, err = tx.unlistedImports(ctx, run.ContextID); err != nil {
		return in, err
	}
	if err = tx.covered(ctx, run, &in); err != nil {
		return in, err
	}
	if err = tx.reported(ctx, run, &in); err != nil {
		return in, err
	}
	if err = tx.partials(ctx, &in); err != nil {
		return in, err
	}
	return in, tx.newRowCounts(ctx, run, &in)
}

// aroundRules reads what a run knows apart from its rules: asked for, set in the context, or named by a rule.
func (tx *Tx) aroundRules(ctx context.Context, run recon.Run, in *RunInput) error {
	in.Options = recon.RunOptions{
		AsOf: run.AsOf, From: run.From, To: run.To,
		DuplicateDays: in.Context.Settings.DuplicateDays, MaxWriteOff: in.Context.Settings.WriteOff(),
		AccountField: in.Context.Settings.AccountField,
	}
	err := tx.namedBy(ctx, in)
	if err != nil {
		return err
	}
	if in.Options.Written, err = tx.written(ctx, in); err != nil {
		return err
	}
	if in.Options.Owed, err = tx.owed(ctx, in.Context.Num, append([]int64{}, in.apart...)); err != nil {
		return err
	}
	if in.Options.Rejected, err = tx.rejectedSets(ctx, in.Context.Num); err != nil {
		return err
	}
	in.Sources, err = all[recon.Source](tx.query(ctx, `
		SELECT `+sourceColumns+` FROM sources WHERE context_id = $1 ORDER BY num`, in.Context.ID))
	if err != nil {
		return err
	}
	for side, to := range map[recon.Side]*[]string{
		recon.Left: &in.Options.Movements.Left, recon.Right: &in.Options.Movements.Right,
	} {
		*to, err = pgx.CollectRows(tx.query(ctx, `
			SELECT s.name FROM sources s JOIN field_maps m ON m.source_id = s.id AND m.version = s.field_map_version
			WHERE s.context_id = $1 AND s.side = $2 AND m.body ->> 'rows' = $3 ORDER BY s.num`,
			in.Context.ID, side, recon.RowsMovements), pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("reading what the rows of sources are: %w", err)
		}
	}
	return nil
}

// written is what earlier runs wrote off, by the month of the newest row of each group, and what their POST rules
// booked, each row by itself. Nothing asks without a limit.
func (tx *Tx) written(ctx context.Context, in *RunInput) ([]recon.WriteOff, error) {
	if !in.Options.MaxWriteOff.Given() && !slices.ContainsFunc(in.Rules, func(r recon.StoredRule) bool {
		return r.Rule.Post.MaxMonth.Given()
	}) {
		return nil, nil
	}
	written, err := all[recon.WriteOff](tx.query(ctx, `
		SELECT date_trunc('month', newest.date)::date AS month, a.currency, sum(abs(a.amount))::bigint AS amount,
			CASE WHEN cardinality(g.left_ids || g.right_ids) = 1 THEN coalesce(r.name, g.rule_id::text) ELSE '' END AS rule
		FROM adjustments a
		JOIN match_groups g ON g.id = a.group_id
		LEFT JOIN rules r ON r.id = g.rule_id
		CROSS JOIN LATERAL (SELECT max(t.date) AS date FROM transactions t WHERE t.id = ANY (g.left_ids || g.right_ids)) newest
		WHERE a.context_num = $1 AND a.posting_status <> 'REVERSED' AND NOT g.id = ANY ($2)
		GROUP BY 1, 2, 4 ORDER BY 1, 2, 4`, in.Context.Num, append([]int64{}, in.apart...)))
	if err != nil {
		return nil, fmt.Errorf("reading what earlier runs wrote off: %w", err)
	}
	return written, nil
}

// covered is through which days the sides are covered: by their last rows so far, by the statements of their files, and
// by what their sources state.
func (tx *Tx) covered(ctx context.Context, run recon.Run, in *RunInput) error {
	reached, err := pgx.CollectRows(tx.query(ctx, `
		SELECT plan -> 'reached' FROM runs
		WHERE context_id = $1 AND mode = 'COMMIT' AND status = 'COMPLETED' AND num < $2 AND plan ? 'reached'
		ORDER BY num DESC LIMIT 1`, run.ContextID, run.Num), pgx.RowTo[recon.Covered])
	if err != nil {
		return fmt.Errorf("reading how far earlier runs came: %w", err)
	}
	if len(reached) > 0 {
		in.Reached = reached[0]
	}
	in.Options.Covered = in.Reached
	var side recon.Side
	var through recon.Day
	_, err = pgx.ForEachRow(tx.query(ctx, `
		SELECT s.side, max(greatest(s.covered_through, t.to_day)) FROM sources s
		LEFT JOIN statements t ON t.source_num = s.num
		WHERE s.context_id = $1 GROUP BY s.side`, run.ContextID), []any{&side, &through}, func() error {
		to := &in.Options.Covered.Left
		if side == recon.Right {
			to = &in.Options.Covered.Right
		}
		*to = max(*to, through)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading what the files of sources cover: %w", err)
	}
	return nil
}

// reported reads what a run of a period that has a beginning knows of the runs before it.
func (tx *Tx) reported(ctx context.Context, run recon.Run, in *RunInput) (err error) {
	if !run.From.Set() {
		return nil
	}
	in.Options.Reported.Unread = in.Unlisted
	in.Options.Reported.Periods, err = all[recon.Days](tx.query(ctx, `
		SELECT DISTINCT date_from AS "from", date_to AS "to" FROM runs
		WHERE context_id = $1 AND mode = 'COMMIT' AND status = 'COMPLETED' AND num < $2
		ORDER BY "from" NULLS FIRST, "to" NULLS LAST`, run.ContextID, run.Num))
	if err != nil {
		return fmt.Errorf("reading the periods of earlier runs: %w", err)
	}
	return nil
}

func (tx *Tx) newRowCounts(ctx context.Context, run recon.Run, in *RunInput) error {
	rows, _ := tx.tx.Query(ctx, `
		SELECT s.side, sum(i.rows_inserted)::bigint, coalesce(sum(i.rows_rejected) FILTER (WHERE NOT i.listed), 0)::bigint,
			coalesce(sum(i.rows_set_aside) FILTER (WHERE NOT i.listed), 0)::bigint,
			coalesce(sum(i.rows_duplicate) FILTER (WHERE NOT i.listed), 0)::bigint
		FROM imports i JOIN sources s ON s.id = i.source_id
		WHERE s.context_id = $1 AND i.status = 'COMPLETED'
		GROUP BY s.side`, run.ContextID)
	var side string
	var inserted int64
	var unread UnreadRows
	scan := []any{&side, &inserted, &unread.Rejected, &unread.SetAside, &unread.Duplicates}
	_, err := pgx.ForEachRow(rows, scan, func() error {
		in.rows[recon.Side(side)], in.Unread[recon.Side(side)] = inserted, unread
		return nil
	})
	return err
}

func (tx *Tx) voidedImports(ctx context.Context, contextID string) (int64, error) {
	return value[int64](tx.query(ctx, `
		SELECT count(*) FROM imports i JOIN sources s ON s.id = i.source_id
		WHERE s.context_id = $1 AND i.status = 'VOIDED'`, contextID))
}

// openRowColumn reads one field of an open row out of its bytes on the wire.
type openRowColumn struct {
	sql  string
	read func(t *recon.Transaction, raw []byte)
}

// openRowFields are the canonical fields that a plan may ask for, besides those that every run needs.
var openRowFields = map[string]openRowColumn{
	"reference":     {"t.reference", func(t *recon.Transaction, raw []byte) { t.Reference = string(raw) }},
	"description":   {"t.description", func(t *recon.Transaction, raw []byte) { t.Description = string(raw) }},
	"kind":          {"t.kind", func(t *recon.Transaction, raw []byte) { t.Kind = string(raw) }},
	"bookingStatus": {"t.booking_status", func(t *recon.Transaction, raw []byte) { t.BookingStatus = string(raw) }},
	"valueDate":     {"t.value_date", func(t *recon.Transaction, raw []byte) { t.ValueDate = rawDay(raw) }},
	"time":          {"t.occurred_at", func(t *recon.Transaction, raw []byte) { t.Time = rawInstant(raw) }},
	"gross":         {"t.gross", func(t *recon.Transaction, raw []byte) { t.Gross = rawMinor(raw) }},
	"fee":           {"t.fee", func(t *recon.Transaction, raw []byte) { t.Fee = rawMinor(raw) }},
	"tax":           {"t.tax", func(t *recon.Transaction, raw []byte) { t.Tax = rawMinor(raw) }},
	"net":           {"t.net", func(t *recon.Transaction, raw []byte) { t.Net = rawMinor(raw) }},
}

// RowReader takes the rows that a run reads.
type RowReader struct {
	Sources []recon.Source // whose rows, under the names that they have here
	// what the plan reads apart from the fields that every run needs
	Fields []string
	Add    func(t *recon.Transaction, id int64, source string) error // t is reused by the next call
}

// OpenRows reads the open rows of a context's sources. A row of a proposal that nothing was decided on counts as
// open, and so does one of a partial group.
func (tx *Tx) OpenRows(ctx context.Context, contextNum int32, r RowReader) error {
	return tx.eachRow(ctx, r, pgx.NamedArgs{"context": contextNum}, openRowsSQL)
}

// eachRow hands on what a query selects: openRowFixed columns and those that a plan reads. sql takes the beginning of
// the query and may name @sources and @nums.
func (tx *Tx) eachRow(ctx context.Context, r RowReader, args pgx.NamedArgs, sql func(selected string) string) error {
	columns, named, err := openRowColumns(r.Fields)
	if err != nil {
		return err
	}
	maps.Copy(args, named)
	names, ids, nums := map[int32]string{}, []string{}, []int32{}
	for _, source := range r.Sources {
		names[source.Num], ids, nums = source.Name, append(ids, source.ID), append(nums, source.Num)
	}
	args["sources"], args["nums"] = ids, nums
	selected := strings.Builder{}
	selected.WriteString(`SELECT t.id, t.source_num, t.ordinal, t.digest, t.date, t.amount, t.currency, t.external_id`)
	for i := range columns {
		selected.WriteString(", " + columns[i].sql)
	}
	defer tx.takeTurn()()
	rows, err := tx.tx.Query(ctx, sql(selected.String()), args)
	if err != nil {
		return fmt.Errorf("reading rows: %w", err)
	}
	defer rows.Close()
	var t recon.Transaction
	for n := 1; rows.Next(); n++ {
		if n%turnRows == 0 {
			solver.PassTurn()
		}
		raw := rows.RawValues()
		readOpenRow(&t, raw, columns)
		if err := r.Add(&t, rawInt8(raw[0]), names[rawInt4(raw[1])]); err != nil {
			return err
		}
	}
	return rows.Err()
}

const openRowFixed = 8

// turnRows is how many rows are read in one turn: some milliseconds.
const turnRows = 1 << 12

// openRowsSQL leaves out rows in active groups, save for untouched proposals, and ignored rows.
//
// Files that no run has listed yet are read whole: the rows of an import are a range of ids, in the order in which
// they lie on the disk, and nearly all of them is open. Of all other files only the rows on the list of open ones are
// looked up, one by one: OFFSET 0 keeps the planner from reading the rows and groups of all time instead.
func openRowsSQL(selected string) string {
	inFile := func(id string) string { return id + ` > i.num << 32 AND ` + id + ` < (i.num + 1) << 32` }
	listed := func(id string) string { return id + ` = o.transaction_id` }
	return selected + ` FROM imports i ` + openRowsWhere(inFile) + `
		WHERE i.source_id = ANY (@sources::uuid[]) AND i.status = 'COMPLETED' AND NOT i.listed
		UNION ALL ` +
		selected + ` FROM sources s JOIN open_items o ON o.source_num = s.num ` + openRowsWhere(listed) + `
		WHERE s.id = ANY (@sources::uuid[])`
}

// openRowsWhere names the ids for every table, so that each is read by its key.
func openRowsWhere(meant func(id string) string) string {
	return `CROSS JOIN LATERAL (
			SELECT ` + transactionColumns + `
			FROM transactions t
			WHERE ` + meant("t.id") + `
			AND NOT EXISTS (SELECT 1 FROM ignored_items n WHERE n.transaction_id = t.id AND ` + meant("n.transaction_id") + `)
			AND NOT EXISTS (
				SELECT 1 FROM active_items a
				WHERE a.transaction_id = t.id AND ` + meant("a.transaction_id") + `
				AND a.group_id NOT IN (
					SELECT g.id FROM match_groups g
					WHERE g.context_num = @context AND g.status = 'PROPOSED' AND NOT g.preview
					AND NOT EXISTS (SELECT 1 FROM group_decisions d WHERE d.group_id = g.id)
					UNION ALL
					SELECT g.id FROM match_groups g WHERE g.context_num = @context AND ` + takenUp + `))
			OFFSET 0) t`
}

func openRowColumns(fields []string) ([]openRowColumn, pgx.NamedArgs, error) {
	args := pgx.NamedArgs{}
	columns := make([]openRowColumn, 0, len(fields))
	for i, field := range fields {
		name, metadata := strings.CutPrefix(field, recon.MetadataPrefix)
		column, known := openRowFields[field]
		switch {
		case metadata:
			arg := fmt.Sprintf("m%d", i)
			args[arg] = name
			column = openRowColumn{"t.metadata ->> @" + arg + "::text", func(t *recon.Transaction, raw []byte) {
				t.Metadata = append(t.Metadata, recon.Attribute{Name: name, Value: string(raw)})
			}}
		case field == "original":
			columns = append(columns, openRowColumn{"t.original_currency", readOriginalCurrency})
			column = openRowColumn{"t.original_amount", readOriginalAmount}
		case !known:
			return nil, nil, fmt.Errorf("a plan reads the field %q, which no row has", field)
		}
		columns = append(columns, column)
	}
	return columns, args, nil
}

func readOriginalCurrency(t *recon.Transaction, raw []byte) {
	t.Original = nil
	if raw != nil {
		t.Original = &recon.Money{Currency: string(raw)}
	}
}

func readOriginalAmount(t *recon.Transaction, raw []byte) {
	if raw != nil && t.Original != nil {
		t.Original.Amount = recon.Minor(rawInt8(raw))
	}
}

func readOpenRow(t *recon.Transaction, raw [][]byte, columns []openRowColumn) {
	t.Ordinal = rawInt4(raw[2])
	copy(t.Digest[:], raw[3])
	t.Date, t.Amount = rawDay(raw[4]), recon.Minor(rawInt8(raw[5]))
	if string(raw[6]) != t.Currency {
		t.Currency = string(raw[6])
	}
	t.ExternalID = string(raw[7])
	t.Metadata = t.Metadata[:0]
	for i := range columns {
		columns[i].read(t, raw[openRowFixed+i])
	}
}
