package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// RunningJob is a job that the queue shows as being worked on.
type RunningJob struct {
	ID      int64
	Attempt int
	Job     recon.Job
	For     time.Duration // that it has run
}

// runningJobsMax bounds one look: more than that at work in one database is no normal day.
const runningJobsMax = 1000

// Now is the database's clock.
func (w *WorkTx) Now(ctx context.Context) (now time.Time, err error) {
	err = w.tx.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now, err
}

// RunningJobs lists jobs that have run for a while.
func (w *WorkTx) RunningJobs(ctx context.Context, quiet time.Duration) ([]RunningJob, error) {
	rows, err := w.tx.Query(ctx, `
		SELECT id, attempt, args -> 'job', now() - attempted_at FROM river_job
		WHERE state = 'running' AND attempted_at < now() - $1::interval AND args ? 'job'
		ORDER BY id LIMIT $2`, quiet, runningJobsMax)
	if err != nil {
		return nil, fmt.Errorf("listing running jobs: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (j RunningJob, err error) {
		return j, row.Scan(&j.ID, &j.Attempt, &j.Job, &j.For)
	})
}

// TurnPriority is River's priority of jobs that wait for their turn. Appointments go before them: they take no time.
const TurnPriority = 2

// GiveTurns puts the due jobs of a tenant ("": of all) that have no turn yet behind the tenant's own in the queue, each
// one turn of the queue after the other, and none before those that wait at the front: so tenants take turns, however
// many jobs each has. River takes jobs by their due time, which holds the turn: a millisecond each, counted from the
// year 2000, which no queue leaves, so that the year shows what is a turn. (Start-time fair queueing: Goyal, Vin and
// Cheng, 1996.)
func (w *WorkTx) GiveTurns(ctx context.Context, tenantID string) error {
	_, err := w.tx.Exec(ctx, `
		WITH queued AS (
			SELECT id, queue, state, scheduled_at, scheduled_at < '2020-01-01 00:00Z' AS has_turn, args -> 'job' ->> 'tenantId' AS tenant,
				interval '1 ms' / greatest((args -> 'job' ->> 'weight')::int, 1) AS step
			FROM work.river_job WHERE state IN ('available', 'running') AND priority = $2
		), last AS (
			SELECT queue, tenant, max(scheduled_at) AS turn FROM queued WHERE has_turn GROUP BY queue, tenant
		), front AS (
			SELECT queue, min(scheduled_at) AS turn FROM queued WHERE has_turn AND state = 'available' GROUP BY queue
		), turns AS (
			SELECT id, greatest(last.turn + step, front.turn, '2000-01-01 00:00Z')
				+ step * (row_number() OVER (PARTITION BY queue, tenant ORDER BY scheduled_at, id) - 1) AS turn
			FROM queued LEFT JOIN last USING (queue, tenant) LEFT JOIN front USING (queue)
			WHERE NOT has_turn AND state = 'available' AND scheduled_at <= now() AND ($1 = '' OR tenant = $1)
		)
		UPDATE work.river_job j SET scheduled_at = turns.turn FROM turns
		WHERE j.id = turns.id AND j.state = 'available'`, tenantID, TurnPriority)
	if err != nil {
		return fmt.Errorf("giving waiting jobs their turns: %w", err)
	}
	return nil
}

// ReviveJob puts a job back into the queue whose worker died, unless another worker has taken it meanwhile.
func (w *WorkTx) ReviveJob(ctx context.Context, job RunningJob) error {
	_, err := w.tx.Exec(ctx, `
		UPDATE river_job SET state = 'available', scheduled_at = now(), max_attempts = greatest(max_attempts, attempt + 1)
		WHERE id = $1 AND attempt = $2 AND state = 'running'`, job.ID, job.Attempt)
	return err
}

// WakeJobs makes a tenant's waiting jobs due now, in the order in which they were enqueued.
func (w *WorkTx) WakeJobs(ctx context.Context, tenantID string) error {
	_, err := w.tx.Exec(ctx, `
		UPDATE river_job SET state = 'available', scheduled_at = created_at
		WHERE state = 'scheduled' AND args -> 'job' ->> 'tenantId' = $1`, tenantID)
	return err
}

// EraseTenant takes a tenant's jobs and outbox markers out of a database. It is idempotent.
func (w *WorkTx) EraseTenant(ctx context.Context, tenantID string) error {
	for _, statement := range []string{
		`DELETE FROM river_job WHERE args -> 'job' ->> 'tenantId' = $1`,
		`DELETE FROM outbox_markers WHERE tenant_id = $1::text::uuid`,
		`DELETE FROM outbox_visits WHERE tenant_id = $1::text::uuid`,
	} {
		if _, err := w.tx.Exec(ctx, statement, tenantID); err != nil {
			return fmt.Errorf("erasing what waits for a tenant: %w", err)
		}
	}
	return nil
}
