package adapters

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"matcher/internal/recon"
	"matcher/internal/shared/ports"
)

// revalidations are under way at once: 1,000 tenants at 50 ms take 6 s.
const revalidations = 8

// Observe compares the cache with a configuration that the authority just returned to another caller. It forgets an
// entry that differs and reports whether there was one; an entry of a later version stays.
func (c *CachedConfigurationAdapter) Observe(config ports.TenantConfig) (corrected bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.entries[config.TenantID]
	_, negative := c.missing[config.TenantID]
	switch {
	case entry == nil:
		// A load under way may have asked before the change in config.
		c.forget(config.TenantID)
		return negative && config.Status != ports.TenantDeleted
	case config.Version != 0 && entry.config.Version > config.Version, sameConfig(entry.config, &config):
		return false
	default:
		c.forget(config.TenantID)
		return true
	}
}

func sameConfig(a, b *ports.TenantConfig) bool {
	x, y := *a, *b
	x.CreatedAt, x.UpdatedAt, y.CreatedAt, y.UpdatedAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return x == y
}

// Cached returns the ids of the cached tenants, in no order.
func (c *CachedConfigurationAdapter) Cached() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Collect(maps.Keys(c.entries))
}

// Revalidate asks the authority again about every cached tenant, a few at a time, and returns the answers. It is the
// sweep of an authority that cannot list its tenants.
func (c *CachedConfigurationAdapter) Revalidate(ctx context.Context) (known []ports.TenantConfig, err error) {
	var all errgroup.Group
	all.SetLimit(revalidations)
	var mu sync.Mutex
	for _, tenantID := range c.Cached() {
		all.Go(func() error {
			config, fault := c.ask(ctx, tenantID)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case recon.KindOf(fault) == recon.KindNotFound:
				known = append(known, ports.TenantConfig{TenantID: tenantID, Status: ports.TenantDeleted})
			case fault != nil:
				err = fault
			default:
				known = append(known, *config)
			}
			return nil
		})
	}
	return known, errors.Join(all.Wait(), err)
}
