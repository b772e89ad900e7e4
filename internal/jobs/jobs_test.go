//go:build integration

package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/jobs"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

const kind = recon.JobKind("test.job")

// setup gives an installation of the test's own with a queue that has not started.
func setup(t *testing.T) (*jobs.Queue, *testkit.Installation) {
	t.Helper()
	i := testkit.NewInstallation(t)
	pool, err := i.Connections.WorkPool(t.Context(), "")
	require.NoError(t, err)
	queue, err := jobs.New(pool, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	i.DB.SetJobs(queue)
	return queue, i
}

func enqueue(t *testing.T, i *testkit.Installation, ctx context.Context, subject string, kind recon.JobKind) {
	t.Helper()
	require.NoError(t, i.DB.Tx(ctx, func(tx *postgres.Tx) error {
		tx.Enqueue(recon.Job{Kind: kind, Subject: subject})
		return nil
	}))
}

func start(t *testing.T, queue *jobs.Queue, handler jobs.Handler) {
	t.Helper()
	require.NoError(t, queue.Start(t.Context(), map[recon.JobKind]jobs.Handler{kind: handler}))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := queue.Stop(ctx); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
}

func TestJobs(t *testing.T) {
	t.Parallel()

	t.Run("a job runs under its tenant once its commit is through, and not at all after a rollback", func(t *testing.T) {
		t.Parallel()
		queue, i := setup(t)
		ctx, tenantID := i.NewTenant(t)
		other, otherID := i.NewTenant(t)
		refused := errors.New("no")
		require.ErrorIs(t, i.DB.Tx(ctx, func(tx *postgres.Tx) error {
			tx.Enqueue(recon.Job{Kind: kind, Subject: "rolled back"})
			return refused
		}), refused)
		enqueue(t, i, ctx, "mine", kind)
		enqueue(t, i, other, "theirs", kind)
		seen := make(chan [2]string, 10)
		start(t, queue, func(ctx context.Context, job recon.Job) error {
			seen <- [2]string{job.Subject, auth.LookupTenantID(ctx)}
			return nil
		})
		require.ElementsMatch(t, [][2]string{{"mine", tenantID}, {"theirs", otherID}}, [][2]string{<-seen, <-seen})
		require.Empty(t, seen)
	})

	t.Run("a job that has to wait comes again", func(t *testing.T) {
		t.Parallel()
		queue, i := setup(t)
		ctx, _ := i.NewTenant(t)
		enqueue(t, i, ctx, "waits", kind)
		done := make(chan struct{})
		var tries atomic.Int32
		start(t, queue, func(context.Context, recon.Job) error {
			if tries.Add(1) < 3 {
				return recon.Unavailable("LATER", time.Millisecond, "not yet")
			}
			close(done)
			return nil
		})
		<-done
	})

	t.Run("a job whose worker died is taken up, one whose worker lives is left alone", func(t *testing.T) {
		t.Parallel()
		queue, i := setup(t)
		ctx, _ := i.NewTenant(t)
		enqueue(t, i, ctx, "dead", kind)
		enqueue(t, i, ctx, "alive", kind)
		asked := make(chan struct{}, 1000)
		queue.Recover(jobs.Recovery{
			DB: i.DB, SweepEvery: 10 * time.Millisecond, QuietAfter: time.Millisecond,
			Alive: map[recon.JobKind]func(context.Context, recon.Job) (bool, error){
				kind: func(_ context.Context, job recon.Job) (bool, error) {
					if job.Subject == "alive" {
						select {
						case asked <- struct{}{}:
						default:
						}
					}
					return job.Subject == "alive", nil
				},
			},
		})
		release, again := make(chan struct{}), make(chan struct{})
		var dead, alive atomic.Int32
		start(t, queue, func(ctx context.Context, job recon.Job) error {
			if job.Subject == "alive" {
				alive.Add(1)
				<-release
				return nil
			}
			if dead.Add(1) == 2 {
				close(again)
			}
			<-release
			return nil
		})
		<-again
		for range 5 {
			<-asked
		}
		require.EqualValues(t, 1, alive.Load())
		close(release)
	})

	t.Run("stopping tells a job that does not end to stop", func(t *testing.T) {
		t.Parallel()
		queue, i := setup(t)
		ctx, _ := i.NewTenant(t)
		enqueue(t, i, ctx, "endless", kind)
		begun := make(chan struct{})
		require.NoError(t, queue.Start(t.Context(), map[recon.JobKind]jobs.Handler{kind: func(ctx context.Context, _ recon.Job) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		}}))
		<-begun
		stopping, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		require.NoError(t, queue.Stop(stopping))
	})

	t.Run("a queue that never started stops at once", func(t *testing.T) {
		t.Parallel()
		queue, _ := setup(t)
		require.NoError(t, queue.Stop(t.Context()))
	})
}
