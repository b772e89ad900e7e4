package adapters

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/shared/ports"
)

const (
	// refreshFraction of a configuration's life is over when it is asked for again in the background.
	refreshFraction = 0.8
	// defaultMaxStale is the hard limit: how long past its expiry a configuration serves while the authority is down.
	defaultMaxStale = time.Hour
	// defaultLoadTimeout bounds one question to the authority.
	defaultLoadTimeout = 30 * time.Second
	// staleWait is how long a caller waits for the authority when there is something older to answer with.
	staleWait = 2 * time.Second
	// failurePause is how long a failed question is not repeated, where there is something to answer with.
	failurePause = 2 * time.Second
	// An unknown tenant is unknown for 5 to 10 s: short, since it may be created at this moment.
	negativeLeast, negativeSpread = 5 * time.Second, 5 * time.Second
	// defaultCacheSize bounds the configurations and the unknown ids each: some 5 MB.
	defaultCacheSize = 10_000
	// evictionSample is how many entries are compared to find one to give up; below that the choice is exact.
	evictionSample = 32
)

// CachedConfigurationAdapter caches the answers of another port. When 80 % of its life is over, a configuration is
// refreshed in the background, so that a tenant in use never waits. An expired one makes its caller wait and is
// served only if the authority fails, up to a hard limit. After the authority has reported a tenant suspended or
// deleted, nothing older is served.
type CachedConfigurationAdapter struct {
	delegate    ports.ConfigurationPort
	ttl         time.Duration
	jitter      float64
	maxStale    time.Duration
	loadTimeout time.Duration
	size        int

	mu      sync.RWMutex
	entries map[string]*cachedEntry
	missing map[string]time.Time // until when an id is known to be unknown
	flights map[string]*flight

	clock atomic.Uint64 // counts uses, to find the least recently used entry
	stats struct{ hits, misses, stale, negative, loads atomic.Int64 }
}

var _ ports.ConfigurationPort = (*CachedConfigurationAdapter)(nil)

// cachedEntry is guarded by the adapter's mutex.
type cachedEntry struct {
	config     *ports.TenantConfig // never handed out, only its clones
	refreshAt  time.Time
	expiresAt  time.Time
	staleUntil time.Time
	retryAt    time.Time // after a failure: not before this
	used       atomic.Uint64
}

// CacheOption changes a cache from its defaults.
type CacheOption func(*CachedConfigurationAdapter)

// WithTTLJitter spreads each entry's life by ± the fraction, so that tenants loaded together do not expire together.
func WithTTLJitter(fraction float64) CacheOption {
	return func(c *CachedConfigurationAdapter) { c.jitter = fraction }
}

// NewCachedConfigurationAdapter caches the delegate's answers for exactly ttl, unless WithTTLJitter spreads it.
func NewCachedConfigurationAdapter(delegate ports.ConfigurationPort, ttl time.Duration,
	options ...CacheOption,
) (*CachedConfigurationAdapter, error) {
	if delegate == nil {
		return nil, errors.New("the configuration cache needs a port to ask")
	}
	if ttl <= 0 {
		return nil, errors.New("the configuration cache needs a time to live above zero")
	}
	c := &CachedConfigurationAdapter{
		delegate: delegate, ttl: ttl, maxStale: defaultMaxStale, loadTimeout: defaultLoadTimeout,
		size:    defaultCacheSize,
		entries: map[string]*cachedEntry{}, missing: map[string]time.Time{}, flights: map[string]*flight{},
	}
	for _, option := range options {
		option(c)
	}
	if c.size < 1 || c.jitter < 0 || c.jitter >= 1 || c.maxStale < 0 || c.loadTimeout <= 0 {
		return nil, errors.New("the configuration cache's options are out of range")
	}
	return c, nil
}

// GetTenantConfig returns the tenant's configuration, which the caller may change. Errors are the authority's.
func (c *CachedConfigurationAdapter) GetTenantConfig(
	ctx context.Context, tenantID string,
) (*ports.TenantConfig, error) {
	if !auth.IsUUID(tenantID) {
		return nil, recon.NotFound("tenant") // nothing that cannot be a tenant takes room here or a call upstream
	}
	c.mu.RLock()
	found := c.look(tenantID, time.Now())
	c.mu.RUnlock()
	switch {
	case found.err != nil:
		c.stats.negative.Add(1)
		return nil, found.err
	case found.config == nil:
		c.stats.misses.Add(1)
		return c.await(ctx, tenantID)
	case found.stale:
		c.stats.stale.Add(1)
	default:
		c.stats.hits.Add(1)
	}
	if found.due {
		c.join(tenantID)
	}
	return cloneTenantConfig(found.config), nil
}

// cloneTenantConfig is deep: a configuration holds no pointer, slice or map.
func cloneTenantConfig(config *ports.TenantConfig) *ports.TenantConfig {
	clone := *config
	return &clone
}

// found is what the cache knows: a configuration, that there is none (err), or nothing.
type found struct {
	config *ports.TenantConfig
	err    error
	due    bool // fresh, and late enough in its life to ask again
	stale  bool
}

// look needs the mutex for reading.
func (c *CachedConfigurationAdapter) look(tenantID string, now time.Time) found {
	entry := c.entries[tenantID]
	switch {
	case entry == nil && now.Before(c.missing[tenantID]):
		return found{err: recon.NotFound("tenant")}
	case entry == nil:
		return found{}
	case now.Before(entry.expiresAt):
		entry.used.Store(c.clock.Add(1))
		return found{config: entry.config, due: !now.Before(entry.refreshAt)}
	case now.Before(entry.retryAt) && entry.servesStale(now):
		entry.used.Store(c.clock.Add(1))
		return found{config: entry.config, stale: true}
	default:
		return found{}
	}
}

// servesStale: a refusal has no limit, since the alternative is to refuse for another reason.
func (e *cachedEntry) servesStale(now time.Time) bool {
	return e.config.Status != ports.TenantActive || now.Before(e.staleUntil)
}

func (c *CachedConfigurationAdapter) store(config *ports.TenantConfig, now time.Time) {
	delete(c.missing, config.TenantID)
	if c.entries[config.TenantID] == nil && len(c.entries) >= c.size {
		c.evict()
	}
	life := c.ttl
	if c.jitter > 0 {
		life += time.Duration(c.jitter * (2*rand.Float64() - 1) * float64(c.ttl))
	}
	entry := &cachedEntry{
		config: cloneTenantConfig(config), refreshAt: now.Add(time.Duration(refreshFraction * float64(life))),
		expiresAt: now.Add(life), staleUntil: now.Add(life + c.maxStale),
	}
	entry.used.Store(c.clock.Add(1))
	c.entries[config.TenantID] = entry
}

// evict removes the least recently used of a sample: ranging over a map starts at a random entry.
func (c *CachedConfigurationAdapter) evict() {
	victim, least, seen := "", uint64(0), 0
	for tenantID, entry := range c.entries {
		if used := entry.used.Load(); victim == "" || used < least {
			victim, least = tenantID, used
		}
		if seen++; seen == evictionSample {
			break
		}
	}
	delete(c.entries, victim)
}

func (c *CachedConfigurationAdapter) storeMissing(tenantID string, now time.Time) {
	if len(c.missing) >= c.size {
		maps.DeleteFunc(c.missing, func(_ string, until time.Time) bool { return !now.Before(until) })
	}
	if len(c.missing) < c.size { // a flood of unknown ids is answered by the authority rather than by our memory
		c.missing[tenantID] = now.Add(negativeLeast + rand.N(negativeSpread))
	}
}

// Invalidate forgets what is known of a tenant, an answer under way included. Known refusals stay as what a failing
// authority is answered with.
func (c *CachedConfigurationAdapter) Invalidate(tenantID string) { c.InvalidateOlder(tenantID, 0) }

// InvalidateOlder does so unless the version that is known is at least the given one; 0 is newer than all. It reports
// whether anything was forgotten.
func (c *CachedConfigurationAdapter) InvalidateOlder(tenantID string, version int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.entries[tenantID]
	if entry != nil && version != 0 && entry.config.Version >= version {
		return false
	}
	_, negative := c.missing[tenantID]
	flying := c.forget(tenantID)
	return entry != nil || negative || flying
}

// InvalidateAll forgets every tenant.
func (c *CachedConfigurationAdapter) InvalidateAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.missing)
	for tenantID := range c.entries {
		c.forget(tenantID)
	}
	for tenantID := range c.flights {
		c.forget(tenantID)
	}
}

func (c *CachedConfigurationAdapter) forget(tenantID string) (flying bool) {
	f := c.flights[tenantID]
	if f != nil {
		f.void = true
		close(f.done) // who waits asks anew at once
		delete(c.flights, tenantID)
	}
	delete(c.missing, tenantID)
	entry := c.entries[tenantID]
	switch {
	case entry == nil:
	case entry.config.Status == ports.TenantActive:
		delete(c.entries, tenantID)
	default:
		entry.expiresAt, entry.retryAt = time.Time{}, time.Time{}
	}
	return f != nil
}

// SetTTL changes how long answers are believed from now on, those that are known already included: they are asked for
// again. 0 asks every time, and only an authority that fails is answered for from memory.
func (c *CachedConfigurationAdapter) SetTTL(ttl time.Duration) {
	c.mu.Lock()
	c.ttl = max(ttl, 0)
	c.mu.Unlock()
	c.InvalidateAll()
}

// CacheStats counts answers by where they came from, and questions to the authority.
type CacheStats struct{ Hits, Misses, Stale, Negative, Loads int64 }

// Stats returns the counts since the start.
func (c *CachedConfigurationAdapter) Stats() CacheStats {
	s := &c.stats
	return CacheStats{s.hits.Load(), s.misses.Load(), s.stale.Load(), s.negative.Load(), s.loads.Load()}
}
