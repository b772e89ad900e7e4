// Package matching runs a context's rules over its open rows. A run loads in one read transaction, computes with none
// open and saves in one commit; what changed meanwhile is caught when it saves, and then it runs again.
package matching

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// Service works for the tenant in the context. The zero value of all but DB is its default.
type Service struct {
	DB  *postgres.DB
	Log *slog.Logger

	Lease     time.Duration    // how long a silent worker keeps its run; 30 s
	Heartbeat time.Duration    // how often a worker speaks up, and hears that it should stop; 5 s
	Now       func() time.Time // the clock of schedules; time.Now

	HistoryRows int // how many rows of both sides a back-test takes; historyRowsMax
}

// RunRequest is what a run is asked to do. Days that are not given are recon.NoDay.
type RunRequest struct {
	Mode           recon.RunMode
	From, To, AsOf recon.Day
}

// Start queues a run. Another one that waits already is a conflict; one that works is waited for.
func (s *Service) Start(ctx context.Context, contextID string, request RunRequest) (recon.Run, error) {
	run := recon.Run{
		ContextID: contextID, Mode: cmp.Or(request.Mode, recon.RunCommit),
		From: request.From, To: request.To, AsOf: request.AsOf,
	}
	if run.Mode != recon.RunCommit && run.Mode != recon.RunDry {
		return recon.Run{}, recon.Unprocessable("VALUE_UNKNOWN", "a run cannot be started like this", recon.FieldError{
			Pointer: "/mode", Code: "VALUE_UNKNOWN", Message: "is neither COMMIT nor DRY_RUN",
		})
	}
	if run.From.Set() && run.To.Set() && run.From > run.To {
		return recon.Run{}, recon.Unprocessable("PERIOD_EMPTY", "a run cannot be started like this", recon.FieldError{
			Pointer: "/from", Code: "PERIOD_EMPTY", Message: "lies after the end of the period",
		})
	}
	err := s.DB.TxRetry(ctx, func(tx *postgres.Tx) (err error) {
		run, err = tx.CreateRun(ctx, run)
		return err
	})
	return run, err
}

// Cancel ends a queued run, or asks a running one to stop.
func (s *Service) Cancel(ctx context.Context, runID string) (recon.Run, error) {
	var run recon.Run
	err := s.DB.TxRetry(ctx, func(tx *postgres.Tx) (err error) {
		run, err = tx.CancelRun(ctx, runID)
		return err
	})
	return run, err
}

// Fire queues the run of a schedule whose time has come.
func (s *Service) Fire(ctx context.Context, job recon.Job) error {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	return s.DB.TxRetry(ctx, func(tx *postgres.Tx) error { return tx.FireSchedule(ctx, job.Subject, job.At, now()) })
}

// Alive says whether a run that a queue shows as being worked on has a worker that still speaks up.
func (s *Service) Alive(ctx context.Context, runID string) (bool, error) {
	var alive bool
	err := s.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
		alive, err = tx.RunAlive(ctx, runID)
		return err
	})
	return alive, err
}

func (s *Service) lease() time.Duration     { return cmp.Or(s.Lease, 30*time.Second) }
func (s *Service) heartbeat() time.Duration { return cmp.Or(s.Heartbeat, 5*time.Second) }

func (s *Service) log() *slog.Logger {
	if s.Log == nil {
		return slog.Default()
	}
	return s.Log
}
