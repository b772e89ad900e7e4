//go:build integration

package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
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

// setup gives an installation of the test's own, and the configuration of workers there that handle kind.
func setup(t *testing.T) (jobs.Config, *testkit.Installation) {
	t.Helper()
	i := testkit.NewInstallation(t)
	pool, err := i.Connections.WorkPool(t.Context(), "")
	require.NoError(t, err)
	queue, err := jobs.New(pool)
	require.NoError(t, err)
	i.DB.SetJobs(queue)
	return jobs.Config{Pool: pool, DB: i.DB, Log: slog.New(slog.DiscardHandler)}, i
}

func enqueue(t *testing.T, i *testkit.Installation, ctx context.Context, subject string, kind recon.JobKind) {
	t.Helper()
	require.NoError(t, i.DB.Tx(ctx, func(tx *postgres.Tx) error {
		tx.Enqueue(recon.Job{Kind: kind, Subject: subject})
		return nil
	}))
}

// start runs workers until the end of the test, or until breakOff.
func start(t *testing.T, cfg jobs.Config, handler jobs.Handler) (workers *jobs.Workers, breakOff func()) {
	t.Helper()
	cfg.Handlers = map[recon.JobKind]jobs.Handler{kind: handler, recon.JobBackTest: handler}
	workers, err := jobs.NewWorkers(cfg)
	require.NoError(t, err)
	ctx, breakOff := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- workers.Start(ctx) }()
	t.Cleanup(func() {
		require.NoError(t, workers.Stop())
		require.NoError(t, <-ended)
		breakOff()
	})
	return workers, breakOff
}

func TestJobs(t *testing.T) {
	t.Parallel()

	t.Run("a job runs under its tenant once its commit is through, and not at all after a rollback", func(t *testing.T) {
		t.Parallel()
		cfg, i := setup(t)
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
		start(t, cfg, func(ctx context.Context, job recon.Job) error {
			seen <- [2]string{job.Subject, auth.LookupTenantID(ctx)}
			return nil
		})
		require.ElementsMatch(t, [][2]string{{"mine", tenantID}, {"theirs", otherID}}, [][2]string{<-seen, <-seen})
		require.Empty(t, seen)
	})

	t.Run("a job that has to wait comes again", func(t *testing.T) {
		t.Parallel()
		cfg, i := setup(t)
		ctx, _ := i.NewTenant(t)
		enqueue(t, i, ctx, "waits", kind)
		done := make(chan struct{})
		var tries atomic.Int32
		start(t, cfg, func(context.Context, recon.Job) error {
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
		cfg, i := setup(t)
		ctx, _ := i.NewTenant(t)
		enqueue(t, i, ctx, "dead", kind)
		enqueue(t, i, ctx, "alive", kind)
		asked := make(chan struct{}, 1000)
		cfg.SweepEvery, cfg.QuietAfter = 10*time.Millisecond, time.Millisecond
		cfg.Alive = map[recon.JobKind]func(context.Context, recon.Job) (bool, error){
			kind: func(_ context.Context, job recon.Job) (bool, error) {
				if job.Subject == "alive" {
					select {
					case asked <- struct{}{}:
					default:
					}
				}
				return job.Subject == "alive", nil
			},
		}
		release, again := make(chan struct{}), make(chan struct{})
		var dead, alive atomic.Int32
		start(t, cfg, func(ctx context.Context, job recon.Job) error {
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
}

// T81: one tenant's queue, however long, costs another's first job a turn and no more, on one instance or on several.
func TestT81_AQueueOfOneTenantDelaysOthersByATurn(t *testing.T) {
	t.Parallel()
	cfg, i := setup(t)
	a, _ := i.NewTenant(t)
	b, bID := i.NewTenant(t)
	require.NoError(t, i.DB.Tx(a, func(tx *postgres.Tx) error {
		for range 10_000 {
			tx.Enqueue(recon.Job{Kind: kind, Subject: "one commit"})
		}
		return nil
	}))
	for range 35 {
		enqueue(t, i, a, "one commit each", kind)
	}
	enqueue(t, i, b, "last", kind)
	var before atomic.Int32
	reached := make(chan int32, 1)
	handler := func(ctx context.Context, _ recon.Job) error {
		if auth.LookupTenantID(ctx) == bID {
			reached <- before.Load()
		}
		before.Add(1)
		return nil
	}
	start(t, cfg, handler)
	start(t, cfg, handler)
	require.Less(t, <-reached, int32(20))
}

// Back-tests have places of their own: while they fill theirs, runs start, and while runs fill theirs, back-tests start.
func TestBackTestsAndRunsLeaveEachOtherTheirPlaces(t *testing.T) {
	t.Parallel()
	for first, second := range map[recon.JobKind]recon.JobKind{recon.JobBackTest: kind, kind: recon.JobBackTest} {
		cfg, i := setup(t)
		ctx, _ := i.NewTenant(t)
		for range 5 {
			enqueue(t, i, ctx, "first", first)
		}
		enqueue(t, i, ctx, "second", second)
		release, begun := make(chan struct{}), make(chan struct{})
		handler := func(_ context.Context, job recon.Job) error {
			if job.Subject == "second" {
				close(begun)
			}
			<-release
			return nil
		}
		start(t, cfg, handler)
		<-begun
		close(release)
	}
}

func TestWorkers_Stop(t *testing.T) {
	t.Parallel()

	t.Run("Stop lets a job end", func(t *testing.T) {
		t.Parallel()
		cfg, i := setup(t)
		ctx, _ := i.NewTenant(t)
		enqueue(t, i, ctx, "under way", kind)
		begun, release := make(chan struct{}), make(chan struct{})
		var ended atomic.Bool
		workers, _ := start(t, cfg, func(ctx context.Context, _ recon.Job) error {
			close(begun)
			<-release
			ended.Store(ctx.Err() == nil)
			return nil
		})
		<-begun
		stopped := make(chan error, 1)
		go func() { stopped <- workers.Stop() }()
		select {
		case <-stopped:
			require.FailNow(t, "Stop did not wait")
		case <-time.After(50 * time.Millisecond):
		}
		close(release)
		require.NoError(t, <-stopped)
		require.True(t, ended.Load(), "its context was left alone")
	})

	t.Run("the end of the context breaks off a job that does not end", func(t *testing.T) {
		t.Parallel()
		cfg, i := setup(t)
		ctx, _ := i.NewTenant(t)
		enqueue(t, i, ctx, "endless", kind)
		begun := make(chan struct{})
		workers, breakOff := start(t, cfg, func(ctx context.Context, _ recon.Job) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		})
		<-begun
		breakOff()
		require.NoError(t, workers.Stop())
	})
}

// Row 11: jobs of two tenants at once, by one instance. Each sees its own tenant from its first to its last moment, in
// its context and in what it reads and writes.
func TestJobsOfTwoTenantsAtOnce(t *testing.T) {
	t.Parallel()
	cfg, i := setup(t)
	tenants := map[string]context.Context{}
	for range 2 {
		ctx, tenantID := i.NewTenant(t)
		tenants[tenantID] = ctx //nolint:fatcontext // one each
	}
	const jobsEach = 8
	for tenantID, ctx := range tenants {
		for range jobsEach {
			enqueue(t, i, ctx, tenantID, kind)
		}
	}
	var both sync.WaitGroup // the first job of each tenant waits for the other's
	both.Add(len(tenants))
	var begun sync.Map
	wrong, done := make(chan string, 2*jobsEach), make(chan struct{}, 2*jobsEach)
	start(t, cfg, func(ctx context.Context, job recon.Job) error {
		defer func() { done <- struct{}{} }()
		before := auth.LookupTenantID(ctx)
		if _, seen := begun.LoadOrStore(job.Subject, true); !seen {
			both.Done()
			both.Wait()
		}
		if before != job.Subject || auth.LookupTenantID(ctx) != job.Subject {
			wrong <- before + " works on a job of " + job.Subject
		}
		return i.DB.Tx(ctx, func(tx *postgres.Tx) error {
			tx.Audit("test.job", "job", job.Subject, nil)
			return nil
		})
	})
	for range 2 * jobsEach {
		<-done
	}
	require.Empty(t, wrong)
	for tenantID := range tenants {
		var own, others int
		require.NoError(t, i.Owner(t).QueryRow(t.Context(), `
			SELECT count(*) FILTER (WHERE entity_id = $1), count(*) FILTER (WHERE entity_id <> $1)
			FROM "`+tenantID+`".audit_log WHERE action = 'test.job'`, tenantID).Scan(&own, &others))
		require.Equal(t, jobsEach, own)
		require.Zero(t, others)
	}
}
