package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// OpenItem is a row of a file that the run was the first to see, which the run leaves open.
type OpenItem struct {
	SourceNum     int32
	TransactionID int64
}

// unlistedImports are the files that no run has listed yet: this one reads them whole.
func (tx *Tx) unlistedImports(ctx context.Context, contextID string) ([]int64, error) {
	rows, _ := tx.tx.Query(ctx, `
		SELECT i.num FROM imports i JOIN sources s ON s.id = i.source_id
		WHERE s.context_id = $1 AND i.status = 'COMPLETED' AND NOT i.listed
		ORDER BY i.num`, contextID)
	nums, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("looking for files that no run has seen: %w", err)
	}
	return nums, nil
}

// listOpen brings the list of open rows in line with what the run leaves: rows of confirmed groups go, by whomever they were
// confirmed; of the files that the run was the first to see, what is open comes. A row of a proposed or a partial group
// counts as open here, since the next run reads it again.
//
// Every listed row is looked up by itself. The planner would rather read all groups of all time at once.
func (tx *Tx) listOpen(ctx context.Context, save RunSave) error {
	_, err := tx.tx.Exec(ctx, `
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
	if err != nil {
		return fmt.Errorf("taking confirmed rows off the list of open ones: %w", err)
	}
	if len(save.Unlisted) == 0 {
		return nil
	}
	at := 0
	stream := newCopyStream(func(r copyRow) (copyRow, bool) {
		if at == len(save.Open) {
			return r, false
		}
		item := save.Open[at]
		at++
		return r.fields(2).int4(item.SourceNum).int8(item.TransactionID), true
	})
	if _, err := tx.copyIn(ctx, `COPY open_items (source_num, transaction_id) FROM STDIN (FORMAT binary)`, stream); err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `UPDATE imports SET listed = true WHERE num = ANY ($1)`, save.Unlisted); err != nil {
		return fmt.Errorf("listing files as seen: %w", err)
	}
	return nil
}
