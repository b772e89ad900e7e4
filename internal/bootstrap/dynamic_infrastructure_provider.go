package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

// dynamicInfrastructureProvider holds what serves tenants that come and go while the process runs: who they are, how
// their schemas come to be, and the connections they work on.
type dynamicInfrastructureProvider struct {
	schemaProvisioner ports.TenantSchemaProvisioner
	registry          *tenancy.Registry
	connections       *tenancy.TenantConnectionManager
	control           *pgxpool.Pool
	remote            *tenancy.RemoteConfigurationAdapter // nil: the registry says who is a tenant
	configuration     ports.ConfigurationPort
	cache             *tenancy.CachedConfigurationAdapter // nil: left out by MULTI_TENANT_CONFIG_CACHE_TTL_SEC=0
}

// newDynamicInfrastructureProvider opens an installed database; see Install. It dials nothing yet.
func newDynamicInfrastructureProvider(ctx context.Context, cfg Config, log *slog.Logger) (*dynamicInfrastructureProvider, error) {
	settings, err := connectionSettings(cfg)
	if err != nil {
		return nil, err
	}
	control, err := tenancy.OpenRolePool(ctx, settings, "", tenancy.RoleControl)
	if err != nil {
		return nil, err
	}
	p := &dynamicInfrastructureProvider{registry: tenancy.NewRegistry(control), control: control}
	if err := p.buildTenantConnectionManagerFromConfig(cfg, settings, log); err != nil {
		control.Close()
		return nil, err
	}
	if settings.WithoutRoles {
		log.WarnContext(ctx, "tenants share one database role: their schemas are the only wall between them")
	}
	return p, nil
}

// connectionSettings names the database that the application's DSN names.
func connectionSettings(cfg Config) (tenancy.ConnectionSettings, error) {
	parsed, err := pgx.ParseConfig(cfg.Postgres.AppDSN())
	if err != nil {
		return tenancy.ConnectionSettings{}, errors.New("the application's DSN cannot be read")
	}
	return tenancy.ConnectionSettings{
		DSN: cfg.Postgres.AppDSN(), Database: parsed.Database,
		WithoutRoles: cfg.Postgres.WithoutRoles,
		MaxPools:     cfg.Tenancy.MultiTenantMaxTenantPools,
		IdleTimeout:  time.Duration(cfg.Tenancy.MultiTenantIdleTimeoutSec) * time.Second,
		Tracer:       otelpgx.NewTracer(otelpgx.WithTrimSQLInSpanName(), otelpgx.WithDisableConnectionDetailsInAttributes()),
	}, nil
}

// buildTenantConnectionManagerFromConfig creates the provisioner from Config.Postgres and the connection manager over
// the configuration port: the authority on tenants behind a cache.
func (p *dynamicInfrastructureProvider) buildTenantConnectionManagerFromConfig(cfg Config, settings tenancy.ConnectionSettings, log *slog.Logger) error {
	var options []tenancy.ProvisionerOption
	if settings.WithoutRoles {
		options = append(options, tenancy.WithoutTenantRoles())
	}
	provisioner, err := tenancy.NewPostgresTenantSchemaProvisioner(cfg.Postgres.OwnerConnDSN, settings.Database, options...)
	if err != nil {
		return err
	}
	p.schemaProvisioner = provisioner
	configuration, err := p.configurationPort(cfg.Tenancy, log)
	if err != nil {
		return err
	}
	p.configuration = configuration
	p.connections, err = tenancy.NewTenantConnectionManager(settings, configuration)
	return err
}

// ttlJitter keeps tenants that were loaded together from expiring together.
const ttlJitter = 0.15

// configurationPort asks the remote tenant manager where there are tenants and one is named, else the built-in
// registry.
func (p *dynamicInfrastructureProvider) configurationPort(cfg TenancyConfig, log *slog.Logger) (port ports.ConfigurationPort, err error) {
	port = p.registry
	if cfg.MultiTenantEnabled && cfg.MultiTenantURL != "" {
		p.remote, err = tenancy.NewRemoteConfigurationAdapter(tenancy.RemoteConfiguration{
			URL: cfg.MultiTenantURL, APIKey: cfg.MultiTenantServiceAPIKey, Environment: cfg.MultiTenantEnvironment,
			Timeout:          seconds(cfg.MultiTenantTimeoutSec),
			BreakerThreshold: cfg.MultiTenantCircuitBreakerThreshold,
			BreakerTimeout:   seconds(cfg.MultiTenantCircuitBreakerTimeoutSec), Log: log,
		})
		if err != nil {
			return nil, err
		}
		port = p.remote
	}
	if cfg.MultiTenantConfigCacheTTLSec == 0 {
		return port, nil
	}
	p.cache, err = tenancy.NewCachedConfigurationAdapter(port, seconds(cfg.MultiTenantConfigCacheTTLSec),
		tenancy.WithTTLJitter(ttlJitter), tenancy.WithLoadTimeout(seconds(cfg.MultiTenantTimeoutSec)))
	return p.cache, err
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// forget makes the next request ask the authority about a tenant that this process has changed.
func (p *dynamicInfrastructureProvider) forget(tenantID string) {
	if p.cache != nil {
		p.cache.Invalidate(tenantID)
	}
}

// provisionDefaultTenant registers the default tenant and makes its schema, or finds both.
func (p *dynamicInfrastructureProvider) provisionDefaultTenant(ctx context.Context, cfg TenancyConfig) error {
	_, err := p.registry.Create(ctx, tenancy.NewTenant{
		ID: cfg.DefaultTenantID, Slug: cfg.DefaultTenantSlug, Name: cfg.DefaultTenantSlug,
	})
	if err != nil && recon.CodeOf(err) != "TENANT_EXISTS" {
		if _, known := p.registry.GetTenantConfig(ctx, cfg.DefaultTenantID); known != nil {
			return fmt.Errorf("registering the default tenant: %w", err)
		}
	}
	p.forget(cfg.DefaultTenantID)
	if err := p.schemaProvisioner.ProvisionTenantSchema(ctx, cfg.DefaultTenantID); err != nil {
		return fmt.Errorf("provisioning the default tenant: %w", err)
	}
	return nil
}

// Close drains the tenants' connections before the registry's, which admits them.
func (p *dynamicInfrastructureProvider) Close(ctx context.Context) error {
	err := p.connections.Close(ctx)
	p.control.Close()
	if p.remote != nil {
		p.remote.Close()
	}
	return err
}
