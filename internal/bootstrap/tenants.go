package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"matcher/internal/auth"
	"matcher/internal/objectstore"
	"matcher/internal/recon"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/tenancy"
)

// openTenants builds the service that changes tenants, over the built-in registry.
func (a *App) openTenants() (err error) {
	config := tenancy.Config{
		Registry: a.provider.registry, Connections: a.provider.connections, Owner: a.cfg.Postgres.OwnerConnDSN,
		Prepare: a.prepareDatabase, Announce: a.provider.announce,
		Permanent: a.cfg.Tenancy.DefaultTenantID, Grace: time.Duration(a.cfg.Tenancy.GraceHours) * time.Hour,
		Log: a.log, Options: []adapters.ProvisionerOption{
			func(o *adapters.ProvisionerOptions) { o.WithoutRoles = a.cfg.Postgres.WithoutRoles },
		},
	}
	if config.Clusters, err = adapters.ParseClusters(a.cfg.Postgres.Clusters); err != nil {
		return err
	}
	if client := a.provider.redis; client != nil {
		config.EraseKeys = func(ctx context.Context, tenantID string) error {
			return adapters.EraseTenantKeys(ctx, client, tenantID)
		}
	}
	place := a.cfg.Objects.Place
	if place == "" && a.embedded != nil {
		place = filepath.Join(a.cfg.DataDir, "objects")
	}
	if place != "" {
		if config.Objects, err = objectstore.Open(place); err != nil {
			return fmt.Errorf("opening the object store of MATCHER_OBJECTS: %w", err)
		}
		a.onClose(func(context.Context) error { return config.Objects.Close() })
	}
	a.tenants = tenancy.New(config)
	return nil
}

// prepareDatabase creates a tenant's own database and installs in it what every database that holds tenants has.
func (a *App) prepareDatabase(ctx context.Context, ownerDSN, database string) error {
	err := adapters.CreateDatabase(ctx, ownerDSN, database)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "42501" {
		return recon.Unprocessable(recon.CodeValidationFailed, "Matcher may not create the database",
			recon.FieldError{Pointer: "/database", Message: "give the owner's role CREATEDB, or create the database " +
				"by hand and make that role its owner"})
	}
	if err != nil {
		return err
	}
	err = adapters.Install(ctx, adapters.InDatabase(ownerDSN, database), a.cfg.Postgres.installation())
	if err != nil {
		return fmt.Errorf("installing in a tenant's own database: %w", err)
	}
	return nil
}

// apiKeys returns the administrator's first key and, unless there is a tenant manager elsewhere, the key of the
// installations that this one serves as tenant manager.
func (a *App) apiKeys() *auth.APIKeys {
	keys := &auth.APIKeys{Known: []auth.APIKey{{
		Key: a.cfg.Auth.AdminAPIKey, Subject: "admin-api-key", Roles: []auth.Role{auth.RolePlatformAdmin},
	}}}
	if a.cfg.Tenancy.MultiTenantURL == "" {
		keys.Known = append(keys.Known, auth.APIKey{
			Key: a.cfg.Tenancy.MultiTenantServiceAPIKey, Subject: "service-api-key",
			Roles: []auth.Role{auth.RoleTenantReader},
		})
	}
	return keys
}

// Tenants returns the service that changes tenants.
func (a *App) Tenants() *tenancy.Service { return a.tenants }

// authority returns the service that changes tenants, nil if a tenant manager elsewhere is the authority on them.
func (a *App) authority() *tenancy.Service {
	if a.provider.remote != nil {
		return nil
	}
	return a.tenants
}

// CreateTenant registers a tenant and creates its schema.
func (a *App) CreateTenant(ctx context.Context, tenant adapters.NewTenant) (*ports.TenantConfig, error) {
	created, err := a.tenants.Create(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return &created.TenantConfig, nil
}

// Tenant returns the tenant with that id or slug.
func (a *App) Tenant(ctx context.Context, idOrSlug string) (*ports.TenantConfig, error) {
	return a.provider.registry.Show(ctx, idOrSlug)
}
