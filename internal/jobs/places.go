package jobs

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// Places keeps workers in every database that holds tenants, each opened when the first tenant there is seen.
type Places struct {
	// Open starts the workers of a place, as DB.Work names it, and returns what stops them.
	Open func(ctx context.Context, place string) (stop func(context.Context) error, err error)
	Most int // places beyond it are passed over, loudly
	Log  *slog.Logger

	mu      sync.Mutex
	stops   map[string]func(context.Context) error
	stopped bool
}

// Visit makes sure that somebody works in a place. A database that cannot be reached is tried again by the next visit.
func (p *Places) Visit(ctx context.Context, place string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, open := p.stops[place]; open || p.stopped {
		return
	}
	if len(p.stops) >= p.Most {
		p.Log.ErrorContext(ctx, "too many databases hold tenants: nobody works on the jobs of this one", "place", place, "most", p.Most)
		return
	}
	stop, err := p.Open(ctx, place)
	if err != nil {
		p.Log.WarnContext(ctx, "the workers of a database could not be started and will be tried again", "place", place, "error", err)
		return
	}
	if p.stops == nil {
		p.stops = map[string]func(context.Context) error{}
	}
	p.stops[place] = stop
}

// Stop ends the workers of every place, all at once.
func (p *Places) Stop(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	ended := make(chan error, len(p.stops))
	for _, stop := range p.stops {
		go func() { ended <- stop(ctx) }()
	}
	var err error
	for range p.stops {
		err = errors.Join(err, <-ended)
	}
	p.stops = nil
	return err
}
