package postgres

import (
	"context"
	"fmt"

	"matcher/internal/recon"
)

// RowsByID reads single rows, whatever their state and their sources.
func (tx *Tx) RowsByID(ctx context.Context, ids []string, r RowReader) error {
	keys := make([]int64, len(ids))
	for i, id := range ids {
		keys[i] = tx.key(kindTransaction, id)
	}
	return tx.rowsOfAnySource(ctx, keys, r)
}

// rowsOfAnySource is RowsByKey for rows whose sources the caller does not know.
func (tx *Tx) rowsOfAnySource(ctx context.Context, keys []int64, r RowReader) (err error) {
	r.Sources, err = all[recon.Source](tx.query(ctx, `
		SELECT DISTINCT s.id, s.num, s.name FROM transactions t JOIN sources s ON s.num = t.source_num WHERE t.id = ANY ($1)`, keys))
	if err != nil {
		return fmt.Errorf("reading the sources of rows: %w", err)
	}
	return tx.RowsByKey(ctx, keys, r)
}

// WhyOpen is what the last run found about an open row. One that has no exception may still arrive, or no run has
// looked at it yet.
func (tx *Tx) WhyOpen(ctx context.Context, t recon.StoredTransaction) (recon.Exception, error) {
	key, _ := tx.ids(kindTransaction).Key(t.ID)
	e, err := tx.Exception(ctx, tx.ids(kindException).Public(key))
	if err == nil && e.Status != recon.ExceptionResolved {
		return e, nil
	}
	if err != nil && recon.KindOf(err) != recon.KindNotFound {
		return e, err
	}
	reason, err := value[recon.Reason](tx.query(ctx, `
		SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM imports WHERE num = $1::bigint >> 32 AND listed) THEN 'NOT_RUN'
			WHEN greatest(run.as_of, $3::date) >
				(run.plan #>> ARRAY['options', 'covered', CASE $4 WHEN 'LEFT' THEN 'right' ELSE 'left' END])::date
			THEN 'NOT_COVERED' ELSE 'IN_TRANSIT' END
		FROM (VALUES (1)) one LEFT JOIN LATERAL (
			SELECT as_of, plan FROM runs WHERE context_id = $2 AND mode = 'COMMIT' AND status = 'COMPLETED'
			ORDER BY num DESC LIMIT 1
		) run ON true`, key, t.ContextID, t.Date, string(t.Side)))
	if err != nil {
		return recon.Exception{}, fmt.Errorf("looking for a run that saw the row: %w", err)
	}
	return recon.Exception{Class: recon.ClassTiming, Reason: reason}, nil
}

// RunNum is the number of a group's run, 0 for one matched by hand.
func (tx *Tx) RunNum(groupID string) int64 {
	key, _ := tx.ids(kindGroup).Key(groupID)
	return key >> 32
}
