package bootstrap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"

	"matcher/internal/auth"
	"matcher/internal/lifecycle"
	"matcher/internal/objectstore"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
)

// openKeeper builds who changes tenants, over the built-in registry.
func (a *App) openKeeper() error {
	config := lifecycle.Config{
		Registry: a.provider.registry, Schemas: a.schemasOf, Prepare: a.prepareDatabase, Announce: a.provider.announce,
		Permanent: a.cfg.Tenancy.DefaultTenantID, Grace: time.Duration(a.cfg.Tenancy.GraceHours) * time.Hour, Log: a.log,
		Erasures: []lifecycle.Erasure{{Name: "queue", Erase: func(ctx context.Context, tenant ports.TenantConfig) error {
			return a.work(ctx, tenant, func(tx *postgres.WorkTx) error { return tx.EraseTenant(ctx, tenant.TenantID) })
		}}},
		Resumed: func(ctx context.Context, tenant ports.TenantConfig) error {
			return a.work(ctx, tenant, func(tx *postgres.WorkTx) error { return tx.WakeJobs(ctx, tenant.TenantID) })
		},
	}
	if a.cfg.Redis.URL != "" {
		if err := a.eraseKeysToo(&config); err != nil {
			return err
		}
	}
	if err := a.eraseObjectsToo(&config); err != nil {
		return err
	}
	a.keeper = lifecycle.NewKeeper(config)
	return nil
}

// eraseObjectsToo is for installations that keep files.
func (a *App) eraseObjectsToo(config *lifecycle.Config) error {
	place := a.cfg.Objects.Place
	if place == "" && a.embedded != nil {
		place = filepath.Join(a.cfg.DataDir, "objects")
	}
	if place == "" {
		return nil
	}
	store, err := objectstore.Open(place)
	if err != nil {
		return fmt.Errorf("opening the object store of MATCHER_OBJECTS: %w", err)
	}
	a.onClose(func(context.Context) error { return store.Close() })
	config.Erasures = append(config.Erasures, lifecycle.Erasure{Name: "objects", Erase: func(ctx context.Context, tenant ports.TenantConfig) error {
		_, err := store.DeleteAll(auth.WithTenant(ctx, tenant.TenantID))
		return err
	}})
	return nil
}

// eraseKeysToo is for installations with a Redis.
func (a *App) eraseKeysToo(config *lifecycle.Config) error {
	options, err := redis.ParseURL(a.cfg.Redis.URL)
	if err != nil {
		return errors.New("REDIS_URL cannot be used") // the cause quotes a password
	}
	client := redis.NewClient(options)
	a.onClose(func(context.Context) error { return client.Close() })
	config.Erasures = append(config.Erasures, lifecycle.Erasure{Name: "keys", Erase: func(ctx context.Context, tenant ports.TenantConfig) error {
		return tenancy.EraseTenantKeys(ctx, client, tenant.TenantID)
	}})
	return nil
}

// runKeeper erases deleted tenants when their time has come, until the service stops.
func (a *App) runKeeper(ctx context.Context) {
	if a.authority() == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	safego.SafeGoWithContextAndComponent(ctx, a.log, "tenant.keeper", func(ctx context.Context) {
		defer close(ended)
		a.keeper.Run(ctx)
	})
	a.onClose(func(context.Context) error {
		cancel()
		<-ended
		return nil
	})
}

func (a *App) work(ctx context.Context, tenant ports.TenantConfig, do func(*postgres.WorkTx) error) error {
	place, err := a.provider.connections.WorkPlace(&tenant)
	if err != nil {
		return err
	}
	return postgres.New(a.provider.connections, nil).Work(ctx, place, do)
}

// schemasOf provisions where a tenant is placed.
func (a *App) schemasOf(tenant ports.TenantConfig) (*tenancy.PostgresTenantSchemaProvisioner, error) {
	owner, err := a.ownerOf(tenant)
	if err != nil {
		return nil, err
	}
	var options []tenancy.ProvisionerOption
	if a.cfg.Postgres.WithoutRoles {
		options = append(options, tenancy.WithoutTenantRoles())
	}
	database := cmp.Or(tenant.Database, databaseOf(owner()))
	return tenancy.NewPostgresTenantSchemaProvisioner(owner, database, options...)
}

// ownerOf is the owner's login on the server where a tenant is placed.
func (a *App) ownerOf(tenant ports.TenantConfig) (func() string, error) {
	if tenant.Cluster == "" {
		own := a.provider.connections.Database()
		return func() string { return tenancy.InDatabase(a.cfg.Postgres.OwnerConnDSN(), own) }, nil
	}
	clusters, err := tenancy.ParseClusters(a.cfg.Postgres.Clusters)
	if err != nil {
		return nil, err
	}
	dsn := clusters[tenant.Cluster].OwnerDSN
	if dsn == "" {
		return nil, recon.Unprocessable("TENANT_INVALID", "the tenant cannot be placed there",
			recon.FieldError{Pointer: "/cluster", Message: "names no server of this installation's POSTGRES_CLUSTERS with an ownerDsn"})
	}
	return func() string { return dsn }, nil
}

// databaseOf is the database that a DSN names, "" where it cannot be read.
func databaseOf(dsn string) string {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return ""
	}
	return config.Database
}

// prepareDatabase makes the database of a tenant's own and installs in it what every database that holds tenants has.
func (a *App) prepareDatabase(ctx context.Context, tenant ports.TenantConfig) error {
	login, err := a.ownerOf(tenant)
	if err != nil {
		return err
	}
	owner, database := login(), cmp.Or(tenant.Database, databaseOf(login()))
	err = createDatabase(ctx, owner, database)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "42501" {
		return recon.Unprocessable("TENANT_INVALID", "the database cannot be made by Matcher",
			recon.FieldError{Pointer: "/database", Message: "give the owner's role CREATEDB, or make the database by hand and give it to the owner"})
	}
	if err != nil {
		return err
	}
	if err := Install(ctx, tenancy.InDatabase(owner, database), a.cfg.Postgres.installOptions()...); err != nil {
		return fmt.Errorf("installing in a tenant's own database: %w", err)
	}
	return nil
}

// apiKeys are the administrator's, and the one that other installations hold whose tenant manager this one is.
func (a *App) apiKeys() auth.APIKeys {
	keys := auth.APIKeys{{Key: a.cfg.Auth.AdminAPIKey, Subject: "admin-api-key", Roles: []auth.Role{auth.RolePlatformAdmin}}}
	if a.cfg.Tenancy.MultiTenantURL == "" {
		keys = append(keys, auth.APIKey{Key: a.cfg.Tenancy.MultiTenantServiceAPIKey, Subject: "service-api-key", Roles: []auth.Role{auth.RoleTenantReader}})
	}
	return keys
}

// Keeper changes tenants.
func (a *App) Keeper() *lifecycle.Keeper { return a.keeper }

// authority is the keeper, unless a tenant manager elsewhere is the authority on tenants.
func (a *App) authority() *lifecycle.Keeper {
	if a.provider.remote != nil {
		return nil
	}
	return a.keeper
}

// CreateTenant registers a tenant and makes its schema.
func (a *App) CreateTenant(ctx context.Context, tenant tenancy.NewTenant) (*ports.TenantConfig, error) {
	created, err := a.keeper.Create(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return &created.TenantConfig, nil
}

// Tenant is the tenant with that id or slug.
func (a *App) Tenant(ctx context.Context, idOrSlug string) (*ports.TenantConfig, error) {
	return a.provider.registry.Show(ctx, idOrSlug)
}
