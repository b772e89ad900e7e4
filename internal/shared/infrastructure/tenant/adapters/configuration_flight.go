package adapters

import (
	"context"
	"errors"
	"fmt"
	"time"

	"matcher/internal/recon"
	"matcher/internal/shared/ports"
)

// WithLoadTimeout bounds one question to the authority.
func WithLoadTimeout(limit time.Duration) CacheOption {
	return func(c *CachedConfigurationAdapter) { c.loadTimeout = limit }
}

// flight is one question to the authority that all callers of a tenant share.
type flight struct {
	done   chan struct{}
	void   bool // an invalidation came meanwhile: the answer may be older than what it was about
	config *ports.TenantConfig
	err    error
}

// join returns the tenant's flight and starts it where there is none.
func (c *CachedConfigurationAdapter) join(tenantID string) *flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.flights[tenantID]; f != nil {
		return f
	}
	f := &flight{done: make(chan struct{})}
	// Between the caller's look and now a flight may have landed.
	if known := c.look(tenantID, time.Now()); !known.due && (known.config != nil || known.err != nil) {
		f.config, f.err = known.config, known.err
		close(f.done)
		return f
	}
	c.flights[tenantID] = f
	c.stats.loads.Add(1)
	go c.load(tenantID, f)
	return f
}

// await waits for the authority, but not for ever; an answer that an invalidation overtook is asked for again.
func (c *CachedConfigurationAdapter) await(ctx context.Context, tenantID string) (*ports.TenantConfig, error) {
	bound, cancel := context.WithTimeout(ctx, c.patience(tenantID))
	defer cancel()
	for {
		f := c.join(tenantID)
		select {
		case <-f.done:
			switch {
			case f.void:
			case f.err != nil:
				return nil, f.err
			default:
				return cloneTenantConfig(f.config), nil
			}
		case <-bound.Done():
			if ctx.Err() != nil {
				return nil, fmt.Errorf("waiting for the tenant's configuration: %w", context.Cause(ctx))
			}
			return c.giveUp(tenantID)
		}
	}
}

func (c *CachedConfigurationAdapter) patience(tenantID string) time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if entry := c.entries[tenantID]; entry != nil && entry.servesStale(time.Now()) {
		return min(staleWait, c.loadTimeout)
	}
	return c.loadTimeout
}

// giveUp answers a caller when the authority takes too long; the flight goes on.
func (c *CachedConfigurationAdapter) giveUp(tenantID string) (*ports.TenantConfig, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	config, err := c.fallBack(tenantID, time.Now(), context.DeadlineExceeded)
	if err != nil {
		return nil, err
	}
	return cloneTenantConfig(config), nil
}

// load runs on a context of its own: a caller that hangs up must not fail the others.
func (c *CachedConfigurationAdapter) load(tenantID string, f *flight) {
	ctx, cancel := context.WithTimeout(context.Background(), c.loadTimeout)
	defer cancel()
	config, err := c.ask(ctx, tenantID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.void {
		return
	}
	defer close(f.done)
	delete(c.flights, tenantID)
	now := time.Now()
	switch {
	case err == nil && !c.isBehind(config, now):
		c.store(config, now)
		f.config = config
	case recon.KindOf(err) == recon.KindNotFound:
		delete(c.entries, tenantID)
		c.storeMissing(tenantID, now)
		f.err = err
	default:
		f.config, f.err = c.fallBack(tenantID, now, err)
	}
}

func (c *CachedConfigurationAdapter) ask(ctx context.Context, tenantID string) (config *ports.TenantConfig, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			config, err = nil, fmt.Errorf("asking who the tenant is: panic: %v", reason)
		}
	}()
	config, err = c.delegate.GetTenantConfig(ctx, tenantID)
	if err == nil && (config == nil || config.TenantID != tenantID) {
		return nil, recon.Unavailable(recon.CodeTenantConfigInvalid, failurePause,
			"tenant configuration is temporarily unavailable")
	}
	return config, err
}

// isBehind: an authority that answers less than it has answered before (a lagging copy of it) would undo a suspension.
func (c *CachedConfigurationAdapter) isBehind(config *ports.TenantConfig, now time.Time) bool {
	entry := c.entries[config.TenantID]
	return entry != nil && entry.servesStale(now) && config.Version != 0 && config.Version < entry.config.Version
}

// fallBack answers after a failure with what is known, if that may still serve, and lets the authority rest.
func (c *CachedConfigurationAdapter) fallBack(
	tenantID string, now time.Time, cause error,
) (*ports.TenantConfig, error) {
	entry := c.entries[tenantID]
	if entry != nil && entry.servesStale(now) {
		c.stats.stale.Add(1)
		entry.retryAt = now.Add(min(failurePause, c.ttl/5))
		entry.refreshAt = entry.retryAt
		return entry.config, nil
	}
	if cause == nil || errors.Is(cause, context.DeadlineExceeded) {
		return nil, errors.Join(recon.Unavailable(recon.CodeTenantManagerUnavailable, failurePause,
			"the tenant manager is unavailable; retry later"), cause)
	}
	return nil, cause
}
