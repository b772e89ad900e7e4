package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

const runColumns = `id, num, context_id, mode, status, date_from AS "from", date_to AS "to", as_of, input_hash, rules_hash,
	result_hash, groups_hash, CASE status WHEN 'COMPLETED' THEN summary END AS summary, progress, fence, cancel_requested, error_code, error_message, created_at, created_by, started_at, finished_at`

var runs = noun[recon.Run]{name: "run", sql: `SELECT ` + runColumns + ` FROM runs WHERE id = $1`}

// CreateRun queues a run of a context and its job. At most one run of a context waits behind the running one.
func (tx *Tx) CreateRun(ctx context.Context, run recon.Run) (recon.Run, error) {
	created, err := tx.insertRun(ctx, run)
	if err != nil {
		return recon.Run{}, err
	}
	tx.Audit("run.start", "run", created.ID, map[string]any{
		"contextId": run.ContextID, "mode": run.Mode, "from": run.From, "to": run.To, "asOf": run.AsOf,
	})
	return created, nil
}

// insertRun queues a run of any mode with its job. Back-tests wait and work apart from the runs that hold rows.
func (tx *Tx) insertRun(ctx context.Context, run recon.Run) (recon.Run, error) {
	c, err := contexts.read(ctx, tx, run.ContextID, "FOR KEY SHARE")
	if err != nil {
		return recon.Run{}, err
	}
	if c.Status != recon.ContextActive {
		return recon.Run{}, recon.Conflict(recon.CodeContextInactive, "the context is %s: activate it to run it",
			c.Status)
	}
	created, err := one[recon.Run](tx.query(ctx, `
		INSERT INTO runs (id, context_id, mode, status, date_from, date_to, as_of, request_id, created_by)
		VALUES (@id, @context, @mode, 'QUEUED', @from, @to, @asOf, @request, @actor)
		RETURNING `+runColumns, pgx.NamedArgs{
		"id": newID(), "context": run.ContextID, "mode": run.Mode, "from": run.From, "to": run.To,
		"asOf": run.AsOf, "request": auth.RequestID(ctx), "actor": tx.Actor(),
	}), "run")
	if violates(err, "runs_one_queued") {
		return recon.Run{}, recon.Conflict(recon.CodeRunQueued,
			"a run of this context is waiting already: watch that one, or cancel it")
	}
	if err != nil {
		return recon.Run{}, fmt.Errorf("queueing the run: %w", err)
	}
	kind := recon.JobRun
	if run.Mode == recon.RunBackTest {
		kind = recon.JobBackTest
	}
	tx.Enqueue(recon.Job{Kind: kind, Subject: created.ID})
	return created, nil
}

// Run is one run.
func (tx *Tx) Run(ctx context.Context, id string) (recon.Run, error) {
	return runs.read(ctx, tx, id, "")
}

// Runs lists a context's runs, newest first. Back-tests have a list of their own.
func (tx *Tx) Runs(ctx context.Context, contextID string, page Page) ([]recon.Run, string, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return nil, "", err
	}
	return list[recon.Run]{
		what: "runs", first: firstOfDescending, key: func(r recon.Run) int64 { return r.Num }, sql: `
			SELECT ` + runColumns + ` FROM runs
			WHERE context_id = @context AND num < @after AND mode <> 'BACK_TEST' ORDER BY num DESC LIMIT @limit`,
		args: pgx.NamedArgs{"context": contextID},
	}.page(ctx, tx, page)
}

// CancelRun ends a queued run at once and asks a running one to stop; its worker sees it with its next heartbeat.
func (tx *Tx) CancelRun(ctx context.Context, id string) (recon.Run, error) {
	if !auth.IsUUID(id) {
		return recon.Run{}, recon.NotFound("run")
	}
	for _, sql := range []string{
		`UPDATE runs SET cancel_requested = true, status = 'CANCELLED', finished_at = now() WHERE id = $1 AND status = 'QUEUED'`,
		`UPDATE runs SET cancel_requested = true WHERE id = $1 AND status = 'RUNNING'`,
	} {
		cancelled, err := all[recon.Run](tx.query(ctx, sql+` RETURNING `+runColumns, id))
		if err != nil {
			return recon.Run{}, err
		}
		if len(cancelled) > 0 {
			tx.Audit("run.cancel", "run", id, nil)
			return cancelled[0], nil
		}
	}
	run, err := tx.Run(ctx, id)
	if err == nil {
		err = recon.Conflict(recon.CodeRunEnded, "the run has ended: its status is %s", run.Status)
	}
	return recon.Run{}, err
}

// ClaimRun takes a run whose turn it is: a queued one, or one whose worker let its lease run out. It raises the
// fence, so the worker that held the run before is refused from now on. False means that there is nothing to do: the
// run has ended, or another worker holds it.
func (tx *Tx) ClaimRun(ctx context.Context, id string, lease time.Duration) (recon.Run, bool, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return recon.Run{}, false, err
	}
	claimed, err := all[recon.Run](tx.query(ctx, `
		UPDATE runs SET status = 'RUNNING', fence = fence + 1, lease_until = $3::timestamptz + $2::interval, progress = '{}',
			started_at = coalesce(started_at, $3)
		WHERE id = $1 AND (status = 'QUEUED' OR status = 'RUNNING' AND lease_until < $3)
		RETURNING `+runColumns, id, lease, now))
	if violates(err, "runs_one_running") {
		err = recon.Unavailable(recon.CodeJobWaiting, runWaits, "another run of this context is at work")
	}
	if err != nil || len(claimed) == 0 {
		return recon.Run{}, false, err
	}
	return claimed[0], true, nil
}

// runWaits is how soon a queued run looks again whether its context is free.
const runWaits = time.Second

// RunAlive reports whether a run's worker has renewed its lease in time.
func (tx *Tx) RunAlive(ctx context.Context, id string) (alive bool, err error) {
	if !auth.IsUUID(id) {
		return false, nil
	}
	return value[bool](tx.query(ctx, `
		SELECT EXISTS (SELECT 1 FROM runs WHERE id = $1 AND status = 'RUNNING' AND lease_until >= clock_timestamp())`, id))
}

// ReleaseRun ends a worker's lease before its time.
func (tx *Tx) ReleaseRun(ctx context.Context, run recon.Run) error {
	_, err := tx.tx.Exec(ctx, `
		UPDATE runs SET lease_until = '-infinity' WHERE id = $1 AND fence = $2 AND status = 'RUNNING'`, run.ID, run.Fence)
	return err
}

// ErrFenced reports that the run is no longer the worker's own. Nothing that it computed may be stored.
var ErrFenced = errors.New("the run was taken over, or has ended")

// HeartbeatRun renews the lease, records how far the run is and reports whether its cancellation was requested.
func (tx *Tx) HeartbeatRun(
	ctx context.Context, run recon.Run, lease time.Duration, progress recon.Progress,
) (cancelled bool, err error) {
	cancelled, err = value[bool](tx.query(ctx, `
		UPDATE runs SET lease_until = now() + $3, progress = $4
		WHERE id = $1 AND fence = $2 AND status = 'RUNNING' RETURNING cancel_requested`,
		run.ID, run.Fence, lease, progress))
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrFenced
	}
	return cancelled, err
}

// CheckFence refuses a worker that lost its run. It takes no lock: FinishRun decides.
func (tx *Tx) CheckFence(ctx context.Context, run recon.Run) error {
	mine, err := value[bool](tx.query(ctx, `
		SELECT EXISTS (SELECT 1 FROM runs WHERE id = $1 AND fence = $2 AND status = 'RUNNING')`, run.ID, run.Fence))
	if err == nil && !mine {
		err = ErrFenced
	}
	return err
}

// FinishRun is the last write of a run: it flips the state, under the fence.
func (tx *Tx) FinishRun(ctx context.Context, run recon.Run, plan any) error {
	changed, err := tx.exec(ctx, "finishing the run", `
		UPDATE runs SET status = @status, as_of = @asOf, plan = @plan, input_hash = @input, rules_hash = @rules,
			result_hash = @result, groups_hash = @groups, summary = coalesce(@summary::jsonb, '{}'), error_code = @code, error_message = @message,
			progress = '{}', lease_until = NULL, finished_at = now()
		WHERE id = @id AND fence = @fence AND status = 'RUNNING'`, pgx.NamedArgs{
		"id": run.ID, "fence": run.Fence, "status": run.Status, "asOf": run.AsOf, "plan": plan,
		"input": run.InputHash, "rules": run.RulesHash, "result": run.ResultHash, "groups": run.GroupsHash, "summary": run.Summary,
		"code": run.ErrorCode, "message": run.ErrorMessage,
	})
	if err == nil && changed != 1 {
		err = ErrFenced
	}
	return err
}
