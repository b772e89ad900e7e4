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
	if err := p.buildTenantConnectionManagerFromConfig(cfg, settings); err != nil {
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
// the configuration port: the built-in registry, which answers at once what an operator has just changed.
func (p *dynamicInfrastructureProvider) buildTenantConnectionManagerFromConfig(cfg Config, settings tenancy.ConnectionSettings) error {
	var options []tenancy.ProvisionerOption
	if settings.WithoutRoles {
		options = append(options, tenancy.WithoutTenantRoles())
	}
	provisioner, err := tenancy.NewPostgresTenantSchemaProvisioner(cfg.Postgres.OwnerConnDSN, settings.Database, options...)
	if err != nil {
		return err
	}
	p.schemaProvisioner = provisioner
	p.connections, err = tenancy.NewTenantConnectionManager(settings, p.registry)
	return err
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
	if err := p.schemaProvisioner.ProvisionTenantSchema(ctx, cfg.DefaultTenantID); err != nil {
		return fmt.Errorf("provisioning the default tenant: %w", err)
	}
	return nil
}

// Close drains the tenants' connections before the registry's, which admits them.
func (p *dynamicInfrastructureProvider) Close(ctx context.Context) error {
	err := p.connections.Close(ctx)
	p.control.Close()
	return err
}
