package httpapi

import (
	"context"
	"sync"
	"time"

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
