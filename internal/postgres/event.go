package postgres

import (
	"context"

	"matcher/internal/recon"
)

// Events is the feed: events after a sequence number, in commit order. Numbers are gapless and become visible in
// order, so a reader who goes on from the last number it saw misses nothing.
func (tx *Tx) Events(ctx context.Context, after int64, limit int) ([]recon.Event, error) {
	return all[recon.Event](tx.query(ctx, `
		SELECT seq, id, key, payload, occurred_at FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`,
		after, Page{Limit: limit}.Size()))
}
