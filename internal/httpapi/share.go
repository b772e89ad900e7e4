package httpapi

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// shares divides places among tenants. A tenant may hold as many as are left free, so it alone has half of them, two a
// third each, and there is always one for who comes next: with a fixed share a few tenants would fill the whole, or one
// would not use what is idle. (Dynamic thresholds: Choudhury and Hahne, 1998.)
type shares struct {
	what  string
	retry time.Duration
	free  func() (int64, error) // places that nothing holds

	mu   sync.Mutex
	held map[string]int64
}

// newShares divides a number of places.
func newShares(what string, places int64, retry time.Duration) *shares {
	s := &shares{what: what, retry: retry, held: map[string]int64{}}
	s.free = func() (int64, error) {
		left := places
		for _, n := range s.held {
			left -= n
		}
		return left, nil
	}
	return s
}

// take holds n places for the tenant in ctx until they are given back. Over its share a tenant is asked to wait, by
// 429; only where nothing is free at all is one that holds none.
func (s *shares) take(ctx context.Context, n int64) (giveBack func(), err error) {
	tenant := auth.LookupTenantID(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	free, err := s.free()
	if err != nil {
		return nil, err
	}
	switch own := s.held[tenant]; {
	case own+n <= free:
	case own > 0:
		return nil, recon.RateLimited(s.retry, "this tenant has its share of %s already", s.what)
	default:
		return nil, recon.Unavailable(recon.CodeBusy, s.retry, "no more %s can be taken at the moment", s.what)
	}
	s.held[tenant] += n
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.held[tenant] -= n; s.held[tenant] == 0 {
			delete(s.held, tenant)
		}
	}, nil
}

// holds returns how many places the tenant in ctx has.
func (s *shares) holds(ctx context.Context) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[auth.LookupTenantID(ctx)]
}

// lanes bounds how many requests of each tenant are worked on at a time. Those that come meanwhile wait in their order,
// so that a tenant that sends many slows down its own.
type lanes struct {
	width int64

	mu sync.Mutex
	of map[string]*lane
}

// lanesPerCore is how many requests of a tenant are worked on at a time for each core: as many as keep the core busy
// while others wait for the database. (Measured on two cores: with four, a tenant alone gets as many answers as without
// a bound.)
const lanesPerCore = 2

// lane is a tenant's, while it has requests.
type lane struct {
	*semaphore.Weighted

	requests int
}

// enter waits until the tenant in ctx may have one more request worked on, or until ctx ends.
func (l *lanes) enter(ctx context.Context) (leave func(), err error) {
	tenant := auth.LookupTenantID(ctx)
	l.mu.Lock()
	own := l.of[tenant]
	if own == nil {
		own = &lane{Weighted: semaphore.NewWeighted(l.width)}
		l.of[tenant] = own
	}
	own.requests++
	l.mu.Unlock()
	gone := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if own.requests--; own.requests == 0 {
			delete(l.of, tenant)
		}
	}
	if err := own.Acquire(ctx, 1); err != nil {
		gone()
		return nil, err //nolint:wrapcheck // of ctx
	}
	return func() {
		own.Release(1)
		gone()
	}, nil
}
