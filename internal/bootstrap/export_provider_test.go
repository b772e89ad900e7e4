//go:build integration

package bootstrap

import (
	"context"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

// Provider opens the wiring's own type to tests, which stand outside: testkit imports this package.
type Provider = dynamicInfrastructureProvider

// NewProvider is newDynamicInfrastructureProvider.
var NewProvider = newDynamicInfrastructureProvider

// Connections is what the door is made of.
func (p *dynamicInfrastructureProvider) Connections() *tenancy.TenantConnectionManager {
	return p.connections
}

// ProvisionDefaultTenant is provisionDefaultTenant.
func (p *dynamicInfrastructureProvider) ProvisionDefaultTenant(ctx context.Context, cfg TenancyConfig) error {
	return p.provisionDefaultTenant(ctx, cfg)
}
