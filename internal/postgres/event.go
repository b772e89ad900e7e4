package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// Events is the feed: events after a sequence number, in commit order. Numbers are gapless and become visible in
// order, so a reader who goes on from the last number it saw misses nothing.
func (tx *Tx) Events(ctx context.Context, after int64, limit int) ([]recon.Event, error) {
	rows, _ := tx.tx.Query(ctx, `
		SELECT seq, id, key, payload, occurred_at FROM events WHERE seq > @after ORDER BY seq LIMIT @limit`,
		pgx.NamedArgs{"after": after, "limit": Page{Limit: limit}.Size()})
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e recon.Event, err error) {
		err = row.Scan(&e.Seq, &e.ID, &e.Key, &e.Payload, &e.OccurredAt)
		e.OccurredAt = e.OccurredAt.UTC()
		return e, err
	})
}
