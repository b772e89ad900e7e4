package postgres

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// schedulesMax bounds the schedules of one context; a person reads them as one list.
const schedulesMax = 50

const scheduleColumns = `id, context_id, name, cron, time_zone, mode, enabled, next_at, last_at,
	coalesce(last_run_id::text, '') AS last_run_id, last_result, version, created_at, updated_at, created_by`

var schedules = noun[recon.Schedule]{
	name: "schedule", sql: `SELECT ` + scheduleColumns + ` FROM schedules WHERE id = $1`,
	version: func(s recon.Schedule) int { return s.Version },
}

// CreateSchedule stores a schedule, which has been planned, and queues the job of its next time.
func (tx *Tx) CreateSchedule(ctx context.Context, s recon.Schedule) (recon.Schedule, error) {
	if err := tx.holdOpenContext(ctx, s.ContextID); err != nil {
		return s, err
	}
	others, err := value[int](tx.query(ctx, `SELECT count(*) FROM schedules WHERE context_id = $1`, s.ContextID))
	if err != nil {
		return s, fmt.Errorf("counting schedules: %w", err)
	}
	if others >= schedulesMax {
		return s, recon.Conflict(recon.CodeLimitReached, "a context has at most %d schedules", schedulesMax)
	}
	made, err := one[recon.Schedule](tx.query(ctx, `
		INSERT INTO schedules (id, context_id, name, cron, time_zone, mode, enabled, next_at, created_by)
		VALUES (@id, @context, @name, @cron, @zone, @mode, @enabled, @next, @actor) RETURNING `+scheduleColumns, pgx.NamedArgs{
		"id": newID(), "context": s.ContextID, "name": s.Name, "cron": s.Cron, "zone": s.TimeZone, "mode": s.Mode,
		"enabled": s.Enabled, "next": s.NextAt, "actor": tx.actor,
	}), "schedule")
	if err == nil {
		tx.enqueueFiring(made)
		tx.Audit("schedule.create", "schedule", made.ID, made)
	}
	return made, err
}

// enqueueFiring puts the one job of a schedule's next time into the queue. An earlier one, of a time that the schedule
// no longer has, finds nothing to do.
func (tx *Tx) enqueueFiring(s recon.Schedule) {
	if s.NextAt != nil {
		tx.Enqueue(recon.Job{Kind: recon.JobSchedule, Subject: s.ID, At: *s.NextAt})
	}
}

// Schedules lists a context's schedules by name.
func (tx *Tx) Schedules(ctx context.Context, contextID string) ([]recon.Schedule, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return nil, err
	}
	return all[recon.Schedule](tx.query(ctx, `
		SELECT `+scheduleColumns+` FROM schedules WHERE context_id = $1 ORDER BY name`, contextID))
}

// Schedule is one schedule.
func (tx *Tx) Schedule(ctx context.Context, id string) (recon.Schedule, error) {
	return schedules.read(ctx, tx, id, "")
}

// UpdateSchedule lets change edit name, cron, time zone, mode and whether it is enabled, and plan its next time.
func (tx *Tx) UpdateSchedule(
	ctx context.Context, id string, version int, change func(*recon.Schedule) error,
) (recon.Schedule, error) {
	s, err := tx.lockSchedule(ctx, id, version)
	if err != nil {
		return s, err
	}
	if err := change(&s); err != nil {
		return s, err
	}
	changed, err := one[recon.Schedule](tx.query(ctx, `
		UPDATE schedules SET name = @name, cron = @cron, time_zone = @zone, mode = @mode, enabled = @enabled, next_at = @next,
			version = version + 1, updated_at = now()
		WHERE id = @id RETURNING `+scheduleColumns, pgx.NamedArgs{
		"id": id, "name": s.Name, "cron": s.Cron, "zone": s.TimeZone, "mode": s.Mode, "enabled": s.Enabled, "next": s.NextAt,
	}), "schedule")
	if err == nil {
		tx.enqueueFiring(changed)
		tx.Audit("schedule.update", "schedule", id, changed)
	}
	return changed, err
}

func (tx *Tx) lockSchedule(ctx context.Context, id string, version int) (recon.Schedule, error) {
	s, err := schedules.forChange(ctx, tx, id, version)
	if err != nil {
		return s, err
	}
	return s, tx.holdOpenContext(ctx, s.ContextID)
}

// DeleteSchedule deletes a schedule; its waiting job finds nothing to do.
func (tx *Tx) DeleteSchedule(ctx context.Context, id string, version int) error {
	s, err := tx.lockSchedule(ctx, id, version)
	if err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM schedules WHERE id = $1`, id); err != nil {
		return err
	}
	tx.Audit("schedule.delete", "schedule", id, s)
	return nil
}

// scheduleStarted is the last result of a schedule that queued a run.
const scheduleStarted = "STARTED"

// FireSchedule queues the run of a schedule whose time has come, and the job of its next time, in one commit:
// whichever worker is first does it, and due moves on under the row's lock, so that no time fires twice. Times that
// were missed, by a service that stood still or a suspended tenant, are made up for by one run.
func (tx *Tx) FireSchedule(ctx context.Context, id string, due, now time.Time) error {
	s, err := schedules.read(ctx, tx, id, "FOR UPDATE")
	if err != nil || !s.Enabled || s.NextAt == nil || !s.NextAt.Equal(due) {
		return err
	}
	if wait := due.Sub(now); wait > 0 { // woken before its time, with all that waited for a suspended tenant
		return recon.Unavailable(recon.CodeJobWaiting, wait, "the schedule is not due yet")
	}
	run, result, err := tx.QueueRun(ctx, s.ContextID, s.Mode)
	if err != nil {
		return err
	}
	if err := s.Plan(now); err != nil {
		return err
	}
	fired, err := one[recon.Schedule](tx.query(ctx, `
		UPDATE schedules SET next_at = @next, last_at = @now, last_run_id = nullif(@run, '')::uuid, last_result = @result
		WHERE id = @id RETURNING `+scheduleColumns, pgx.NamedArgs{
		"id": id, "next": s.NextAt, "now": now, "run": run.ID, "result": cmp.Or(result, scheduleStarted),
	}), "schedule")
	if err == nil {
		tx.enqueueFiring(fired)
		tx.Audit("schedule.fire", "schedule", id,
			map[string]any{"due": due, "runId": run.ID, "result": fired.LastResult})
	}
	return err
}

// QueueRun queues a run where none waits already. result is why it did not: the context takes no runs, or the one
// that waits will see the same rows. A waiting run is held back until this commit, so that it does see them.
func (tx *Tx) QueueRun(
	ctx context.Context, contextID string, mode recon.RunMode,
) (run recon.Run, result string, err error) {
	c, err := contexts.read(ctx, tx, contextID, "FOR KEY SHARE")
	if err != nil {
		return run, "", err
	}
	if c.Status != recon.ContextActive {
		return run, recon.CodeContextInactive, nil
	}
	for range maxAttempts {
		waiting, err := value[int](tx.query(ctx, `
			WITH held AS (SELECT FROM runs WHERE context_id = $1 AND status = 'QUEUED' AND mode = $2 FOR SHARE)
			SELECT count(*) FROM held`, contextID, mode))
		if err != nil {
			return run, "", fmt.Errorf("looking for a waiting run: %w", err)
		}
		if waiting > 0 {
			return run, recon.CodeRunQueued, nil
		}
		queued, err := all[recon.Run](tx.query(ctx, `
			INSERT INTO runs (id, context_id, mode, status, request_id, created_by)
			VALUES (@id, @context, @mode, 'QUEUED', @request, @actor) ON CONFLICT DO NOTHING RETURNING `+runColumns, pgx.NamedArgs{
			"id": newID(), "context": contextID, "mode": mode, "request": auth.RequestID(ctx), "actor": tx.actor,
		}))
		if err != nil {
			return run, "", fmt.Errorf("queueing a run: %w", err)
		}
		if len(queued) == 1 {
			run = queued[0]
			tx.Enqueue(recon.Job{Kind: recon.JobRun, Subject: run.ID})
			tx.Audit("run.start", "run", run.ID, map[string]any{"contextId": contextID, "mode": mode})
			return run, "", nil
		}
	}
	return run, recon.CodeRunQueued, nil // one of the other mode, or of others faster than us three times over
}
