//go:build integration

package matching_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/jobs"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// scheduled is a schedule of the bundle's context, made at a time.
func (b *bundle) scheduled(t *testing.T, cron string, now time.Time) (s recon.Schedule) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) (err error) {
		s = recon.Schedule{ContextID: b.contextID, Name: cron, Cron: cron, TimeZone: "UTC", Mode: recon.RunCommit, Enabled: true}
		require.NoError(t, s.Plan(now))
		s, err = tx.CreateSchedule(b.ctx, s)
		return err
	})
	return s
}

func (b *bundle) schedule(t *testing.T, id string) (s recon.Schedule) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) (err error) {
		s, err = tx.Schedule(b.ctx, id)
		return err
	})
	return s
}

func TestASchedule(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	midnight := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	now := midnight.Add(-time.Hour)
	s.Now = func() time.Time { return now }
	daily := b.scheduled(t, "0 0 * * *", now)
	require.Equal(t, midnight, *daily.NextAt)
	job := recon.Job{Kind: recon.JobSchedule, Subject: daily.ID, At: midnight}

	t.Run("a job that is woken early goes back to wait", func(t *testing.T) {
		err := s.Fire(b.ctx, job)
		require.Equal(t, recon.KindUnavailable, recon.KindOf(err))
		var told *recon.Error
		require.ErrorAs(t, err, &told)
		require.Equal(t, time.Hour, told.RetryAfter)
	})
	t.Run("whoever fires it, however often, it runs once", func(t *testing.T) {
		now = midnight.Add(2 * time.Second)
		var wait sync.WaitGroup
		for range 6 {
			wait.Go(func() {
				if err := s.Fire(b.ctx, job); err != nil {
					t.Errorf("firing: %v", err)
				}
			})
		}
		wait.Wait()
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM runs`))
		fired := b.schedule(t, daily.ID)
		require.Equal(t, "STARTED", fired.LastResult)
		require.Equal(t, midnight.AddDate(0, 0, 1), *fired.NextAt)
		require.NotEmpty(t, fired.LastRunID)
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM audit_log WHERE action = 'schedule.fire'`))
	})
	t.Run("missed times are made up for by one run, and a waiting run is enough", func(t *testing.T) {
		now = midnight.AddDate(0, 0, 5).Add(time.Hour)
		job.At = midnight.AddDate(0, 0, 1)
		require.NoError(t, s.Fire(b.ctx, job))
		fired := b.schedule(t, daily.ID)
		require.Equal(t, "RUN_QUEUED", fired.LastResult)
		require.Equal(t, midnight.AddDate(0, 0, 6), *fired.NextAt)
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM runs`))
	})
	t.Run("a paused context is passed over and told", func(t *testing.T) {
		b.setContext(t, func(c *recon.Context) { c.Status = recon.ContextPaused })
		now, job.At = midnight.AddDate(0, 0, 6), midnight.AddDate(0, 0, 6)
		require.NoError(t, s.Fire(b.ctx, job))
		require.Equal(t, "CONTEXT_INACTIVE", b.schedule(t, daily.ID).LastResult)
	})
	t.Run("a job of a time that the schedule no longer has does nothing", func(t *testing.T) {
		b.setContext(t, func(c *recon.Context) { c.Status = recon.ContextActive })
		before := b.schedule(t, daily.ID)
		require.NoError(t, s.Fire(b.ctx, job))
		require.Equal(t, before, b.schedule(t, daily.ID))
		b.tx(t, func(tx *postgres.Tx) error { return tx.DeleteSchedule(b.ctx, daily.ID, 0) })
		require.Equal(t, recon.KindNotFound, recon.KindOf(s.Fire(b.ctx, job)))
	})
}

// setContext changes the bundle's context.
func (b *bundle) setContext(t *testing.T, change func(c *recon.Context)) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.UpdateContext(b.ctx, b.contextID, 0, func(c *recon.Context) (string, error) {
			change(c)
			return "context.update", nil
		})
		return err
	})
}

func TestASchedulesJobComesFromTheQueue(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	long := time.Now().Add(-48 * time.Hour)
	daily := b.scheduled(t, "@daily", long) // due since yesterday
	pool, err := b.Connections.WorkPool(t.Context(), "")
	require.NoError(t, err)
	fired, ran := make(chan error, 10), make(chan error, 10)
	workers, err := jobs.NewWorkers(jobs.Config{Pool: pool, DB: b.DB, Log: slog.New(slog.DiscardHandler), Handlers: map[recon.JobKind]jobs.Handler{
		recon.JobSchedule: func(ctx context.Context, job recon.Job) error {
			err := s.Fire(ctx, job)
			fired <- err
			return err
		},
		recon.JobRun: func(ctx context.Context, job recon.Job) error {
			err := s.Execute(ctx, job.Subject)
			ran <- err
			return err
		},
	}})
	require.NoError(t, err)
	go func() { _ = workers.Start(context.WithoutCancel(b.ctx)) }()
	require.NoError(t, <-fired)
	require.NoError(t, <-ran)
	after := b.schedule(t, daily.ID)
	require.Equal(t, recon.RunCompleted, b.stored(t, after.LastRunID).Status)
	require.True(t, after.NextAt.After(time.Now()))
	var waiting int
	require.NoError(t, b.Owner(t).QueryRow(t.Context(), `
		SELECT count(*) FROM work.river_job WHERE state = 'scheduled' AND args -> 'job' ->> 'subject' = $1 AND scheduled_at = $2`,
		daily.ID, *after.NextAt).Scan(&waiting))
	require.Equal(t, 1, waiting, "the job of the next time waits in the queue")
	require.NoError(t, workers.Stop())
}

func TestAutoMatch(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 20))
	require.Zero(t, b.count(t, `SELECT count(*) FROM runs`), "nobody asked for it")
	b.setContext(t, func(c *recon.Context) { c.Settings.AutoMatch = true })
	b.load(t, b.right, rows("R", 20))
	b.load(t, b.right, rows("R", 30))
	require.Equal(t, 1, b.count(t, `SELECT count(*) FROM runs WHERE status = 'QUEUED'`), "one run sees both files")
	var queued []recon.Run
	b.tx(t, func(tx *postgres.Tx) (err error) {
		queued, _, err = tx.Runs(b.ctx, b.contextID, postgres.Page{})
		return err
	})
	require.NoError(t, s.Execute(b.ctx, queued[0].ID))
	require.Equal(t, recon.RunCompleted, b.stored(t, queued[0].ID).Status)
	require.NotEmpty(t, b.groups(t, recon.GroupFilter{}))
	b.load(t, b.right, rows("R", 30))
	require.Zero(t, b.count(t, `SELECT count(*) FROM runs WHERE status = 'QUEUED'`), "a file without a new row starts nothing")

	t.Run("files that come at once share a run, and each is seen by one that starts later", func(t *testing.T) {
		var wait sync.WaitGroup
		for i := range 6 {
			wait.Go(func() { b.load(t, b.left, rows("M"+string(rune('a'+i)), 40)) })
		}
		for range 6 {
			b.tx(t, func(tx *postgres.Tx) (err error) {
				queued, _, err = tx.Runs(b.ctx, b.contextID, postgres.Page{})
				return err
			})
			if !queued[0].Status.Final() {
				_ = s.Execute(b.ctx, queued[0].ID)
			}
		}
		wait.Wait()
		b.tx(t, func(tx *postgres.Tx) (err error) {
			queued, _, err = tx.Runs(b.ctx, b.contextID, postgres.Page{})
			return err
		})
		require.NoError(t, s.Execute(b.ctx, queued[0].ID))
		require.Zero(t, b.count(t, `
			SELECT count(*) FROM imports i WHERE rows_inserted > 0 AND i.created_at > (
				SELECT max(started_at) FROM runs WHERE status = 'COMPLETED')`))
	})
	t.Run("a paused context takes files and starts nothing", func(t *testing.T) {
		b.setContext(t, func(c *recon.Context) { c.Status = recon.ContextPaused })
		before := b.count(t, `SELECT count(*) FROM runs`)
		b.load(t, b.left, rows("N", 10))
		require.Equal(t, before, b.count(t, `SELECT count(*) FROM runs`))
	})
}
