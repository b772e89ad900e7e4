package adapters

import (
	"cmp"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"matcher/internal/recon"
	"matcher/internal/shared/ports"
)

const (
	defaultBreakerThreshold = 5
	defaultBreakerTimeout   = 30 * time.Second
	// maxTenantBreakers bounds the tenants whose failures are remembered; a good answer forgets a tenant's.
	maxTenantBreakers = 10_000
)

type breaker = gobreaker.TwoStepCircuitBreaker[*ports.TenantConfig]

// remoteBreakers stop requests to a manager that failed too often in a row, and requests about a tenant that the
// manager cannot answer. A failure that concerns one tenant counts once against the manager, so that it opens the
// breaker of that tenant only.
type remoteBreakers struct {
	threshold uint32
	timeout   time.Duration
	upstream  *breaker

	mu      sync.Mutex
	tenants map[string]*breaker
	failing map[string]struct{} // tenants that failed since the last good answer
}

func newRemoteBreakers(settings RemoteConfiguration) *remoteBreakers {
	b := &remoteBreakers{
		threshold: uint32(cmp.Or(settings.BreakerThreshold, defaultBreakerThreshold)),
		timeout:   cmp.Or(settings.BreakerTimeout, defaultBreakerTimeout),
		tenants:   map[string]*breaker{}, failing: map[string]struct{}{},
	}
	b.upstream = b.newBreaker()
	return b
}

// newBreaker lets one probe through when it is half open.
func (b *remoteBreakers) newBreaker() *breaker {
	return gobreaker.NewTwoStepCircuitBreaker[*ports.TenantConfig](gobreaker.Settings{
		MaxRequests: 1, Timeout: b.timeout,
		ReadyToTrip:  func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= b.threshold },
		IsSuccessful: func(err error) bool { return !countsAgainstManager(err) },
		// Only of a closed breaker: an excluded probe would keep a half-open one from ever asking again.
		IsExcluded: func(err error) bool {
			var fault *managerError
			return errors.As(err, &fault) && fault.repeated
		},
	})
}

func countsAgainstManager(err error) bool {
	var fault *managerError
	return errors.As(err, &fault) && !fault.ours
}

// allow asks both breakers. done must be called with the question's outcome.
func (b *remoteBreakers) allow(tenantID string) (done func(error), err error) {
	if b.upstream.State() == gobreaker.StateOpen {
		return nil, b.open()
	}
	tenant := b.of(tenantID)
	tenantDone, err := tenant.Allow()
	if err != nil {
		return nil, b.open()
	}
	closed := b.upstream.State() == gobreaker.StateClosed
	upstreamDone, err := b.upstream.Allow()
	if err != nil {
		tenantDone(nil) // without a report the tenant's breaker would stay half open for ever
		return nil, b.open()
	}
	return func(err error) {
		tenantDone(err)
		upstreamDone(b.verdict(tenantID, err, closed))
	}, nil
}

func (b *remoteBreakers) open() error {
	return recon.Unavailable(recon.CodeTenantManagerUnavailable, b.timeout,
		"the tenant manager is unavailable; retry later")
}

func (b *remoteBreakers) of(tenantID string) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	known := b.tenants[tenantID]
	if known != nil {
		return known
	}
	if len(b.tenants) >= maxTenantBreakers {
		for victim := range b.tenants {
			delete(b.tenants, victim)
			break
		}
	}
	known = b.newBreaker()
	b.tenants[tenantID] = known
	return known
}

// verdict is the outcome that is reported to the upstream's breaker.
func (b *remoteBreakers) verdict(tenantID string, err error, closed bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var fault *managerError
	switch {
	case !countsAgainstManager(err):
		clear(b.failing)
		delete(b.tenants, tenantID)
		return nil
	case errors.As(err, &fault) && fault.unreachable:
		return err
	}
	_, repeated := b.failing[tenantID]
	if len(b.failing) < maxTenantBreakers {
		b.failing[tenantID] = struct{}{}
	}
	switch {
	case !repeated:
		return err
	case closed:
		return &managerError{repeated: true}
	default:
		return nil // it did answer, and this tenant was known to fail
	}
}
