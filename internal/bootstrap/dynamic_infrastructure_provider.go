package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"

	"matcher/internal/jobs"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
)

// dynamicInfrastructureProvider serves tenants that are created and deleted while the process runs: their
// configuration, the provisioning of their schemas, and their connections.
type dynamicInfrastructureProvider struct {
	schemaProvisioner *tenancy.PostgresTenantSchemaProvisioner
	registry          *tenancy.Registry
	keys              *tenancy.AdminKeys
	connections       *tenancy.TenantConnectionManager
	control           *pgxpool.Pool
	remote            *tenancy.RemoteConfigurationAdapter // nil: the registry is the authority on tenants
	cache             *tenancy.CachedConfigurationAdapter // nil: left out by MULTI_TENANT_CONFIG_CACHE_TTL_SEC=0
	configuration     ports.ConfigurationPort             // what the connection manager asks
	log               *slog.Logger
	meter             metric.MeterProvider

	// Redis and what speaks through it are nil without REDIS_URL, or with an empty MULTI_TENANT_EVENT_CHANNEL.
	redis     *redis.Client
	publisher *tenancy.RedisTenantEventPublisher
	listener  *tenancy.RedisTenantEventListener
	sweep     *tenancy.TenantSweep
	services  []jobs.Service // the sweep and the listener

	// seen is called for each tenant of an event or a sweep, in processes that work on jobs.
	seen atomic.Pointer[func(*ports.TenantConfig)]
}

// newDynamicInfrastructureProvider opens an installed database; see Install. It dials nothing yet.
func newDynamicInfrastructureProvider(ctx context.Context, cfg Config, meter metric.MeterProvider,
	log *slog.Logger,
) (*dynamicInfrastructureProvider, error) {
	settings, err := connectionSettings(cfg)
	if err != nil {
		return nil, err
	}
	settings.Meter = meter
	control, err := tenancy.OpenRolePool(ctx, settings, "", tenancy.RoleControl)
	if err != nil {
		return nil, err
	}
	registry := tenancy.NewRegistry(control)
	p := &dynamicInfrastructureProvider{
		registry: registry, keys: tenancy.NewAdminKeys(control), control: control, log: log, meter: meter,
	}
	if err := p.openRedis(cfg); err != nil {
		control.Close()
		return nil, err
	}
	if err := p.buildTenantConnectionManagerFromConfig(cfg, settings, log); err != nil {
		control.Close()
		return nil, err
	}
	if settings.WithoutRoles {
		log.WarnContext(ctx, "POSTGRES_WITHOUT_ROLES: tenants share one database role, and only schemas separate them")
	}
	return p, nil
}

// connectionSettings names the database that the application's DSN names.
func connectionSettings(cfg Config) (tenancy.ConnectionSettings, error) {
	parsed, err := pgx.ParseConfig(cfg.Postgres.AppDSN())
	if err != nil {
		return tenancy.ConnectionSettings{}, errors.New("the application's DSN cannot be read")
	}
	clusters, err := tenancy.ParseClusters(cfg.Postgres.Clusters)
	if err != nil {
		return tenancy.ConnectionSettings{}, err
	}
	return tenancy.ConnectionSettings{
		DSN: cfg.Postgres.AppDSN(), Database: parsed.Database, ReplicaDSN: cfg.Postgres.ReplicaDSN, Clusters: clusters,
		WithoutRoles: cfg.Postgres.WithoutRoles,
		MaxPools:     cfg.Tenancy.MultiTenantMaxTenantPools,
		IdleTimeout:  time.Duration(cfg.Tenancy.MultiTenantIdleTimeoutSec) * time.Second,
		Tracer:       otelpgx.NewTracer(otelpgx.WithDisableConnectionDetailsInAttributes()),
	}, nil
}

// buildTenantConnectionManagerFromConfig creates the provisioner from Config.Postgres and the connection manager over
// the configuration port: the authority on tenants behind a cache.
func (p *dynamicInfrastructureProvider) buildTenantConnectionManagerFromConfig(cfg Config,
	settings tenancy.ConnectionSettings, log *slog.Logger,
) error {
	provisioner, err := tenancy.NewPostgresTenantSchemaProvisioner(cfg.Postgres.OwnerConnDSN, settings.Database,
		func(o *tenancy.ProvisionerOptions) { o.WithoutRoles = settings.WithoutRoles })
	if err != nil {
		return err
	}
	p.schemaProvisioner = provisioner
	if p.configuration, err = p.configurationPort(cfg.Tenancy, log); err != nil {
		return err
	}
	p.connections, err = tenancy.NewTenantConnectionManager(settings, p.configuration)
	return err
}

// ttlJitter prevents tenants that were loaded together from expiring together.
const ttlJitter = 0.15

// configurationPort asks the remote tenant manager where there are tenants and one is named, else the built-in
// registry.
func (p *dynamicInfrastructureProvider) configurationPort(cfg TenancyConfig,
	log *slog.Logger,
) (port ports.ConfigurationPort, err error) {
	port = p.registry
	if cfg.MultiTenantEnabled && cfg.MultiTenantURL != "" {
		if p.remote, err = tenancy.NewRemoteConfigurationAdapter(remoteConfiguration(cfg, log)); err != nil {
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

func remoteConfiguration(cfg TenancyConfig, log *slog.Logger) tenancy.RemoteConfiguration {
	return tenancy.RemoteConfiguration{
		URL: cfg.MultiTenantURL, APIKey: cfg.MultiTenantServiceAPIKey, Environment: cfg.MultiTenantEnvironment,
		AtRunTime: cfg.MultiTenantURL != cfg.trustedURL,
		Timeout:   seconds(cfg.MultiTenantTimeoutSec), BreakerThreshold: cfg.MultiTenantCircuitBreakerThreshold,
		BreakerTimeout: seconds(cfg.MultiTenantCircuitBreakerTimeoutSec), Log: log,
	}
}

// follow applies the tenancy settings that changed.
func (p *dynamicInfrastructureProvider) follow(last, next Config) {
	fault := func(err error) {
		if err != nil {
			p.log.Error("a changed setting cannot be applied; the values in force stay", "error", err)
		}
	}
	was, is := last.Tenancy, next.Tenancy
	if was.MultiTenantMaxTenantPools != is.MultiTenantMaxTenantPools ||
		was.MultiTenantIdleTimeoutSec != is.MultiTenantIdleTimeoutSec {
		settings, err := connectionSettings(next)
		if err == nil {
			err = p.connections.Reconfigure(settings)
		}
		fault(err)
	}
	if p.cache != nil && was.MultiTenantConfigCacheTTLSec != is.MultiTenantConfigCacheTTLSec {
		p.cache.SetTTL(seconds(is.MultiTenantConfigCacheTTLSec))
	}
	if p.remote == nil || remoteConfiguration(was, nil) == remoteConfiguration(is, nil) {
		return
	}
	fault(p.remote.Reconfigure(remoteConfiguration(is, p.log)))
	if p.cache != nil {
		p.cache.InvalidateAll() // the manager at the new address may have newer configurations
	}
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// forget makes the next request ask the authority about a tenant, unless what is known is as new as version (0: never).
func (p *dynamicInfrastructureProvider) forget(tenantID string, version int64) {
	if p.cache != nil {
		p.cache.InvalidateOlder(tenantID, version)
	}
}

// openRedis dials nothing yet.
func (p *dynamicInfrastructureProvider) openRedis(cfg Config) error {
	if cfg.Redis.URL == "" {
		return nil
	}
	options, err := redis.ParseURL(cfg.Redis.URL)
	if err != nil {
		return errors.New("REDIS_URL cannot be read") // its text may hold a password
	}
	p.redis = redis.NewClient(options)
	if cfg.Tenancy.MultiTenantEventChannel == "" {
		return nil
	}
	p.publisher, err = tenancy.NewRedisTenantEventPublisher(p.redis, cfg.Tenancy.MultiTenantEventChannel)
	return err
}

// publishTimeout bounds the news of a change; the change itself is made already.
const publishTimeout = 2 * time.Second

// announce applies a tenant's change to this process and publishes it to the others, whose sweeps find it where that
// fails. Without Redis there are no others.
func (p *dynamicInfrastructureProvider) announce(ctx context.Context, kind string, tenant *ports.TenantConfig) {
	p.forget(tenant.TenantID, tenant.Version)
	if p.publisher == nil {
		p.see(tenant)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	event := ports.TenantEvent{Type: kind, TenantID: tenant.TenantID, Version: tenant.Version, Time: tenant.UpdatedAt}
	if err := p.publisher.Publish(ctx, event); err != nil {
		p.log.WarnContext(ctx,
			"tenant event not published; other instances apply the change by their sweep, within a minute", "tenant", tenant.TenantID, "error", err)
	}
}

// startTenantEventListener keeps this process up to date with tenants that others create and change: by events where
// there is a channel for them, and by the sweep in any case. It runs until Close.
func (p *dynamicInfrastructureProvider) startTenantEventListener(ctx context.Context, cfg Config) (err error) {
	list := tenancy.ListRegistry(p.registry)
	if p.remote != nil && p.cache != nil {
		list = tenancy.ListKnown(p.cache) // a tenant manager answers about one tenant at a time
	}
	p.sweep, err = tenancy.NewTenantSweep(tenancy.TenantSweepConfig{
		List: p.observed(list), Cache: p.cache, Pending: p.schemaProvisioner.PendingTenants,
		Schemas:  p.schemaProvisioner,
		Database: p.connections.Database(), Log: p.log,
	})
	if err != nil {
		return err
	}
	if p.publisher != nil {
		p.listener, err = tenancy.NewRedisTenantEventListener(p.redis, tenancy.RedisTenantEventListenerConfig{
			Channel: cfg.Tenancy.MultiTenantEventChannel, OnEvent: p.onTenantEvent, OnGap: p.sweep.Wake, Log: p.log,
		})
		if err != nil {
			return err
		}
	}
	if err := tenancy.RegisterFigures(p.meter,
		tenancy.TenancyFigures{Cache: p.cache, Listener: p.listener, Sweep: p.sweep}); err != nil {
		return err
	}
	p.services = []jobs.Service{p.sweep}
	if p.listener != nil {
		p.services = append(p.services, p.listener)
	}
	safego.SafeGoWithContextAndComponent(ctx, p.log, "tenant.pools",
		func(ctx context.Context) { _ = p.connections.Start(ctx) })
	for _, service := range p.services {
		safego.SafeGoWithContextAndComponent(ctx, p.log, "tenant.events", func(ctx context.Context) {
			if err := service.Start(ctx); err != nil {
				p.log.ErrorContext(ctx, "tenant event listener failed to start", "error", err)
			}
		})
	}
	return nil
}

// observed returns the list and calls seen for its active tenants.
func (p *dynamicInfrastructureProvider) observed(list tenantList) tenantList {
	return func(ctx context.Context) ([]ports.TenantConfig, bool, error) {
		tenants, complete, err := list(ctx)
		for i := range tenants {
			p.see(&tenants[i])
		}
		return tenants, complete, err
	}
}

type tenantList = func(context.Context) (tenants []ports.TenantConfig, complete bool, err error)

func (p *dynamicInfrastructureProvider) see(tenant *ports.TenantConfig) {
	if seen := p.seen.Load(); seen != nil && tenant.Status == ports.TenantActive {
		(*seen)(tenant)
	}
}

// onTenantEvent treats an event as a hint: it forgets the cached configuration, and creates the schema of a created
// tenant if the authority knows it. So publishing events is not enough to create schemas.
func (p *dynamicInfrastructureProvider) onTenantEvent(ctx context.Context, event ports.TenantEvent) error {
	p.forget(event.TenantID, event.Version)
	if event.Type != ports.TenantEventCreated {
		return nil
	}
	tenant, err := p.configuration.GetTenantConfig(ctx, event.TenantID)
	if err != nil {
		return fmt.Errorf("reading the configuration of a created tenant: %w", err)
	}
	p.see(tenant)
	place, err := p.connections.WorkPlace(tenant)
	if err != nil || place != "" || tenant.Status != ports.TenantActive {
		return err // a tenant placed elsewhere is provisioned by the process that placed it there
	}
	return p.schemaProvisioner.ProvisionTenantSchema(ctx, event.TenantID)
}

// provisionDefaultTenant registers the default tenant and creates its schema, unless they exist.
func (p *dynamicInfrastructureProvider) provisionDefaultTenant(ctx context.Context, cfg TenancyConfig) error {
	_, err := p.registry.Create(ctx, tenancy.NewTenant{
		ID: cfg.DefaultTenantID, Slug: cfg.DefaultTenantSlug, Name: cfg.DefaultTenantSlug,
	})
	if err != nil && recon.CodeOf(err) != recon.CodeTenantExists {
		if _, known := p.registry.GetTenantConfig(ctx, cfg.DefaultTenantID); known != nil {
			return fmt.Errorf("registering the default tenant: %w", err)
		}
	}
	p.forget(cfg.DefaultTenantID, 0)
	if err := p.schemaProvisioner.ProvisionTenantSchema(ctx, cfg.DefaultTenantID); err != nil {
		return fmt.Errorf("provisioning the default tenant: %w", err)
	}
	return nil
}

// Close ends the listener first and drains the tenants' connections before the registry's, which admits them.
func (p *dynamicInfrastructureProvider) Close(ctx context.Context) error {
	var err error
	for _, service := range slices.Backward(p.services) {
		err = errors.Join(err, service.Stop())
	}
	err = errors.Join(err, p.connections.Close(ctx))
	if p.redis != nil {
		err = errors.Join(err, p.redis.Close())
	}
	p.control.Close()
	if p.remote != nil {
		p.remote.Close()
	}
	return err
}
