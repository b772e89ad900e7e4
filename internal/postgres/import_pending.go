package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// A bank lists a payment before it is booked, and again when it is: under the same id, often with another amount
// or day. The booked row replaces the pending one, so no sum ever holds both. What a run proposed for the pending row
// is dissolved. A confirmed or partial group is a decision and stays: the booked row is rejected until it is
// unmatched. Some banks give the booked row another id and name the pending one in a column of its own; a payment that
// never became money withdraws its pending row.

// pendingMatched is why a booked row was rejected.
const pendingMatched = "its pending row stands in a confirmed or partial group: unmatch that, then load the file again"

// replaceNote is the note in the history of a dissolved group.
const replaceNote = "a booked row replaces the pending one"

// pendingRow is a stored row that a staged one takes the place of.
type pendingRow struct {
	ID         int64
	ExternalID string
	GroupID    int64 // 0: it is free
	Status     recon.GroupStatus
	By         int64 // the row of another id that took its place; 0: it has the same id
	Void       bool
}

// GoneRow is a pending row that another one took the place of: its booked row, which has another id, or one by which it
// never became money.
type GoneRow struct {
	Identity [16]byte
	By       int64 // the row that took its place
	Void     bool  // that row is no money
	Day      recon.Day
	Report   bool // the pending row is of a bank's report: later ones are known by the day that statements cover
}

// leaveReports drops rows of reports from those that are gone where no import of the source has brought any.
func (tx *Tx) leaveReports(ctx context.Context, load *ImportLoad) error {
	if load.Pending > 0 || !slices.ContainsFunc(load.Gone, func(g GoneRow) bool { return g.Report }) {
		return nil
	}
	waits, err := value[bool](tx.query(ctx, `
		SELECT EXISTS (SELECT FROM imports WHERE source_id = $1 AND rows_pending > 0)`, load.Source.ID))
	if err == nil && !waits {
		load.Gone = slices.DeleteFunc(load.Gone, func(g GoneRow) bool { return g.Report })
	}
	return err
}

// mayBeStale reports whether pending rows of the file may be gone since, by an earlier file.
func (tx *Tx) mayBeStale(ctx context.Context, load ImportLoad) (bool, error) {
	if load.Pending == 0 {
		return false, nil
	}
	return value[bool](tx.query(ctx, `SELECT EXISTS (SELECT FROM withdrawn_rows WHERE source_num = $1)`, load.Source.Num))
}

// replacePending takes pending rows out whose booked ones are staged, and those that never became money. Those of the
// file itself are dropped where they stand. It returns how many staged rows are refused, since the pending rows that
// they replace are held.
func (tx *Tx) replacePending(ctx context.Context, load *ImportLoad) (refused int64, err error) {
	if err := tx.stageGone(ctx, load); err != nil {
		return 0, err
	}
	pending, err := tx.pendingRows(ctx, load.Source.Num)
	if err == nil && len(pending) > 0 {
		// Only now the lock: a run that saves in between may have taken the rows.
		var c recon.Context
		if c, err = tx.lockOpenContext(ctx, load.Source.ContextID); err != nil {
			return 0, err
		}
		if pending, err = tx.pendingRows(ctx, load.Source.Num); err != nil {
			return 0, err
		}
		if refused, err = tx.refuseHeld(ctx, load, pending); err != nil {
			return 0, err
		}
		if pending = replaceable(pending); len(pending) > 0 {
			if load.Import.Detection != "" {
				load.Import.Detection += " · "
			}
			load.Import.Detection += fmt.Sprintf("%d pending rows were booked or withdrawn", len(pending))
			err = tx.takeOut(ctx, load, c, pending)
		}
	}
	if err != nil || len(load.Gone) == 0 {
		return refused, err
	}
	if err := tx.refuseBooked(ctx, load); err != nil {
		return 0, err
	}
	_, err = tx.exec(ctx, "remembering withdrawn rows", `
		INSERT INTO withdrawn_rows (source_num, identity, import_num)
		SELECT $1, identity, $2 FROM stg_gone WHERE NOT report ON CONFLICT DO NOTHING`, load.Source.Num, load.Import.Num)
	return refused, err
}

// stageGone drops the staged rows that are gone already, by later rows of the file or by an earlier file.
func (tx *Tx) stageGone(ctx context.Context, load *ImportLoad) error {
	identities := make([]pgtype.UUID, len(load.Gone))
	by, days := make([]int64, len(load.Gone)), make([]int32, len(load.Gone))
	void, report := make([]bool, len(load.Gone)), make([]bool, len(load.Gone))
	for i, g := range load.Gone {
		identities[i] = pgtype.UUID{Bytes: g.Identity, Valid: true}
		by[i], days[i], void[i], report[i] = g.By, g.Day.Unix(), g.Void, g.Report
	}
	if _, err := tx.exec(ctx, "staging withdrawn rows", `
		CREATE TEMPORARY TABLE stg_gone (identity uuid, by bigint, void boolean, days integer, report boolean)
		ON COMMIT DROP`); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "staging withdrawn rows", `
		INSERT INTO stg_gone (identity, by, void, days, report)
		SELECT g.identity, g.by, g.void, g.days, g.report
		FROM unnest($1::uuid[], $2::bigint[], $3::boolean[], $4::integer[], $5::boolean[])
			AS g (identity, by, void, days, report)`,
		identities, by, void, days, report); err != nil {
		return err
	}
	for _, drop := range []struct {
		sql    string
		needed bool
	}{
		{`DELETE FROM stg_transactions p USING stg_transactions b
			WHERE b.identity = p.identity AND b.ordinal = p.ordinal AND b.id > p.id`, load.Replaced > 0},
		{`DELETE FROM stg_transactions p USING stg_gone g
			WHERE g.identity = p.identity AND p.ordinal = 0 AND p.booking_status = 'PENDING'`, len(load.Gone) > 0},
		{`DELETE FROM stg_transactions p USING withdrawn_rows w
			WHERE w.source_num = p.source_num AND w.identity = p.identity AND p.ordinal = 0
				AND p.booking_status = 'PENDING'`, load.Pending > 0},
	} {
		if !drop.needed {
			continue
		}
		if _, err := tx.exec(ctx, "dropping pending rows of the file", drop.sql); err != nil {
			return err
		}
	}
	return nil
}

// refuseHeld refuses the rows that would replace pending ones with other ids that are in a confirmed or partial group.
// Rows of the same id are conflicts by themselves.
func (tx *Tx) refuseHeld(ctx context.Context, load *ImportLoad, pending []pendingRow) (refused int64, err error) {
	for _, p := range pending {
		if !p.held() || p.By == 0 {
			continue
		}
		reject := recon.NewRowError(int(load.Line(p.By)), int(p.By), recon.FieldExternalID, p.ExternalID,
			recon.CodePendingMatched, pendingMatched)
		if p.Void {
			load.refuseAside(reject)
		} else {
			dropped, err := tx.exec(ctx, "dropping a refused row", `
				DELETE FROM stg_transactions s WHERE s.id = $1 AND NOT EXISTS (
					SELECT FROM transactions t WHERE t.source_num = s.source_num AND t.identity = s.identity)`,
				rowID(load.Import.Num, p.By))
			if err != nil {
				return 0, err
			}
			if dropped > 0 {
				load.reject(reject)
			}
			refused += dropped
		}
		if _, err := tx.exec(ctx, "keeping a held row", `DELETE FROM stg_gone WHERE by = $1`, p.By); err != nil {
			return 0, err
		}
	}
	return refused, nil
}

// refuseBooked refuses rows by which stored booked ones never became money: those stay.
func (tx *Tx) refuseBooked(ctx context.Context, load *ImportLoad) error {
	booked, err := all[pendingRow](tx.query(ctx, `
		SELECT t.id, coalesce(t.external_id, '') AS external_id, 0::bigint AS group_id, '' AS status, g.by, g.void
		FROM stg_gone g
		JOIN transactions t ON t.source_num = $1 AND t.identity = g.identity AND t.ordinal = 0
		WHERE g.void AND t.booking_status = 'BOOKED' AND t.date - DATE '1970-01-01' <= g.days
		ORDER BY g.by`, load.Source.Num))
	for _, b := range booked {
		load.refuseAside(recon.NewRowError(int(load.Line(b.By)), int(b.By), recon.FieldExternalID, b.ExternalID,
			recon.CodeBookedAndVoid, "the row is booked by an earlier file, and never became money by this one; the "+
				"booked row stays: if the money came back, its return is a row of its own; if it never moved, void that "+
				"import"))
	}
	return err
}

// refuseAside makes a row that was set aside a refused one.
func (load *ImportLoad) refuseAside(e recon.RowError) {
	load.Import.RowsSetAside--
	load.Import.RowsRejected++
	load.SetAside = slices.DeleteFunc(load.SetAside, func(aside recon.RowError) bool { return aside.Row == e.Row })
	load.reject(e)
}

// held reports whether a person or a run has confirmed the row.
func (p *pendingRow) held() bool { return p.GroupID != 0 && p.Status != recon.GroupProposed }

// replaceable leaves out the rows that are held.
func replaceable(pending []pendingRow) []pendingRow {
	return slices.DeleteFunc(pending, func(p pendingRow) bool { return p.held() })
}

func (tx *Tx) pendingRows(ctx context.Context, sourceNum int32) ([]pendingRow, error) {
	pending, err := all[pendingRow](tx.query(ctx, `
		SELECT DISTINCT ON (t.id) t.id, coalesce(t.external_id, '') AS external_id, coalesce(g.id, 0) AS group_id,
			coalesce(g.status, '') AS status, s.by, s.void
		FROM (
			SELECT source_num, identity, ordinal, 0 AS by, false AS void, booking_status, digest, date
			FROM stg_transactions
			UNION ALL
			SELECT $1, identity, 0, by, void, 'BOOKED', '', NULL FROM stg_gone
		) AS s
		JOIN transactions t ON t.source_num = s.source_num AND t.identity = s.identity AND t.ordinal = s.ordinal
		LEFT JOIN active_items a ON a.transaction_id = t.id
		LEFT JOIN match_groups g ON g.id = a.group_id
		WHERE t.booking_status = 'PENDING' AND (s.booking_status = 'BOOKED'
			OR s.date >= t.date AND substring(s.digest FOR 8) <> substring(t.digest FOR 8))
		ORDER BY t.id, s.by`, sourceNum))
	if err != nil {
		return nil, fmt.Errorf("looking for pending rows: %w", err)
	}
	return pending, nil
}

// takeOut removes pending rows with what hangs on them. The rows of a dissolved proposal are open again at once.
func (tx *Tx) takeOut(ctx context.Context, load *ImportLoad, c recon.Context, pending []pendingRow) error {
	groups, err := tx.dissolve(ctx, c, pending)
	if err != nil {
		return err
	}
	ids := make([]int64, len(pending))
	for i, p := range pending {
		ids[i] = p.ID
	}
	for _, sql := range []string{
		`DELETE FROM exceptions WHERE transaction_id = ANY ($1)`,
		`DELETE FROM ignored_items WHERE transaction_id = ANY ($1)`,
		`DELETE FROM open_items o USING transactions t WHERE t.id = ANY ($1) AND o.source_num = t.source_num AND o.transaction_id = t.id`,
		`DELETE FROM transactions WHERE id = ANY ($1)`,
	} {
		if _, err := tx.exec(ctx, "taking pending rows out", sql, ids); err != nil {
			return err
		}
	}
	if len(groups) > 0 {
		if err := tx.released(ctx, groups, recon.ActionReject); err != nil {
			return err
		}
	}
	// A run that has loaded the rows must look again.
	if err := tx.countDecisions(ctx, []*decidedGroup{{ContextID: c.ID}}); err != nil {
		return err
	}
	if err := tx.recountReplaced(ctx, load.Import.ID, ids); err != nil {
		return err
	}
	tx.tellReplaced(load, pending)
	return nil
}

// dissolve takes the proposals apart that the rows stand in. It is no judgement of their scores, so it is not counted
// as one.
func (tx *Tx) dissolve(ctx context.Context, c recon.Context, pending []pendingRow) ([]*decidedGroup, error) {
	var keys []int64
	for _, p := range pending {
		if p.GroupID != 0 && !slices.Contains(keys, p.GroupID) {
			keys = append(keys, p.GroupID)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	groups, err := tx.readGroups(ctx, keys, map[string]recon.Context{c.ID: c})
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		g.to = recon.GroupSuperseded
	}
	return groups, tx.moveGroups(ctx, groups, recon.Decision{Note: replaceNote})
}

// recountReplaced lets the imports of replaced rows tie: such a row was delivered again, so it counts as a duplicate
// where it came from, and the sums are of the rows that are still there.
func (tx *Tx) recountReplaced(ctx context.Context, by string, ids []int64) error {
	byImport := map[int64][]string{}
	var order []int64
	for _, id := range ids { // sorted
		num := id >> 32
		if byImport[num] == nil {
			order = append(order, num)
		}
		byImport[num] = append(byImport[num], tx.ids(kindTransaction).Public(id))
	}
	for _, num := range order {
		sums, err := tx.importSums(ctx, num)
		if err != nil {
			return err
		}
		var id string
		err = tx.tx.QueryRow(ctx, `
			UPDATE imports SET rows_inserted = rows_inserted - $2, rows_duplicate = rows_duplicate + $2, sums = $3
			WHERE num = $1 RETURNING id::text`, num, len(byImport[num]), sums).Scan(&id)
		if err != nil {
			return fmt.Errorf("recounting an import: %w", err)
		}
		told := byImport[num][:min(len(byImport[num]), eventItemsMax)]
		tx.Audit("import.replace", "import", id,
			map[string]any{"rows": len(byImport[num]), "by": by, "transactionIds": told})
	}
	return nil
}

// replacedEvent announces which pending rows are gone.
type replacedEvent struct {
	ContextID    string          `json:"contextId"`
	SourceID     string          `json:"sourceId"`
	ImportID     string          `json:"importId"` // of the booked rows
	Transactions []replacedEntry `json:"transactions"`
}

type replacedEntry struct {
	TransactionID string `json:"transactionId"`
	ExternalID    string `json:"externalId"`
}

func (tx *Tx) tellReplaced(load *ImportLoad, pending []pendingRow) {
	for part := range slices.Chunk(pending, eventItemsMax) {
		e := replacedEvent{ContextID: load.Source.ContextID, SourceID: load.Source.ID, ImportID: load.Import.ID}
		for _, p := range part {
			e.Transactions = append(e.Transactions, replacedEntry{tx.ids(kindTransaction).Public(p.ID), p.ExternalID})
		}
		tx.Emit(recon.EventRowsReplaced, e)
	}
}
