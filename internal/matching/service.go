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
	Now       func() time.Time // the clock of schedules; the database's

	HistoryRows int // how many rows of both sides a back-test takes; historyRowsMax
}

// Fire queues the run of a schedule whose time has come.
func (s *Service) Fire(ctx context.Context, job recon.Job) error {
	return s.DB.TxRetry(ctx, func(tx *postgres.Tx) error {
		now, err := tx.Now(ctx)
		if s.Now != nil {
			now = s.Now()
		}
		if err != nil {
			return err
		}
		return tx.FireSchedule(ctx, job.Subject, job.At, now)
	})
}

// Alive reports whether a run that a queue shows as running has a worker that still renews its lease.
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
