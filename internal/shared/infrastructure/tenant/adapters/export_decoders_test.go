//go:build unit || !integration

package adapters

import "time"

// DecodeTenantEvent opens the decoder to its fuzz target.
var DecodeTenantEvent = decodeTenantEvent

// WithMaxStale is how long past its expiry a configuration may serve while the authority is down.
func WithMaxStale(limit time.Duration) CacheOption {
	return func(c *CachedConfigurationAdapter) { c.maxStale = limit }
}

// WithCacheSize bounds the cached tenants and the remembered unknown ids, each.
func WithCacheSize(tenants int) CacheOption {
	return func(c *CachedConfigurationAdapter) { c.size = tenants }
}
