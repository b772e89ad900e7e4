package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// ErrOutboxMoved reports that another relay has sent events past the position that this relay started from.
var ErrOutboxMoved = errors.New("the outbox has been moved on by another relay")

// ParkedEvent is an event that the broker would not take, set aside so that it holds up no others.
type ParkedEvent struct {
	recon.Event
	Attempts int
}

// OutboxBatch is what a tenant's outbox has for the broker.
type OutboxBatch struct {
	Position int64         // the last event sent or parked
	Events   []recon.Event // those after it, in commit order
	Parked   []ParkedEvent // those whose time to be tried again has come
	Retry    time.Time     // when the next parked event is due, zero when none waits
}

// OutboxBatch reads at most limit events after the position, and as many parked ones that are due.
func (tx *Tx) OutboxBatch(ctx context.Context, limit int) (b OutboxBatch, err error) {
	var batch pgx.Batch
	batch.Queue(`SELECT event_seq FROM outbox_position`).QueryRow(func(row pgx.Row) error { return row.Scan(&b.Position) })
	queueRetry(&batch, &b.Retry)
	batch.Queue(`
		SELECT seq, id, key, payload, occurred_at, traceparent FROM events
		WHERE seq > (SELECT event_seq FROM outbox_position) ORDER BY seq LIMIT $1`, limit).Query(func(rows pgx.Rows) (err error) {
		b.Events, err = all[recon.Event](rows)
		return err
	})
	batch.Queue(`
		SELECT e.seq, e.id, e.key, e.payload, e.occurred_at, e.traceparent, p.attempts
		FROM outbox_parked p JOIN events e ON e.seq = p.event_seq
		WHERE p.retry_at <= now() ORDER BY p.event_seq LIMIT $1`, limit).Query(func(rows pgx.Rows) (err error) {
		b.Parked, err = all[ParkedEvent](rows)
		return err
	})
	if err := tx.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return OutboxBatch{}, fmt.Errorf("reading the outbox: %w", err)
	}
	return b, nil
}

// OutboxResult is what became of a batch.
type OutboxResult struct {
	From, To int64     // the position before, and now: everything up to it has been sent or parked
	Sent     []int64   // parked events that the broker has taken after all
	Parked   []Parking // events to park, or to park again
}

// Parking is why an event was set aside and after how long it is tried again; a zero RetryIn gives it up.
type Parking struct {
	Seq      int64
	Attempts int
	Cause    string
	RetryIn  time.Duration
}

// RecordOutbox writes down what the broker has confirmed. It fails with ErrOutboxMoved, changing nothing, when the
// position is no longer From. retry is when the next parked event is due, zero when none waits.
func (tx *Tx) RecordOutbox(ctx context.Context, r OutboxResult) (retry time.Time, err error) {
	moved, err := tx.exec(ctx, "recording the outbox position", `
		UPDATE outbox_position SET event_seq = $2 WHERE event_seq = $1`, r.From, r.To)
	switch {
	case err != nil:
		return time.Time{}, err
	case moved == 0:
		return time.Time{}, ErrOutboxMoved
	}
	var batch pgx.Batch
	if len(r.Sent) > 0 {
		batch.Queue(`DELETE FROM outbox_parked WHERE event_seq = ANY (@sent)`, pgx.NamedArgs{"sent": r.Sent})
	}
	for _, p := range r.Parked {
		batch.Queue(`
			INSERT INTO outbox_parked AS p (event_seq, attempts, cause, retry_at)
			VALUES (@seq, @attempts, left(@cause, 500), now() + nullif(@retry_in::interval, '0'))
			ON CONFLICT (event_seq) DO UPDATE SET attempts = excluded.attempts, cause = excluded.cause, retry_at = excluded.retry_at`,
			pgx.NamedArgs{"seq": p.Seq, "attempts": p.Attempts, "cause": p.Cause, "retry_in": p.RetryIn})
	}
	queueRetry(&batch, &retry)
	if err := tx.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return time.Time{}, fmt.Errorf("parking events: %w", err)
	}
	return retry, nil
}

func queueRetry(batch *pgx.Batch, retry *time.Time) {
	batch.Queue(`SELECT min(retry_at) FROM outbox_parked WHERE retry_at IS NOT NULL`).QueryRow(func(row pgx.Row) error {
		var next *time.Time
		if err := row.Scan(&next); err != nil || next == nil {
			return err
		}
		*retry = *next
		return nil
	})
}
