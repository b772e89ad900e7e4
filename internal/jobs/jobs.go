// Package jobs is durable background work: jobs are rows, committed together with their cause, and each runs under
// exactly one tenant. The queue is River's, in the work schema of each database that holds tenants: one client a
// database, however many tenants it holds.
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
	"matcher/internal/shared/safego"
)

// schema holds River's tables.
const schema = "work"

const (
	// attemptsMax bounds the tries of a job: with pauses of at most a minute, about a day of outage.
	attemptsMax = 1500
	// workersMax bounds the jobs that an instance works on at once; a run uses every core it gets.
	workersMax = 4
	// backTestsMax bounds the back-tests at once. Each may read a whole history, so they have a queue and places of
	// their own, and no run waits for one.
	backTestsMax = 2
	backTests    = "back_tests"
	// fetchesMax bounds the jobs at once that wait for servers of files: no run waits for them.
	fetchesMax = 4
	fetches    = "fetches"
	// hardStop bounds how long jobs may take to notice that their context has ended.
	hardStop = 10 * time.Second
	// suspendedWait is how soon a suspended tenant's job is tried again.
	suspendedWait = 30 * time.Second
	// abandonedAfter is when a job of a kind without an Alive counts as abandoned.
	abandonedAfter = time.Hour
	// rescueAfter keeps River's own rescue out: it compares the database's times with this machine's clock.
	rescueAfter = 48 * time.Hour
)

// args is the one kind of job that River knows; what a job does is in the job.
type args struct {
	Job recon.Job `json:"job"`

	queued time.Time // by the database's clock
}

// Kind returns River's name for it.
func (args) Kind() string { return "matcher_job" }

// Queue enqueues jobs of one database.
type Queue struct{ client *river.Client[pgx.Tx] }

// New returns the queue of the database behind pool, which is the worker role's.
func New(pool *pgxpool.Pool) (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema: schema, Middleware: []rivertype.Middleware{river.JobInsertMiddlewareFunc(stamp)},
	})
	if err != nil {
		return nil, fmt.Errorf("opening the job queue: %w", err)
	}
	return &Queue{client}, nil
}

// InsertMany enqueues jobs with tx's commit; tx has taken the worker role, and now is the database's clock.
func (q *Queue) InsertMany(ctx context.Context, tx pgx.Tx, jobs []recon.Job, now time.Time) error {
	params := make([]river.InsertManyParams, len(jobs))
	for at, job := range jobs {
		params[at] = river.InsertManyParams{
			Args: args{job, now}, InsertOpts: &river.InsertOpts{MaxAttempts: attemptsMax, ScheduledAt: job.At},
		}
		if job.At.IsZero() {
			params[at].InsertOpts.Priority = postgres.TurnPriority
		}
		params[at].InsertOpts.Queue = queueOf[job.Kind]
	}
	_, err := q.client.InsertManyFastTx(ctx, tx, params)
	return err
}

// queueOf names the queue of a kind that has places of its own.
var queueOf = map[recon.JobKind]string{recon.JobBackTest: backTests, recon.JobFetch: fetches, recon.JobForget: fetches}

// stamp gives jobs the database's time where River would give them this machine's: the database decides when they are
// due, and an instance whose clock was an hour ahead held its runs back for that hour.
func stamp(ctx context.Context, jobs []*rivertype.JobInsertParams,
	insert func(context.Context) ([]*rivertype.JobInsertResult, error),
) ([]*rivertype.JobInsertResult, error) {
	for _, job := range jobs {
		if args, ours := job.Args.(args); ours {
			job.CreatedAt = &args.queued
			if job.ScheduledAt == nil {
				job.ScheduledAt = &args.queued
			}
		}
	}
	return insert(ctx)
}

// Handler works on a job; ctx carries its tenant. An error of kind UNAVAILABLE asks for another try after its
// RetryAfter and does not count as a failure.
type Handler = func(ctx context.Context, job recon.Job) error

// Config is what the workers of one database need.
type Config struct {
	Pool     *pgxpool.Pool // of the worker role
	DB       *postgres.DB
	Database string // as DB.Work names it; "" is the installation's own
	Log      *slog.Logger
	Handlers map[recon.JobKind]Handler

	// Alive reports whether a worker is really at work on a job that the queue shows as running: nothing in the queue
	// itself shows that a worker died. A job whose kind has no entry goes back after an hour.
	Alive      map[recon.JobKind]func(ctx context.Context, job recon.Job) (bool, error)
	SweepEvery time.Duration // between two looks at running jobs; 5 s
	QuietAfter time.Duration // how long a job runs before Alive is asked; 15 s
}

// Workers work on the jobs of one database.
type Workers struct {
	cfg    Config
	client *river.Client[pgx.Tx]
	clock  *clock
	life   safego.Life
}

// NewWorkers returns workers, which do nothing before Start.
func NewWorkers(cfg Config) (*Workers, error) {
	cfg.SweepEvery = cmp.Or(cfg.SweepEvery, 5*time.Second)
	cfg.QuietAfter = cmp.Or(cfg.QuietAfter, 15*time.Second)
	workers, clock := river.NewWorkers(), &clock{}
	if err := river.AddWorkerSafely(workers, &worker{handlers: cfg.Handlers}); err != nil {
		return nil, fmt.Errorf("registering the worker: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(cfg.Pool), &river.Config{
		Schema: schema,
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: workersMax}, backTests: {MaxWorkers: backTestsMax},
			fetches: {MaxWorkers: fetchesMax},
		},
		Workers:       workers,
		FetchCooldown: 20 * time.Millisecond,
		JobTimeout:    -1, // a run holds a lease of its own
		MaxAttempts:   attemptsMax,
		RetryPolicy:   retryPolicy{clock},
		Logger:        slog.New(quiet{cfg.Log.Handler()}),
		Test:          river.TestConfig{Time: clock}, // the only place that River has for a clock

		RescueStuckJobsAfter: rescueAfter,
	})
	if err != nil {
		return nil, fmt.Errorf("making the job client: %w", err)
	}
	return &Workers{cfg: cfg, client: client, clock: clock}, nil
}

// Start works on jobs until Stop, which waits for the jobs under way, or until ctx ends, which breaks them off: they go
// back into the queue.
func (w *Workers) Start(ctx context.Context) error {
	return w.life.Run(ctx, func(taking context.Context) error {
		err := w.cfg.DB.Work(ctx, w.cfg.Database, func(tx *postgres.WorkTx) error { return w.readClock(ctx, tx) })
		if err != nil {
			return err
		}
		background := context.WithoutCancel(ctx)
		if err := w.client.Start(background); err != nil {
			return fmt.Errorf("starting the job client: %w", err)
		}
		for safego.Pause(taking, w.cfg.SweepEvery, nil) == nil {
			if err := w.sweep(taking); err != nil && taking.Err() == nil {
				w.cfg.Log.WarnContext(taking, "looking for abandoned jobs failed", "error", err)
			}
		}
		if err = w.client.Stop(ctx); err != nil {
			hard, cancel := context.WithTimeout(background, hardStop)
			defer cancel()
			err = w.client.StopAndCancel(hard)
		}
		return err
	})
}

// Stop takes no more jobs and waits for those under way.
func (w *Workers) Stop() error { return w.life.Stop() }

func (w *Workers) readClock(ctx context.Context, tx *postgres.WorkTx) error {
	now, err := tx.Now(ctx)
	if err == nil {
		w.clock.set(now)
	}
	return err
}

// sweep puts jobs back into the queue whose workers died. It asks only the tenants of jobs that have run for a while.
func (w *Workers) sweep(ctx context.Context) error {
	var running []postgres.RunningJob
	err := w.cfg.DB.Work(ctx, w.cfg.Database, func(tx *postgres.WorkTx) (err error) {
		if running, err = tx.RunningJobs(ctx, w.cfg.QuietAfter); err != nil {
			return err
		}
		if err = w.readClock(ctx, tx); err != nil {
			return err
		}
		return tx.GiveTurns(ctx, "") // to jobs that come again
	})
	if err != nil {
		return err
	}
	for _, at := range running {
		job := at.Job
		alive := at.For < abandonedAfter
		if isAlive, known := w.cfg.Alive[job.Kind]; known {
			if alive, err = isAlive(auth.WithTenant(ctx, job.TenantID), job); err != nil {
				continue // a tenant that cannot be asked now is asked again by the next sweep
			}
		}
		if alive {
			continue
		}
		w.cfg.Log.InfoContext(ctx, "requeuing an abandoned job", "kind", job.Kind, "tenant", job.TenantID, "subject",
			job.Subject)
		err = w.cfg.DB.Work(ctx, w.cfg.Database, func(tx *postgres.WorkTx) error { return tx.ReviveJob(ctx, at) })
		if err != nil {
			return err
		}
	}
	return nil
}

type worker struct {
	river.WorkerDefaults[args]
	handlers map[recon.JobKind]Handler
}

// Timeout returns that a job has none.
func (w *worker) Timeout(*river.Job[args]) time.Duration { return -1 }

// Work runs the job's handler under the job's tenant.
func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	handler, known := w.handlers[job.Args.Job.Kind]
	if !known {
		return river.JobCancel(fmt.Errorf("no handler for jobs of kind %q", job.Args.Job.Kind))
	}
	err := handler(auth.WithTenant(ctx, job.Args.Job.TenantID), job.Args.Job)
	var fault *recon.Error
	if !errors.As(err, &fault) {
		return err
	}
	switch fault.Kind {
	case recon.KindUnavailable:
		return river.JobSnooze(cmp.Or(fault.RetryAfter, time.Second))
	case recon.KindForbidden: // the tenant is suspended: its work waits for it
		return river.JobSnooze(suspendedWait)
	case recon.KindNotFound: // the tenant, or what the job is about, is gone
		return river.JobCancel(err)
	}
	return err
}

// retryPolicy doubles the pause after each failure, from one second up to a minute.
type retryPolicy struct{ clock *clock }

// NextRetry returns when a failed job is tried again.
func (p retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	pause := time.Minute
	if n := len(job.Errors); n < 6 {
		pause = time.Second << n
	}
	return p.clock.Now().Add(pause)
}

// quiet passes River's log on from warnings up.
type quiet struct{ slog.Handler }

// Enabled is part of slog.Handler.
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}
