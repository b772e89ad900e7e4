package postgres

import (
	"context"
	"fmt"
	"slices"

	"matcher/internal/recon"
)

// A bank lists a payment before it is booked, and again when it is: under the same id, often with another amount
// or day. The booked row replaces the pending one, so no sum ever holds both. What a run proposed for the pending row
// is dissolved. A confirmed or partial group is a decision and stays: the booked row is rejected until it is
// unmatched.

// pendingMatched is why a booked row was rejected.
const pendingMatched = "its pending row stands in a confirmed or partial group: unmatch that, then load the file again"

// replaceNote is the note in the history of a dissolved group.
const replaceNote = "a booked row replaces the pending one"

// pendingRow is a stored row whose booked one is staged.
type pendingRow struct {
	ID         int64
	ExternalID string
	GroupID    int64 // 0: it is free
	Status     recon.GroupStatus
}

// replacePending takes pending rows out whose booked ones are staged. Those of the file itself are dropped where they
// stand.
func (tx *Tx) replacePending(ctx context.Context, load *ImportLoad) error {
	if load.Replacing > 0 {
		if _, err := tx.exec(ctx, "dropping the file's own pending rows", `
			DELETE FROM stg_transactions p USING stg_transactions b
			WHERE b.identity = p.identity AND b.ordinal = p.ordinal
				AND p.booking_status = 'PENDING' AND b.booking_status = 'BOOKED'`); err != nil {
			return err
		}
	}
	if pending, err := tx.pendingRows(ctx); err != nil || len(pending) == 0 {
		return err
	}
	// Only now the lock: a run that saves in between may have taken the rows.
	c, err := tx.lockOpenContext(ctx, load.Source.ContextID)
	if err != nil {
		return err
	}
	pending, err := tx.pendingRows(ctx)
	if err != nil {
		return err
	}
	if pending = replaceable(pending); len(pending) == 0 {
		return nil
	}
	return tx.takeOut(ctx, load, c, pending)
}

// replaceable leaves out the rows that a person or a run has confirmed.
func replaceable(pending []pendingRow) []pendingRow {
	return slices.DeleteFunc(pending,
		func(p pendingRow) bool { return p.GroupID != 0 && p.Status != recon.GroupProposed })
}

func (tx *Tx) pendingRows(ctx context.Context) ([]pendingRow, error) {
	pending, err := all[pendingRow](tx.query(ctx, `
		SELECT t.id, coalesce(t.external_id, '') AS external_id, coalesce(g.id, 0) AS group_id, coalesce(g.status, '') AS status
		FROM stg_transactions s
		JOIN transactions t ON t.source_num = s.source_num AND t.identity = s.identity AND t.ordinal = s.ordinal
		LEFT JOIN active_items a ON a.transaction_id = t.id
		LEFT JOIN match_groups g ON g.id = a.group_id
		WHERE s.booking_status = 'BOOKED' AND t.booking_status = 'PENDING'
		ORDER BY t.id`))
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
	if load.Import.Detection != "" {
		load.Import.Detection += " · "
	}
	load.Import.Detection += fmt.Sprintf("%d booked rows replaced pending ones", len(pending))
	for part := range slices.Chunk(pending, eventItemsMax) {
		e := replacedEvent{ContextID: load.Source.ContextID, SourceID: load.Source.ID, ImportID: load.Import.ID}
		for _, p := range part {
			e.Transactions = append(e.Transactions, replacedEntry{tx.ids(kindTransaction).Public(p.ID), p.ExternalID})
		}
		tx.Emit(recon.EventRowsReplaced, e)
	}
}
