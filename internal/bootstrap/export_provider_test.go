//go:build integration

package bootstrap

import (
	"context"
	"log/slog"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

// Provider opens the wiring's own type to tests, which stand outside: testkit imports this package.
type Provider = dynamicInfrastructureProvider

// NewProvider is newDynamicInfrastructureProvider, counting for nobody.
func NewProvider(ctx context.Context, cfg Config, log *slog.Logger) (*Provider, error) {
	return newDynamicInfrastructureProvider(ctx, cfg, nil, log)
}

// Connections is what the door is made of.
func (p *dynamicInfrastructureProvider) Connections() *tenancy.TenantConnectionManager {
	return p.connections
}

// ProvisionDefaultTenant is provisionDefaultTenant.
func (p *dynamicInfrastructureProvider) ProvisionDefaultTenant(ctx context.Context, cfg TenancyConfig) error {
	return p.provisionDefaultTenant(ctx, cfg)
}

// StartTenantEventListener is startTenantEventListener.
func (p *dynamicInfrastructureProvider) StartTenantEventListener(ctx context.Context, cfg Config) error {
	return p.startTenantEventListener(ctx, cfg)
}

// Announce is announce.
func (p *dynamicInfrastructureProvider) Announce(ctx context.Context, kind string, tenant *ports.TenantConfig) {
	p.announce(ctx, kind, tenant)
}

// Sweep is the sweep of a started listener.
func (p *dynamicInfrastructureProvider) Sweep() *tenancy.TenantSweep { return p.sweep }

// Listens says whether there is a channel to listen to.
func (p *dynamicInfrastructureProvider) Listens() bool { return p.listener != nil }
