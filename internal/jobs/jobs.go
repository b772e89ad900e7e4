// Package jobs is durable background work: jobs are rows that were committed together with what they are about, and
// each is worked on under exactly one tenant. The queue is River's, in the work schema of each database that holds
// tenants; a client serves one database, however many tenants live there.
package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// schema holds River's tables.
const schema = "work"

// attemptsMax is how often a job is tried: with pauses of at most a minute, for about a day of outage.
const attemptsMax = 1500

// args is the one kind of job that River knows; what a job does is in the job.
type args struct {
	Job recon.Job `json:"job"`
}

// Kind is River's name for it.
func (args) Kind() string { return "matcher_job" }

// Handler works on a job; ctx carries its tenant. An error of kind UNAVAILABLE asks for another try after its RetryAfter
// and does not count as a failure.
type Handler = func(ctx context.Context, job recon.Job) error

// Recovery is how jobs are found whose worker died: nothing in the queue itself shows it.
type Recovery struct {
	DB       *postgres.DB
	Database string // as DB.Work names it; "" is the installation's own
	// Alive says whether somebody is really at work on a job that the queue shows as running.
	Alive map[recon.JobKind]func(ctx context.Context, job recon.Job) (bool, error)

	SweepEvery time.Duration // how often running jobs are looked at; 5 s
	QuietAfter time.Duration // how long a job runs before anybody asks whether its worker lives; 15 s
}

// Queue is the queue of one database. It enqueues at once, and works from Start to Stop.
type Queue struct {
	pool     *pgxpool.Pool
	log      *slog.Logger
	inserts  *river.Client[pgx.Tx]
	works    *river.Client[pgx.Tx]
	recovery Recovery
	cancel   context.CancelFunc
	swept    chan struct{}
}

// workersMax is how many jobs an instance works on at once; a run uses every core it gets.
const workersMax = 4

// New opens the queue that pool, of the worker role, leads to.
func New(pool *pgxpool.Pool, log *slog.Logger) (*Queue, error) {
	inserts, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: schema})
	if err != nil {
		return nil, fmt.Errorf("opening the job queue: %w", err)
	}
	return &Queue{pool: pool, log: log, inserts: inserts, swept: make(chan struct{})}, nil
}

// InsertMany enqueues jobs with tx's commit; tx has taken the worker role.
func (q *Queue) InsertMany(ctx context.Context, tx pgx.Tx, jobs []recon.Job) error {
	params := make([]river.InsertManyParams, len(jobs))
	for at, job := range jobs {
		params[at] = river.InsertManyParams{Args: args{job}, InsertOpts: &river.InsertOpts{MaxAttempts: attemptsMax, ScheduledAt: job.At}}
	}
	_, err := q.inserts.InsertManyFastTx(ctx, tx, params)
	return err
}

// Recover makes the queue look for abandoned jobs once it has started.
func (q *Queue) Recover(recovery Recovery) {
	recovery.SweepEvery = cmp.Or(recovery.SweepEvery, 5*time.Second)
	recovery.QuietAfter = cmp.Or(recovery.QuietAfter, 15*time.Second)
	q.recovery = recovery
}

// Start works on jobs until Stop. ctx only bounds the start.
func (q *Queue) Start(ctx context.Context, handlers map[recon.JobKind]Handler) error {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &worker{handlers: handlers}); err != nil {
		return fmt.Errorf("registering the worker: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(q.pool), &river.Config{
		Schema:        schema,
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workersMax}},
		Workers:       workers,
		FetchCooldown: 20 * time.Millisecond,
		JobTimeout:    -1, // a run holds a lease of its own
		MaxAttempts:   attemptsMax,
		RetryPolicy:   retryPolicy{},
		Logger:        slog.New(quiet{q.log.Handler()}),
	})
	if err != nil {
		return fmt.Errorf("making the job client: %w", err)
	}
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if err := client.Start(background); err != nil {
		cancel()
		return fmt.Errorf("starting the job client: %w", err)
	}
	q.works, q.cancel = client, cancel
	go q.sweep(background)
	return nil
}

// Stop takes no more jobs and waits for those at work; when ctx ends first they are told to stop, and go back into the
// queue.
func (q *Queue) Stop(ctx context.Context) error {
	if q.works == nil {
		return nil
	}
	err := q.works.Stop(ctx)
	if err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), hardStop)
		defer cancel()
		err = q.works.StopAndCancel(hard)
	}
	q.cancel()
	<-q.swept
	return err
}

// hardStop bounds how long jobs may take to notice that they have been told to stop.
const hardStop = 10 * time.Second

// sweep puts jobs back into the queue whose workers died. It asks only the tenants of jobs that have run for a while.
func (q *Queue) sweep(ctx context.Context) {
	defer close(q.swept)
	if q.recovery.DB == nil {
		return
	}
	ticker := time.NewTicker(q.recovery.SweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := q.sweepOnce(ctx); err != nil && ctx.Err() == nil {
				q.log.WarnContext(ctx, "looking for abandoned jobs", "error", err)
			}
		}
	}
}

func (q *Queue) sweepOnce(ctx context.Context) error {
	var running []postgres.RunningJob
	err := q.recovery.DB.Work(ctx, q.recovery.Database, func(tx *postgres.WorkTx) (err error) {
		running, err = tx.RunningJobs(ctx, q.recovery.QuietAfter)
		return err
	})
	if err != nil {
		return err
	}
	for _, job := range running {
		if err := q.revive(ctx, job); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) revive(ctx context.Context, job postgres.RunningJob) error {
	alive, known := q.recovery.Alive[job.Job.Kind]
	if !known {
		return nil
	}
	lives, err := alive(auth.WithTenant(ctx, job.Job.TenantID), job.Job)
	if err != nil || lives {
		return nil //nolint:nilerr // a tenant that cannot be asked now is asked again with the next sweep
	}
	q.log.InfoContext(ctx, "taking up an abandoned job", "kind", job.Job.Kind, "tenant", job.Job.TenantID, "subject", job.Job.Subject)
	return q.recovery.DB.Work(ctx, q.recovery.Database, func(tx *postgres.WorkTx) error { return tx.ReviveJob(ctx, job) })
}

type worker struct {
	river.WorkerDefaults[args]
	handlers map[recon.JobKind]Handler
}

// Timeout of a job: none.
func (w *worker) Timeout(*river.Job[args]) time.Duration { return -1 }

// Work runs the job's handler under the job's tenant.
func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	handler, known := w.handlers[job.Args.Job.Kind]
	if !known {
		return river.JobCancel(fmt.Errorf("no handler for jobs of kind %q", job.Args.Job.Kind))
	}
	err := handler(auth.WithTenant(ctx, job.Args.Job.TenantID), job.Args.Job)
	var told *recon.Error
	if !errors.As(err, &told) {
		return err
	}
	switch told.Kind {
	case recon.KindUnavailable:
		return river.JobSnooze(cmp.Or(told.RetryAfter, time.Second))
	case recon.KindForbidden: // the tenant is suspended: its work waits for it
		return river.JobSnooze(suspendedWait)
	case recon.KindNotFound: // the tenant, or what the job is about, is gone
		return river.JobCancel(err)
	}
	return err
}

// suspendedWait is how soon a suspended tenant's job looks again.
const suspendedWait = 30 * time.Second

// retryPolicy doubles the pause after each failure, from one second up to a minute.
type retryPolicy struct{}

// NextRetry is when a failed job is tried again.
func (retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	pause := time.Minute
	if n := len(job.Errors); n < 6 {
		pause = time.Second << n
	}
	return time.Now().Add(pause)
}

// quiet lets River's log through from warnings on.
type quiet struct{ slog.Handler }

// Enabled is part of slog.Handler.
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}
