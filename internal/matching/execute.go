package matching

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// errCancelled ends a run whose cancellation was requested.
var errCancelled = errors.New("the run was cancelled")

const (
	// movedMax is how often a run starts again because rows moved under it.
	movedMax = 3
	// fenceMax is how often a run is taken up at all: a run that kills its workers must not do so forever.
	fenceMax = 6
	// farewell bounds what a worker still writes after it was asked to stop.
	farewell = 5 * time.Second
)

// Execute works on a run until it has ended, and does nothing when it has, or when another worker holds it. An
// error means that the run is as it was and should be tried again.
func (s *Service) Execute(ctx context.Context, runID string) error {
	var run recon.Run
	var mine bool
	err := s.DB.Tx(ctx, func(tx *postgres.Tx) (err error) {
		run, mine, err = tx.ClaimRun(ctx, runID, s.lease())
		return err
	})
	if err != nil || !mine {
		return err
	}
	ctx, span := otel.Tracer("matcher/matching").Start(ctx, "matching.run")
	defer span.End()
	span.SetAttributes(attribute.String("run.id", run.ID), attribute.String("run.mode", string(run.Mode)),
		attribute.Int("run.fence", run.Fence))
	err = s.work(ctx, run)
	if err != nil {
		span.SetStatus(codes.Error, recon.CodeOf(err))
	}
	return s.end(ctx, run, err)
}

// work computes and saves under a heartbeat; it turns a panic of the pure code into an error of this run alone.
func (s *Service) work(ctx context.Context, run recon.Run) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the run panicked: %v", fault)
		}
	}()
	beat := s.startHeart(ctx, run)
	defer beat.stop()
	for range movedMax {
		if err = s.attempt(beat.ctx, run, beat); !errors.Is(err, postgres.ErrRowsMoved) {
			break
		}
	}
	if cause := context.Cause(beat.ctx); err != nil && cause != nil {
		return cause
	}
	if errors.Is(err, postgres.ErrRowsMoved) {
		return recon.Conflict(recon.CodeRowsMoved,
			"rows of the context kept changing while the run was computed: run it again")
	}
	return err
}

// end writes how a run ended that did not save.
func (s *Service) end(ctx context.Context, run recon.Run, err error) error {
	var told *recon.Error
	var broken *engine.ViolationError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, postgres.ErrFenced):
		s.log().WarnContext(ctx, "the run was taken over by another worker", "run", run.ID)
		return nil
	case ctx.Err() != nil: // this process stops: another worker goes on at once
		return errors.Join(err, s.release(ctx, run))
	case errors.Is(err, errCancelled):
		run.Status = recon.RunCancelled
	case errors.As(err, &broken):
		run.Status, run.ErrorCode, run.ErrorMessage = recon.RunFailed, recon.CodeInvariantViolated, broken.Error()
	case errors.As(err, &told):
		run.Status, run.ErrorCode, run.ErrorMessage = recon.RunFailed, told.Code, told.Error()
	case run.Fence < fenceMax:
		s.log().WarnContext(ctx, "the run is tried again", "run", run.ID, "error", err)
		return errors.Join(err, s.release(ctx, run))
	default:
		run.Status, run.ErrorCode, run.ErrorMessage = recon.RunFailed, recon.CodeInternal,
			"the run failed for a reason "+
				"that the log has"
	}
	if run.Status == recon.RunFailed {
		s.log().ErrorContext(ctx, "the run failed", "run", run.ID, "code", run.ErrorCode, "error", err)
	}
	return s.conclude(ctx, run)
}

// conclude stores an ending without a result.
func (s *Service) conclude(ctx context.Context, run recon.Run) error {
	err := s.DB.TxRetry(ctx, func(tx *postgres.Tx) error {
		tx.Audit("run."+map[recon.RunStatus]string{
			recon.RunFailed:    "fail",
			recon.RunCancelled: "cancelled",
		}[run.Status],
			"run", run.ID, map[string]string{"code": run.ErrorCode, "message": run.ErrorMessage})
		return tx.FinishRun(ctx, run, struct{}{})
	})
	if errors.Is(err, postgres.ErrFenced) {
		return nil
	}
	return err
}

// release ends the lease, so that the run need not wait for it to run out.
func (s *Service) release(ctx context.Context, run recon.Run) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	return s.DB.Tx(ctx, func(tx *postgres.Tx) error { return tx.ReleaseRun(ctx, run) })
}

// attempt is one pass over the data as it is now. Where a row takes back what an earlier run confirmed, it looks again,
// with the rows of that group.
func (s *Service) attempt(ctx context.Context, run recon.Run, beat *heart) error {
	if run.Mode == recon.RunBackTest {
		job, err := s.loadHistory(ctx, run, beat)
		if err != nil {
			return err
		}
		result, err := s.match(ctx, job, beat)
		if err != nil {
			return err
		}
		return s.saveBackTest(ctx, run, job, result)
	}
	back := &returns{}
	for round := 1; ; round++ {
		started := time.Now()
		beat.set(recon.Progress{Phase: "LOAD"})
		job, err := s.load(ctx, run, beat, back)
		if err != nil {
			return err
		}
		loaded := time.Now()
		result, err := s.match(ctx, job, beat)
		if err != nil {
			return err
		}
		more, err := s.comesBack(ctx, job, result, back)
		if err != nil {
			return err
		}
		if more && round < returnRounds {
			continue
		}
		job.took = seconds{Read: loaded.Sub(started).Seconds(), Match: time.Since(loaded).Seconds()}
		return s.save(ctx, run, job, result)
	}
}

// match runs the engine, with no transaction open.
func (s *Service) match(ctx context.Context, job *loaded, beat *heart) (*engine.Result, error) {
	result, err := Compute(job.plan, job.left, job.right, func(p engine.Progress) bool {
		beat.set(recon.Progress{
			Phase: "MATCH", Done: int64(p.RuleIndex)*p.RowsTotal + p.RowsDone,
			Total: int64(p.Rules) * p.RowsTotal,
		})
		return ctx.Err() == nil
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // a violated invariant is returned as it is
	}
	if result.Stopped {
		return nil, context.Cause(ctx)
	}
	beat.set(recon.Progress{Phase: "SAVE", Total: int64(len(result.Groups))})
	return result, nil
}
