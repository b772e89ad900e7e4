package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// OpenItem is a row that the run leaves open, of an import that the run was the first to read.
type OpenItem struct {
	SourceNum     int32
	TransactionID int64
}

// unlistedImports returns the imports that no run has listed yet: this run reads them whole.
func (tx *Tx) unlistedImports(ctx context.Context, contextID string) ([]int64, error) {
	nums, err := pgx.CollectRows(tx.query(ctx, `
		SELECT i.num FROM imports i JOIN sources s ON s.id = i.source_id
		WHERE s.context_id = $1 AND i.status = 'COMPLETED' AND NOT i.listed
		ORDER BY i.num`, contextID), pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("reading unlisted imports: %w", err)
	}
	return nums, nil
}

// LastOpenRows gives each of the last open rows of the side across from a source, with what the two sides may share:
// id, reference, description, amount and currency. Of imports that no run has listed yet, only so many are looked at as
// make up that number.
func (tx *Tx) LastOpenRows(ctx context.Context, of recon.Source, limit int, each func(*recon.Transaction)) error {
	var t recon.Transaction
	_, err := pgx.ForEachRow(tx.query(ctx, `
		WITH across AS MATERIALIZED (
			SELECT id, num FROM sources WHERE context_id = @context AND side <> @side
		), unlisted AS MATERIALIZED (
			SELECT num FROM (
				SELECT i.num, sum(i.rows_inserted) OVER (ORDER BY i.num DESC) - i.rows_inserted AS later
				FROM across s JOIN imports i ON i.source_id = s.id
				WHERE i.status = 'COMPLETED' AND NOT i.listed
			) counted WHERE later < @limit
		), last AS MATERIALIZED (
			SELECT id FROM (
				SELECT o.id FROM across s CROSS JOIN LATERAL (
					SELECT transaction_id AS id FROM open_items WHERE source_num = s.num
					ORDER BY transaction_id DESC LIMIT @limit) o
				UNION ALL
				SELECT t.id FROM unlisted u CROSS JOIN LATERAL (
					SELECT id FROM transactions WHERE id > u.num << 32 AND id < (u.num + 1) << 32
					ORDER BY id DESC LIMIT @limit) t
			) open ORDER BY id DESC LIMIT @limit
		)
		SELECT coalesce(t.external_id, ''), coalesce(t.reference, ''), coalesce(t.description, ''), t.amount, t.currency
		FROM last l CROSS JOIN LATERAL (
			SELECT external_id, reference, description, amount, currency FROM transactions WHERE id = l.id OFFSET 0) t
		WHERE NOT EXISTS (SELECT 1 FROM ignored_items n WHERE n.transaction_id = l.id)
			AND NOT EXISTS (
				SELECT 1 FROM active_items a JOIN match_groups g ON g.id = a.group_id
				WHERE a.transaction_id = l.id AND g.status = 'CONFIRMED')
		ORDER BY l.id`, pgx.NamedArgs{"context": of.ContextID, "side": of.Side, "limit": limit}),
		[]any{&t.ExternalID, &t.Reference, &t.Description, &t.Amount, &t.Currency}, func() error {
			each(&t)
			return nil
		})
	if err != nil {
		return fmt.Errorf("reading the other side's open rows: %w", err)
	}
	return nil
}

// listFreed inserts into open_items the rows that the CTE freed returns, in the statement that deletes them from
// active_items or ignored_items. An unlisted import needs no entries: the next run reads it whole. The caller holds the
// context's lock, so no run lists the import meanwhile.
//
// OFFSET 0 makes the planner look each row up by its id: it would otherwise read all transactions of all time.
const listFreed = `
	INSERT INTO open_items (source_num, transaction_id)
	SELECT t.source_num, f.transaction_id
	FROM freed f
	JOIN imports i ON i.num = f.transaction_id >> 32
	CROSS JOIN LATERAL (SELECT source_num FROM transactions WHERE id = f.transaction_id OFFSET 0) t
	WHERE i.listed AND i.status = 'COMPLETED'
	ON CONFLICT DO NOTHING`

// listOpen updates the list of open rows after a run: rows of confirmed groups leave it, and the open rows of imports
// that the run was the first to read enter it. A row of a proposed or a partial group counts as open here, since the
// next run reads it again.
//
// OFFSET 0 as in listFreed: the planner would otherwise read all groups of all time.
func (tx *Tx) listOpen(ctx context.Context, save RunSave) error {
	_, err := tx.exec(ctx, "removing confirmed rows from the open items", `
		DELETE FROM open_items o
		USING (
			SELECT l.source_num, l.transaction_id
			FROM sources s JOIN open_items l ON l.source_num = s.num
			CROSS JOIN LATERAL (
				SELECT g.status FROM active_items a JOIN match_groups g ON g.id = a.group_id
				WHERE a.transaction_id = l.transaction_id
				OFFSET 0) held
			WHERE s.context_id = $1 AND held.status = 'CONFIRMED'
		) closed
		WHERE o.source_num = closed.source_num AND o.transaction_id = closed.transaction_id`, save.Run.ContextID)
	if err != nil || len(save.Unlisted) == 0 {
		return err
	}
	stream := newCopyStream(slices.Values(save.Open), func(r copyRow, item OpenItem) copyRow {
		return r.fields(2).int4(item.SourceNum).int8(item.TransactionID)
	})
	if _, err := tx.copyIn(ctx, `COPY open_items (source_num, transaction_id) FROM STDIN (FORMAT binary)`, stream); err != nil {
		return err
	}
	_, err = tx.exec(ctx, "marking imports as listed", `UPDATE imports SET listed = true WHERE num = ANY ($1)`, save.Unlisted)
	return err
}
