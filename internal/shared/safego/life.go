package safego

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Life implements the one shape of everything long-lived, that of ports.TenantEventListener: Start(ctx) blocks until
// ctx ends or Stop is called, and Stop waits until Start has returned. The zero Life is ready.
//
//	func (s *Sweep) Start(ctx context.Context) error { return s.life.Run(ctx, s.run) }
//	func (s *Sweep) Stop() error                     { return s.life.Stop() }
type Life struct {
	mu      sync.Mutex
	stopped bool
	cancel  context.CancelFunc
	ended   chan struct{} // closed when Run returns; nil before Run
	err     error
}

// Run calls fn, once, with a context that ends with ctx or by Stop. After Stop it does not call fn.
func (l *Life) Run(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.mu.Lock()
	if l.ended != nil {
		l.mu.Unlock()
		return errors.New("started a second time")
	}
	l.cancel, l.ended = cancel, make(chan struct{})
	stopped := l.stopped
	l.mu.Unlock()
	defer close(l.ended)
	if !stopped {
		l.err = fn(ctx)
	}
	return l.err
}

// Stop ends Run, waits for it and returns its error. It may come before Run and more than once.
func (l *Life) Stop() error {
	l.mu.Lock()
	l.stopped = true
	cancel, ended := l.cancel, l.ended
	l.mu.Unlock()
	if ended == nil {
		return nil
	}
	cancel()
	<-ended
	return l.err
}

// Pause waits for d, or less when wake (may be nil) is signalled; after ctx ends it returns why.
func Pause(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-wake:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
