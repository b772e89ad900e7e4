package matching

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// heart keeps a run's lease while its worker is busy: each beat is a short transaction of its own, records how far the
// run is, and hears whether to stop. When the run is lost or cancelled, ctx ends with that as its cause.
type heart struct {
	ctx      context.Context //nolint:containedctx // it is what the heart gives: the work's context
	cancel   context.CancelCauseFunc
	progress atomic.Pointer[recon.Progress]
	stopped  chan struct{}
}

func (s *Service) startHeart(ctx context.Context, run recon.Run) *heart {
	h := &heart{stopped: make(chan struct{})}
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	h.set(recon.Progress{})
	go s.beatUntilDone(h, run)
	return h
}

func (h *heart) set(p recon.Progress) { h.progress.Store(&p) }

func (h *heart) stop() {
	h.cancel(context.Canceled)
	<-h.stopped
}

func (s *Service) beatUntilDone(h *heart, run recon.Run) {
	defer close(h.stopped)
	ticker := time.NewTicker(s.heartbeat())
	defer ticker.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-ticker.C:
			s.beat(h, run)
		}
	}
}

// beat renews the lease. A database that does not answer is no reason to stop: the fence decides when the run saves.
func (s *Service) beat(h *heart, run recon.Run) {
	var cancelled bool
	err := s.DB.Tx(h.ctx, func(tx *postgres.Tx) (err error) {
		cancelled, err = tx.HeartbeatRun(h.ctx, run, s.lease(), *h.progress.Load())
		return err
	})
	switch {
	case errors.Is(err, postgres.ErrFenced):
		h.cancel(postgres.ErrFenced)
	case err != nil && h.ctx.Err() == nil:
		s.log().WarnContext(h.ctx, "renewing a run's lease", "run", run.ID, "error", err)
	case cancelled:
		h.cancel(errCancelled)
	}
}
