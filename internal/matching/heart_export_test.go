//go:build integration

package matching

import (
	"context"

	"matcher/internal/recon"
)

// ErrCancelled is errCancelled.
var ErrCancelled = errCancelled

// Heart is a heart as tests see it.
type Heart struct{ h *heart }

// StartHeart starts one for a run.
func StartHeart(ctx context.Context, s *Service, run recon.Run) Heart {
	return Heart{s.startHeart(ctx, run)}
}

// Done is closed when the work shall stop, Cause says why, Stop ends the heart.
func (h Heart) Done() <-chan struct{} { return h.h.ctx.Done() }
func (h Heart) Cause() error          { return context.Cause(h.h.ctx) }
func (h Heart) Stop()                 { h.h.stop() }

// End is end.
func End(ctx context.Context, s *Service, run recon.Run, err error) error {
	return s.end(ctx, run, err)
}
