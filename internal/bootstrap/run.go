// Package bootstrap is the wiring: the settings, and one function that builds everything in order and stops it in
// reverse.
package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"matcher/internal/auth"
	"matcher/internal/engine"
	"matcher/internal/httpapi"
	"matcher/internal/inbox"
	"matcher/internal/ingestion"
	imports "matcher/internal/ingestion/adapters/rabbitmq"
	"matcher/internal/jobs"
	"matcher/internal/matching"
	matches "matcher/internal/matching/adapters/rabbitmq"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/secret"
	messaging "matcher/internal/shared/adapters/rabbitmq"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/outbound"
	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
	"matcher/internal/telemetry"
	"matcher/internal/tenancy"
)

// Role is the part of the service that a process runs.
type Role string

// The roles of a process: the API only enqueues jobs, a worker answers only probes.
const (
	RoleAll    Role = "all"
	RoleAPI    Role = "api"
	RoleWorker Role = "worker"
)

// App is an opened installation: its database, its tenants and, once Start was called, its service.
type App struct {
	DB *postgres.DB

	cfg      Config
	log      *slog.Logger
	provider *dynamicInfrastructureProvider
	embedded *Embedded
	figures  *prometheus.Registry // what /metrics shows
	broker   *messaging.Broker    // nil: events are read from the feed alone
	relayed  *messaging.RelayFigures
	api      *httpapi.API
	settings *Settings
	tenants  *tenancy.Service
	stops    []func(context.Context) error // in the order in which they were opened
	close    sync.Once

	background context.Context //nolint:containedctx // of all services, from OpenTenants on
	breakOff   context.CancelFunc

	settingStore *adapters.Settings
}

// Open opens an installation and starts its service in the role: the database (the embedded default when none is
// named), what tenants share in it, the default tenant, the services, the job queue, the API. Close stops it.
func Open(ctx context.Context, cfg Config, role Role, log *slog.Logger) (*App, error) {
	a, err := OpenTenants(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	if err := a.start(ctx, role); err != nil {
		return nil, errors.Join(err, a.Close(context.WithoutCancel(ctx)))
	}
	return a, nil
}

// OpenTenants opens the database and its tenants without any service on top.
func OpenTenants(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	cfg.Tenancy.trustedURL = cfg.Tenancy.MultiTenantURL
	a := &App{cfg: cfg, log: log, figures: telemetry.NewRegistry()}
	a.background, a.breakOff = context.WithCancel(context.WithoutCancel(ctx))
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.Close(context.WithoutCancel(ctx)))
	}
	return a, nil
}

func (a *App) open(ctx context.Context) error {
	for server, variables := range a.cfg.plaintext() {
		if a.cfg.Production() {
			a.log.WarnContext(ctx, "MATCHER_ALLOW_PLAINTEXT: passwords and data cross the network unencrypted",
				"server", server, "set by", variables)
		}
	}
	stopTracing, err := telemetry.StartTracing(ctx, a.cfg.Telemetry.ServiceName, a.cfg.Telemetry.TracesWanted())
	if err != nil {
		return err
	}
	a.onClose(stopTracing)
	if err := a.openDatabase(ctx); err != nil {
		return err
	}
	meter, err := telemetry.NewMeter(a.figures)
	if err != nil {
		return err
	}
	a.onClose(meter.Shutdown)
	if a.relayed, err = messaging.NewRelayFigures(meter); err != nil {
		return err
	}
	a.provider, err = newDynamicInfrastructureProvider(ctx, a.cfg, meter, a.log)
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	a.onClose(a.provider.Close)
	if err := a.openTenants(); err != nil {
		return err
	}
	return a.provider.provisionDefaultTenant(ctx, a.cfg.Tenancy)
}

// openDatabase installs what tenants share, after it has started the embedded default where no database is named.
func (a *App) openDatabase(ctx context.Context) error {
	if a.cfg.Postgres.External() {
		if err := adapters.Install(ctx, a.cfg.Postgres.OwnerConnDSN(), a.cfg.Postgres.installation()); err != nil {
			return fmt.Errorf("preparing the database of POSTGRES_*: %w", err)
		}
		return nil
	}
	embedded, err := StartEmbedded(ctx, a.cfg.DataDir, a.cfg.PGBin, a.log)
	if err != nil {
		return fmt.Errorf("starting the embedded database (set POSTGRES_HOST or POSTGRES_DSN to use another): %w", err)
	}
	a.embedded = embedded
	a.onClose(embedded.Stop)
	if err := adapters.CreateDatabase(ctx, embedded.DSN("postgres", ""), embeddedDatabase); err != nil {
		return err
	}
	a.cfg.Postgres.OwnerDSN = embedded.DSN(embeddedDatabase, "")
	a.cfg.Postgres.DSN = embedded.DSN(embeddedDatabase, adapters.RoleApp)
	if a.cfg.Auth.Secret == "" && a.cfg.Auth.JWKSURL == "" && !a.cfg.Production() {
		a.cfg.Auth.Secret = embedded.SigningKey // of this data folder alone, where none is configured
	}
	return adapters.Install(ctx, a.cfg.Postgres.OwnerDSN, adapters.Installation{})
}

// embeddedDatabase is the one database of the embedded cluster that is ours.
const embeddedDatabase = "matcher"

// start builds the services and, in the roles that have them, the workers and the API.
func (a *App) start(ctx context.Context, role Role) error {
	if err := a.provider.startTenantEventListener(a.background, a.cfg); err != nil {
		return fmt.Errorf("listening to tenant events: %w", err)
	}
	pool, err := a.provider.connections.WorkPool(ctx, "")
	if err != nil {
		return fmt.Errorf("opening the job queue: %w", err)
	}
	queue, err := jobs.New(pool)
	if err != nil {
		return fmt.Errorf("opening the job queue: %w", err)
	}
	a.DB = postgres.New(a.provider.connections, queue)
	if err := a.openSettings(ctx); err != nil {
		return err
	}
	if dir := a.spoolDir(); dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the folder for uploads: %w", err)
		}
	}
	if role != RoleAPI {
		if err := a.startWorkers(); err != nil {
			return fmt.Errorf("starting the job workers: %w", err)
		}
	}
	return a.openAPI(role)
}

// startWorkers works on the jobs of the installation's database, and of every other that holds a tenant.
func (a *App) startWorkers() error {
	if a.cfg.RabbitMQ.URL != "" {
		broker, err := messaging.NewBroker(a.cfg.RabbitMQ.URL, a.log)
		if err != nil {
			return fmt.Errorf("opening the broker of RABBITMQ_URL: %w", err)
		}
		a.broker = broker
		a.run("broker", broker)
	}
	const own = 1
	places := jobs.NewPlaces(own+a.cfg.Tenancy.MultiTenantMaxTenantPools, a.log, a.openPlace)
	a.run("jobs", places)
	if a.authority() != nil {
		a.run("tenant.purge", a.tenants)
	}
	places.Visit("")
	a.provider.seen.Store(new(func(tenant *ports.TenantConfig) {
		if place, err := a.provider.connections.WorkPlace(tenant); err == nil {
			places.Visit(place)
		}
	}))
	a.provider.sweep.Wake() // it sees every tenant
	return nil
}

// openPlace returns what works in one database. The relay starts first and stops last: the last jobs have events too.
func (a *App) openPlace(ctx context.Context, place string) ([]jobs.Service, error) {
	pool, err := a.provider.connections.WorkPool(ctx, place)
	if err != nil {
		return nil, err
	}
	runs, files := &matching.Service{DB: a.DB, Log: a.log}, a.fetcher()
	execute := func(ctx context.Context, job recon.Job) error { return runs.Execute(ctx, job.Subject) }
	alive := func(ctx context.Context, job recon.Job) (bool, error) { return runs.Alive(ctx, job.Subject) }
	// It takes no time, and twice does no harm.
	again := func(context.Context, recon.Job) (bool, error) { return false, nil }
	workers, err := jobs.NewWorkers(jobs.Config{
		Pool: pool, DB: a.DB, Database: place, Log: a.log,
		Handlers: map[recon.JobKind]jobs.Handler{
			recon.JobRun: execute, recon.JobBackTest: execute, recon.JobSchedule: runs.Fire,
			recon.JobFetchDue: files.Due, recon.JobExpect: files.Expect, recon.JobForget: files.Imports.Forget,
			recon.JobFetch: func(ctx context.Context, job recon.Job) error { return files.Fetch(ctx, job.Subject) },
		},
		Alive: map[recon.JobKind]func(context.Context, recon.Job) (bool, error){
			recon.JobRun: alive, recon.JobBackTest: alive,
			recon.JobSchedule: again, recon.JobFetchDue: again, recon.JobExpect: again,
		},
	})
	if err != nil {
		return nil, err
	}
	return []jobs.Service{a.newRelay(place), workers}, nil
}

// newRelay returns what brings the committed events of a database's tenants to the broker. Without one it only keeps
// the outbox's markers few, and events are read from the feed.
func (a *App) newRelay(place string) *messaging.Relay {
	several := a.cfg.Tenancy.MultiTenantEnabled
	return messaging.NewRelay(messaging.RelayConfig{
		DB: a.DB, Database: place, Broker: a.broker, Log: a.log, Figures: a.relayed, VHost: a.messagingVHost,
		Publishers: map[string]messaging.EventPublisher{
			imports.Prefix: imports.NewEventPublisher(several),
			matches.Prefix: matches.NewEventPublisher(several),
		},
		Default: messaging.NewDefaultEventPublisher(several),
	})
}

// messagingVHost returns the virtual host that a tenant's configuration names.
func (a *App) messagingVHost(ctx context.Context, tenantID string) (string, error) {
	tenant, err := a.provider.configuration.GetTenantConfig(ctx, tenantID)
	if err != nil {
		return "", err
	}
	return tenant.MessagingVHost, nil
}

func (a *App) openAPI(role Role) error {
	who, err := a.authenticator()
	if err != nil {
		return err
	}
	shared, err := a.openLimiterRedis()
	if err != nil {
		return err
	}
	keys := a.apiKeys()
	keys.Stored = a.provider.keys.Holder
	a.api, err = httpapi.New(httpapi.Config{
		DB: a.DB, Imports: a.imports(), Fetches: a.fetcher(),
		FreeBytes: a.spoolRoom,
		Auth:      who, Tenancy: a.cfg.AuthConfig().Tenancy, Keys: keys, Keeper: a.authority(),
		AdminKeys: a.provider.keys, TokenLife: a.cfg.Auth.MaxTokenLife,
		Limits: a.limits, Tenants: a.provider.configuration, Redis: shared,
		Settings: a.settings.List, PutSetting: a.settings.Put, SettingHistory: a.settingStore.History,
		Log: a.log, Registry: a.figures, MetricsToken: a.cfg.MetricsToken, MetricsOpen: !a.cfg.Production(),
		PublicDocs: a.cfg.PublicDocs, Build: engine.ThisBuild(), ProbesOnly: role == RoleWorker,
		Ready: httpapi.Readiness{Database: a.settingStore.Now, Spool: a.spoolDir(), Now: time.Now}.Check,
	})
	return err
}

func (a *App) imports() *ingestion.Service {
	return &ingestion.Service{
		DB: a.DB, SpoolDir: a.spoolDir(), Objects: a.tenants.Objects, KeepDays: a.cfg.Objects.KeepOriginalsDays,
	}
}

// fetcher returns what takes in files from the places of sources; the settings were checked when they were read.
func (a *App) fetcher() *ingestion.Fetcher {
	keys, _ := secret.Parse(a.cfg.Fetch.SecretsKey)
	networks, _ := outbound.ParseNetworks(a.cfg.Fetch.Networks)
	return &ingestion.Fetcher{
		Imports: a.imports(), Keys: keys, Places: inbox.Opener{Root: a.cfg.Fetch.WatchRoot, Networks: networks},
		BytesMax: func() int64 { return a.limits().ImportBytes }, Room: a.spoolRoom,
	}
}

// spoolDir returns the folder of uploads that are not imported yet. An external database may leave no writable data
// folder, so it uses the system's folder for temporary files.
func (a *App) spoolDir() string {
	if a.embedded == nil {
		return ""
	}
	return filepath.Join(a.cfg.DataDir, "spool")
}

func (a *App) spoolRoom() (int64, error) { return httpapi.Room(a.spoolDir()) }

// authenticator returns what verifies tokens with the configured keys.
func (a *App) authenticator() (auth.Authenticator, error) {
	cfg := a.cfg.AuthConfig()
	cfg.Logger = a.log
	if a.cfg.Auth.Revocation {
		cfg.Revoked = a.provider.keys.Revoked
	}
	if cfg.Secret == auth.DevelopmentSecret {
		a.log.Warn("tokens are signed with the public development key: set AUTH_HS256_SECRET or AUTH_JWKS_URL")
	}
	return auth.New(cfg)
}

// Handler returns the API.
func (a *App) Handler() http.Handler { return a.api }

// Token signs a development token that this installation accepts.
func (a *App) Token(opts auth.MintOptions) (string, error) { return DevelopmentToken(a.cfg, opts) }

// Listen opens an address; the error names the way out when another program has it.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (set MATCHER_ADDR to another host:port): %w", addr, err)
	}
	return listener, nil
}

const (
	// readHeaderTimeout bounds the head of a request; its body is bounded by the operation.
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	// maxHeaderBytes is four times the longest token that auth looks at; more is a 431.
	maxHeaderBytes = 64 << 10
)

// Serve answers on the listener until ctx ends, then lets requests under way finish. It returns early, with the reason,
// when the embedded database ends by itself.
func (a *App) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: a.Handler(), ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	var lost <-chan struct{}
	if a.embedded != nil {
		lost = a.embedded.Done()
	}
	var reason error
	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case <-lost:
		reason = fmt.Errorf("the embedded database has ended: %w", a.embedded.Err())
	case <-ctx.Done():
	}
	a.log.InfoContext(ctx, "stopping", "grace", a.cfg.Limits.ShutdownTimeout())
	a.api.Drain()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Limits.ShutdownTimeout())
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		reason = errors.Join(reason, fmt.Errorf("some requests were cut off: %w", err), server.Close())
	}
	return reason
}

func (a *App) onClose(stop func(context.Context) error) { a.stops = append(a.stops, stop) }

// run starts a service, which stops in its turn.
func (a *App) run(component string, service jobs.Service) {
	launch(a.background, a.log, component, service)
	a.onClose(func(context.Context) error { return service.Stop() })
}

func launch(ctx context.Context, log *slog.Logger, component string, service jobs.Service) {
	safego.SafeGoWithContextAndComponent(ctx, log, component, func(ctx context.Context) {
		if err := service.Start(ctx); err != nil {
			log.ErrorContext(ctx, "a service ended", "component", component, "error", err)
		}
	})
}

// Close stops everything in the reverse of the order in which it was opened. What still runs when the time for stopping
// is over is broken off.
func (a *App) Close(ctx context.Context) (err error) {
	a.close.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, a.cfg.Limits.ShutdownTimeout())
		defer cancel()
		context.AfterFunc(ctx, a.breakOff)
		for _, stop := range slices.Backward(a.stops) {
			err = errors.Join(err, stop(ctx))
		}
	})
	return err
}

// DevelopmentToken signs a token with the key that a development installation of this configuration accepts. Production
// refuses: there, tokens come from the identity provider.
func DevelopmentToken(cfg Config, opts auth.MintOptions) (string, error) {
	if cfg.Production() {
		return "", errors.New("production tokens come from your identity provider, not from this command")
	}
	if opts.TTL > cfg.Auth.MaxTokenLife {
		return "", fmt.Errorf("a token may live for %s at most: see AUTH_MAX_TOKEN_LIFE", cfg.Auth.MaxTokenLife)
	}
	secret := cfg.Auth.Secret
	switch {
	case secret != "":
	case cfg.Auth.JWKSURL != "":
		return "", errors.New("AUTH_JWKS_URL is set, so tokens come from that identity provider; set " +
			"AUTH_HS256_SECRET to sign them with this command")
	case cfg.Postgres.External():
		secret = auth.DevelopmentSecret
	default:
		var err error
		if secret, err = auth.SigningKey(cfg.DataDir); err != nil {
			return "", err
		}
	}
	opts.Issuer, opts.Audience = cfg.Auth.Issuer, cfg.Auth.Audience
	return auth.Mint(secret, opts)
}
