package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// markersMax bounds one folding of markers: 1,000 take about 5 ms.
const markersMax = 1000

// OutboxVisit is one relay's turn at a tenant's outbox. No other relay visits the tenant until it ends or its lease
// does.
type OutboxVisit struct {
	TenantID string
	Holder   string
	Attempts int // failures in a row before this visit

	claimed time.Time // by the database's clock
}

// FoldOutboxMarkers turns markers into visits, one a tenant, and reports whether there may be more of them. Markers
// that another relay is folding are left to it. A tenant that is backing off is not made due by new events.
func (w *WorkTx) FoldOutboxMarkers(ctx context.Context) (more bool, err error) {
	folded := 0
	err = w.tx.QueryRow(ctx, `
		WITH taken AS (
			DELETE FROM outbox_markers WHERE id IN (SELECT id FROM outbox_markers ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
			RETURNING tenant_id, event_seq, created_at
		), visits AS (
			INSERT INTO outbox_visits AS v (tenant_id, event_seq, due_at)
			SELECT tenant_id, max(event_seq), min(created_at) FROM taken GROUP BY tenant_id ORDER BY tenant_id
			ON CONFLICT (tenant_id) DO UPDATE SET event_seq = greatest(v.event_seq, excluded.event_seq),
				due_at = CASE WHEN v.attempts = 0 THEN least(v.due_at, excluded.due_at) ELSE v.due_at END
		)
		SELECT count(*) FROM taken`, markersMax).Scan(&folded)
	if err != nil {
		return false, fmt.Errorf("folding outbox markers: %w", err)
	}
	return folded == markersMax, nil
}

// ClaimOutboxVisits takes tenants whose turn has come, longest due first, each for the length of the lease. A tenant
// whose visitor died is free again when that one's lease has ended.
func (w *WorkTx) ClaimOutboxVisits(ctx context.Context, limit int, lease time.Duration) ([]OutboxVisit, error) {
	holder := uuid.NewString()
	rows, _ := w.tx.Query(ctx, `
		UPDATE outbox_visits SET holder = @holder, held_until = clock_timestamp() + @lease::interval
		WHERE tenant_id IN (
			SELECT tenant_id FROM outbox_visits WHERE due_at <= now() AND held_until <= now()
			ORDER BY due_at, tenant_id LIMIT @limit FOR UPDATE SKIP LOCKED)
		RETURNING tenant_id, attempts, now()`,
		pgx.NamedArgs{"holder": holder, "lease": lease, "limit": limit})
	visits, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v OutboxVisit, err error) {
		v.Holder = holder
		return v, row.Scan(&v.TenantID, &v.Attempts, &v.claimed)
	})
	if err != nil {
		return nil, fmt.Errorf("claiming outbox visits: %w", err)
	}
	return visits, nil
}

// OutboxVisitEnd is how a visit went.
type OutboxVisitEnd struct {
	Done     bool          // nothing of it failed: Position and Retry count, else Failures and Pause
	Position int64         // everything up to it has been sent or parked
	Retry    time.Time     // when a parked event is due, zero when none waits
	Failures int           // failures in a row, this one counted if it was the tenant's own
	Pause    time.Duration // until the next visit
}

// EndOutboxVisit gives the tenant back: gone when nothing is left to do, due again at once when more events came
// meanwhile, when its next parked event is due, or after a pause. Among tenants that are due at once, the one that was
// visited longest ago is first. It does nothing for a visit that lost its lease.
func (w *WorkTx) EndOutboxVisit(ctx context.Context, v OutboxVisit, end OutboxVisitEnd) error {
	args := pgx.NamedArgs{
		"tenant": v.TenantID, "holder": v.Holder, "position": end.Position, "claimed": v.claimed,
		"failures": end.Failures, "pause": end.Pause,
	}
	sql := `
		UPDATE outbox_visits SET holder = NULL, held_until = '-infinity', attempts = @failures, due_at = now() + @pause::interval
		WHERE tenant_id = @tenant AND holder = @holder`
	if end.Done {
		if args["retry"] = nil; !end.Retry.IsZero() {
			args["retry"] = end.Retry
		}
		sql = `
		WITH gone AS (
			DELETE FROM outbox_visits
			WHERE tenant_id = @tenant AND holder = @holder AND event_seq <= @position AND @retry::timestamptz IS NULL
			RETURNING tenant_id
		)
		UPDATE outbox_visits SET holder = NULL, held_until = '-infinity', attempts = 0,
			due_at = CASE WHEN event_seq > @position THEN @claimed::timestamptz ELSE @retry END
		WHERE tenant_id = @tenant AND holder = @holder AND NOT EXISTS (SELECT FROM gone)`
	}
	if _, err := w.tx.Exec(ctx, sql, args); err != nil {
		return fmt.Errorf("ending the visit of tenant %s: %w", v.TenantID, err)
	}
	return nil
}

// ForgetOutboxVisit drops a tenant that no longer exists.
func (w *WorkTx) ForgetOutboxVisit(ctx context.Context, v OutboxVisit) error {
	_, err := w.tx.Exec(ctx, `DELETE FROM outbox_visits WHERE tenant_id = $1 AND holder = $2`, v.TenantID, v.Holder)
	return err
}

// OutboxBacklog is how many tenants have something to relay and since when the oldest of them has been waiting.
type OutboxBacklog struct {
	Tenants int
	Oldest  time.Duration
}

// OutboxBacklog looks at markers and visits that are due.
func (w *WorkTx) OutboxBacklog(ctx context.Context) (b OutboxBacklog, err error) {
	err = w.tx.QueryRow(ctx, `
		SELECT count(DISTINCT tenant_id), greatest(now() - min(since), '0'::interval) FROM (
			(SELECT tenant_id, created_at AS since FROM outbox_markers ORDER BY id LIMIT $1)
			UNION ALL
			(SELECT tenant_id, due_at FROM outbox_visits WHERE due_at <= now() LIMIT $1)
		) AS waiting`, 10*markersMax).Scan(&b.Tenants, &b.Oldest)
	if err != nil {
		return OutboxBacklog{}, fmt.Errorf("looking at the outbox's backlog: %w", err)
	}
	return b, nil
}
