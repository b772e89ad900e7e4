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

// Inserter puts jobs into the queue inside a caller's transaction. It needs no connection of its own.
type Inserter struct{ client *river.Client[pgx.Tx] }

// NewInserter makes one.
func NewInserter() (*Inserter, error) {
	client, err := river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: schema})
	if err != nil {
		return nil, fmt.Errorf("making the job inserter: %w", err)
	}
	return &Inserter{client}, nil
}

// InsertMany enqueues jobs with tx's commit, which has taken the worker role.
func (i *Inserter) InsertMany(ctx context.Context, tx pgx.Tx, jobs []recon.Job) error {
	params := make([]river.InsertManyParams, len(jobs))
	for at, job := range jobs {
		params[at] = river.InsertManyParams{Args: args{job}, InsertOpts: &river.InsertOpts{MaxAttempts: attemptsMax}}
	}
	_, err := i.client.InsertManyFastTx(ctx, tx, params)
	return err
}

// Handler works on a job; ctx carries its tenant. An error of kind UNAVAILABLE asks for another try after its RetryAfter
// and does not count as a failure.
type Handler func(ctx context.Context, job recon.Job) error

// Config says what a client works on. The zero value of a number is its default.
type Config struct {
	DB       *postgres.DB
	Database string        // as DB.Work names it; "" is the installation's own
	Pool     *pgxpool.Pool // of the worker role, in that database
	Handlers map[recon.JobKind]Handler
	// Alive says whether somebody is really at work on a job that the queue shows as running. Without one a job whose
	// worker died waits until it is rescued by hand.
	Alive map[recon.JobKind]func(ctx context.Context, job recon.Job) (bool, error)

	Workers    int           // jobs at once; 4
	SweepEvery time.Duration // how often running jobs are looked at; 5 s
	QuietAfter time.Duration // how long a job runs before anybody asks whether its worker lives; 15 s
	Log        *slog.Logger
}

// Client works on the jobs of one database.
type Client struct {
	cfg    Config
	river  *river.Client[pgx.Tx]
	cancel context.CancelFunc
	swept  chan struct{}
}

// New makes a client; Start sets it to work.
func New(cfg Config) (*Client, error) {
	cfg.Workers = cmp.Or(cfg.Workers, 4)
	cfg.SweepEvery = cmp.Or(cfg.SweepEvery, 5*time.Second)
	cfg.QuietAfter = cmp.Or(cfg.QuietAfter, 15*time.Second)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &worker{cfg: cfg}); err != nil {
		return nil, fmt.Errorf("registering the worker: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(cfg.Pool), &river.Config{
		Schema:        schema,
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: cfg.Workers}},
		Workers:       workers,
		FetchCooldown: 20 * time.Millisecond,
		JobTimeout:    -1, // a run holds a lease of its own
		MaxAttempts:   attemptsMax,
		RetryPolicy:   retryPolicy{},
		Logger:        slog.New(quiet{cfg.Log.Handler()}),
	})
	if err != nil {
		return nil, fmt.Errorf("making the job client: %w", err)
	}
	return &Client{cfg: cfg, river: client, swept: make(chan struct{})}, nil
}

// Start works until Stop. ctx only bounds the start.
func (c *Client) Start(ctx context.Context) error {
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if err := c.river.Start(background); err != nil {
		cancel()
		return fmt.Errorf("starting the job client: %w", err)
	}
	c.cancel = cancel
	go c.sweep(background)
	return nil
}

// Stop takes no more jobs and waits for those at work; when ctx ends first they are told to stop, and go back into the
// queue.
func (c *Client) Stop(ctx context.Context) error {
	if c.cancel == nil {
		return nil
	}
	err := c.river.Stop(ctx)
	if err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), hardStop)
		defer cancel()
		err = c.river.StopAndCancel(hard)
	}
	c.cancel()
	<-c.swept
	return err
}

// hardStop bounds how long jobs may take to notice that they have been told to stop.
const hardStop = 10 * time.Second

// sweep puts jobs back into the queue whose workers died. It asks only the tenants of jobs that have run for a while.
func (c *Client) sweep(ctx context.Context) {
	defer close(c.swept)
	ticker := time.NewTicker(c.cfg.SweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := c.sweepOnce(ctx); err != nil && ctx.Err() == nil {
				c.cfg.Log.WarnContext(ctx, "looking for abandoned jobs", "error", err)
			}
		}
	}
}

func (c *Client) sweepOnce(ctx context.Context) error {
	var running []postgres.RunningJob
	err := c.cfg.DB.Work(ctx, c.cfg.Database, func(tx *postgres.WorkTx) (err error) {
		running, err = tx.RunningJobs(ctx, c.cfg.QuietAfter)
		return err
	})
	if err != nil {
		return err
	}
	for _, job := range running {
		if err := c.revive(ctx, job); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) revive(ctx context.Context, job postgres.RunningJob) error {
	alive, known := c.cfg.Alive[job.Job.Kind]
	if !known {
		return nil
	}
	lives, err := alive(auth.WithTenant(ctx, job.Job.TenantID), job.Job)
	if err != nil || lives {
		return nil //nolint:nilerr // a tenant that cannot be asked now is asked again with the next sweep
	}
	c.cfg.Log.InfoContext(ctx, "taking up an abandoned job", "kind", job.Job.Kind, "tenant", job.Job.TenantID, "subject", job.Job.Subject)
	return c.cfg.DB.Work(ctx, c.cfg.Database, func(tx *postgres.WorkTx) error { return tx.ReviveJob(ctx, job) })
}

type worker struct {
	river.WorkerDefaults[args]
	cfg Config
}

// Timeout of a job: none.
func (w *worker) Timeout(*river.Job[args]) time.Duration { return -1 }

// Work runs the job's handler under the job's tenant.
func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	handler, known := w.cfg.Handlers[job.Args.Job.Kind]
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
