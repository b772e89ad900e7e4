package bootstrap

import (
	"context"
	"log/slog"
	"sync/atomic"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/systemplane"
)

// tenantManager is the remote tenant manager at the address, and with the key and the patience, that are in force.
type tenantManager struct {
	current atomic.Pointer[tenancy.RemoteConfigurationAdapter]
	log     *slog.Logger
}

var _ ports.ConfigurationPort = (*tenantManager)(nil)

// use asks with new settings from the next question on. Breakers start closed: what failed under the old settings says
// nothing about the new.
func (m *tenantManager) use(cfg TenancyConfig) error {
	next, err := tenancy.NewRemoteConfigurationAdapter(tenancy.RemoteConfiguration{
		URL: cfg.MultiTenantURL, APIKey: cfg.MultiTenantServiceAPIKey, Environment: cfg.MultiTenantEnvironment,
		Timeout:          seconds(cfg.MultiTenantTimeoutSec),
		BreakerThreshold: cfg.MultiTenantCircuitBreakerThreshold,
		BreakerTimeout:   seconds(cfg.MultiTenantCircuitBreakerTimeoutSec), Log: m.log,
	})
	if err != nil {
		return err
	}
	if last := m.current.Swap(next); last != nil {
		last.Close()
	}
	return nil
}

// GetTenantConfig asks the tenant manager.
func (m *tenantManager) GetTenantConfig(ctx context.Context, tenantID string) (*ports.TenantConfig, error) {
	return m.current.Load().GetTenantConfig(ctx, tenantID)
}

// Close lets idle connections go.
func (m *tenantManager) Close() { m.current.Load().Close() }

// tenancyInForce is the environment's tenancy with what was changed at run time.
func tenancyInForce(cfg TenancyConfig, s *systemplane.Snapshot) TenancyConfig {
	cfg.MultiTenantURL = s.Text(systemplane.ManagerURL)
	cfg.MultiTenantEnvironment = s.Text(systemplane.ManagerEnvironment)
	cfg.MultiTenantServiceAPIKey = s.Text(systemplane.ManagerAPIKey)
	cfg.MultiTenantCircuitBreakerThreshold = int(s.Int(systemplane.BreakerThreshold))
	cfg.MultiTenantCircuitBreakerTimeoutSec = int(s.Int(systemplane.BreakerTimeoutSeconds))
	cfg.MultiTenantMaxTenantPools = int(s.Int(systemplane.MaxTenantPools))
	cfg.MultiTenantIdleTimeoutSec = int(s.Int(systemplane.PoolIdleSeconds))
	cfg.MultiTenantConfigCacheTTLSec = int(s.Int(systemplane.ConfigTTLSeconds))
	return cfg
}

// follow applies the tenancy settings when they change.
func (p *dynamicInfrastructureProvider) follow(plane *systemplane.Plane, cfg Config) {
	fault := func(err error) {
		if err != nil {
			p.log.Error("a changed setting cannot be applied; what was in force before stays", "error", err)
		}
	}
	plane.OnChange(func(s *systemplane.Snapshot) {
		cfg := cfg
		cfg.Tenancy = tenancyInForce(cfg.Tenancy, s)
		settings, err := connectionSettings(cfg)
		if err == nil {
			err = p.connections.Reconfigure(settings)
		}
		fault(err)
	}, systemplane.MaxTenantPools, systemplane.PoolIdleSeconds)
	if p.cache != nil {
		plane.OnChange(func(s *systemplane.Snapshot) { p.cache.SetTTL(s.Seconds(systemplane.ConfigTTLSeconds)) }, systemplane.ConfigTTLSeconds)
	}
	if p.remote == nil {
		return
	}
	plane.OnChange(func(s *systemplane.Snapshot) {
		fault(p.remote.use(tenancyInForce(cfg.Tenancy, s)))
		if p.cache != nil {
			p.cache.InvalidateAll() // the manager at the new address may know better
		}
	}, systemplane.ManagerURL, systemplane.ManagerEnvironment, systemplane.ManagerAPIKey, systemplane.BreakerThreshold, systemplane.BreakerTimeoutSeconds)
}
