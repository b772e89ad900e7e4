//go:build integration

package matching_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/jobs"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestT75_OneRunOfAContextAtATime(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 300))
	b.load(t, b.right, rows("R", 300))
	var started, refused atomic.Int32
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
			if recon.KindOf(err) == recon.KindConflict {
				refused.Add(1)
				return
			}
			if err != nil {
				t.Errorf("starting: %v", err)
				return
			}
			started.Add(1)
			for err = s.Execute(b.ctx, run.ID); recon.KindOf(err) == recon.KindUnavailable; err = s.Execute(b.ctx, run.ID) {
				runtime.Gosched()
			}
			if err != nil {
				t.Errorf("executing: %v", err)
			}
		})
	}
	wait.Wait()
	require.EqualValues(t, 8, started.Load()+refused.Load())
	require.Equal(t, int(started.Load()), b.count(t, `SELECT count(*) FROM runs WHERE status = 'COMPLETED'`))
	require.Zero(t, b.count(t, `SELECT count(*) FROM runs WHERE status IN ('RUNNING', 'FAILED')`))
}

func TestT58_AStaleWorkerIsFenced(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 200))
	b.load(t, b.right, rows("R", 200))
	run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID, Mode: recon.RunCommit})
	require.NoError(t, err)
	var stale recon.Run
	b.tx(t, func(tx *postgres.Tx) (err error) { // a worker that claims and is never heard of again
		stale, _, err = tx.ClaimRun(b.ctx, run.ID, -time.Second)
		return err
	})
	alive, err := s.Alive(b.ctx, run.ID)
	require.NoError(t, err)
	require.False(t, alive)
	require.NoError(t, s.Execute(b.ctx, run.ID))
	require.Equal(t, recon.RunCompleted, b.stored(t, run.ID).Status)
	groups := b.groups(t, recon.GroupFilter{})
	for name, late := range map[string]func(tx *postgres.Tx) error{
		"its save":   func(tx *postgres.Tx) error { return tx.SaveRun(b.ctx, postgres.RunSave{Run: stale}) },
		"its ending": func(tx *postgres.Tx) error { return tx.FinishRun(b.ctx, stale, struct{}{}) },
		"its heartbeat": func(tx *postgres.Tx) error {
			_, err := tx.HeartbeatRun(b.ctx, stale, time.Second, recon.Progress{})
			return err
		},
	} {
		require.ErrorIs(t, b.DB.Tx(b.ctx, late), postgres.ErrFenced, name)
	}
	require.Equal(t, groups, b.groups(t, recon.GroupFilter{}))
}

func TestT51_ARunCutShortIsTakenUpWhole(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 2000))
	b.load(t, b.right, rows("R", 2000))
	want := b.run(t, s, recon.RunDry).ResultHash
	run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
	require.NoError(t, err)
	for range 15 {
		ctx, cancel := context.WithTimeout(b.ctx, time.Duration(rand.IntN(60))*time.Millisecond)
		_ = s.Execute(ctx, run.ID)
		cancel()
		if status := b.stored(t, run.ID).Status; status == recon.RunCompleted {
			break
		}
		require.Zero(t, b.count(t, `SELECT (SELECT count(*) FROM active_items) + (SELECT count(*) FROM match_groups WHERE NOT preview)`))
		b.RequireSound(t, b.tenantID)
		// Whether its worker could still say goodbye or not, the lease is over.
		_, err := b.Owner(t).Exec(t.Context(), `UPDATE "`+b.tenantID+`".runs SET lease_until = '-infinity', fence = 1 WHERE status = 'RUNNING'`)
		require.NoError(t, err)
	}
	require.NoError(t, s.Execute(b.ctx, run.ID))
	done := b.stored(t, run.ID)
	require.Equal(t, recon.RunCompleted, done.Status, done.ErrorMessage)
	require.Equal(t, want, done.ResultHash)
}

func TestJobsRunUnderTheirTenant(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 200))
	b.load(t, b.right, rows("R", 200))
	pool, err := b.Connections.WorkPool(t.Context(), "")
	require.NoError(t, err)
	done := make(chan error, 10)
	died := make(chan struct{})
	var once sync.Once
	cfg := jobs.Config{
		Pool: pool, DB: b.DB, Log: slog.New(slog.DiscardHandler), SweepEvery: 20 * time.Millisecond, QuietAfter: time.Millisecond,
		Alive: map[recon.JobKind]func(context.Context, recon.Job) (bool, error){
			recon.JobRun: func(ctx context.Context, job recon.Job) (bool, error) { return s.Alive(ctx, job.Subject) },
		},
	}
	cfg.Handlers = map[recon.JobKind]jobs.Handler{
		recon.JobRun: func(ctx context.Context, job recon.Job) error {
			first := false
			once.Do(func() { first = true })
			if first { // this worker claims its run and hangs as if its process were gone
				err := b.DB.Tx(ctx, func(tx *postgres.Tx) error {
					_, _, err := tx.ClaimRun(ctx, job.Subject, time.Millisecond)
					return err
				})
				<-died
				return err
			}
			err := s.Execute(ctx, job.Subject)
			done <- err
			return err
		},
	}
	workers, err := jobs.NewWorkers(cfg)
	require.NoError(t, err)
	go func() { _ = workers.Start(context.WithoutCancel(b.ctx)) }()
	run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
	require.NoError(t, err)
	require.NoError(t, <-done)
	require.Equal(t, recon.RunCompleted, b.stored(t, run.ID).Status)
	close(died)
	require.NoError(t, workers.Stop())
}
