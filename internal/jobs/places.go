package jobs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"matcher/internal/shared/safego"
)

// Service is long-lived: Start blocks until ctx ends or Stop is called, and Stop waits for it.
type Service interface {
	Start(ctx context.Context) error
	Stop() error
}

// Places runs services in every database that holds tenants, each from the first visit to the database on.
type Places struct {
	open func(ctx context.Context, place string) ([]Service, error)
	most int
	log  *slog.Logger
	life safego.Life

	visits chan string
	mu     sync.Mutex
	opened map[string]struct{}
}

// visitsWaiting bounds the visits that Start has not seen yet; a later visit finds those that did not fit.
const visitsWaiting = 64

// NewPlaces returns places that open a database, as DB.Work names it, into services in the order of their start. More
// than most databases are passed over, with an error in the log.
func NewPlaces(most int, log *slog.Logger, open func(ctx context.Context, place string) ([]Service, error)) *Places {
	return &Places{
		open: open, most: most, log: log, visits: make(chan string, visitsWaiting), opened: map[string]struct{}{},
	}
}

// Visit makes sure that the services of a place run. It does not block. A database whose services could not start, or
// ended by themselves, is tried again by the next visit.
func (p *Places) Visit(place string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, open := p.opened[place]; open {
		return
	}
	if len(p.opened) >= p.most {
		p.log.Error("too many databases hold tenants: the jobs of this one do not run", "place", place, "most", p.most)
		return
	}
	select {
	case p.visits <- place:
		p.opened[place] = struct{}{}
	default:
	}
}

// Start runs the services of all visited places until Stop, which stops those of a place in reverse order and of all
// places at once, or until ctx ends, which breaks them off.
func (p *Places) Start(ctx context.Context) error {
	return p.life.Run(ctx, func(taking context.Context) error {
		var (
			running sync.WaitGroup
			mu      sync.Mutex
			err     error
		)
		for taking.Err() == nil {
			select {
			case place := <-p.visits:
				running.Go(func() {
					fault := p.run(taking, ctx, place)
					mu.Lock()
					defer mu.Unlock()
					if taking.Err() != nil { // those that ended before are in the log
						err = errors.Join(err, fault)
					}
				})
			case <-taking.Done():
			}
		}
		running.Wait()
		return err
	})
}

// Stop ends the services of every place and waits for them.
func (p *Places) Stop() error { return p.life.Stop() }

// run runs the services of one place until taking ends or one of them does.
func (p *Places) run(taking, ctx context.Context, place string) error {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.opened, place)
	}()
	services, err := p.open(ctx, place)
	if err != nil {
		p.log.WarnContext(ctx, "opening the job workers of a database failed and will be tried again", "place", place,
			"error", err)
		return nil
	}
	ended := make(chan struct{}, len(services))
	for _, service := range services {
		safego.SafeGoWithContextAndComponent(ctx, p.log, "jobs", func(ctx context.Context) {
			defer func() { ended <- struct{}{} }()
			if err := service.Start(ctx); err != nil {
				p.log.ErrorContext(ctx, "the job workers of a database ended", "place", place, "error", err)
			}
		})
	}
	select {
	case <-ended:
	case <-taking.Done():
	}
	for _, service := range slices.Backward(services) {
		err = errors.Join(err, service.Stop())
	}
	return err
}
