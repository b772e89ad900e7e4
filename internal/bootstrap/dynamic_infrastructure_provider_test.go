//go:build integration

package bootstrap_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/bootstrap"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/testkit"
)

func writeAudit(tx *postgres.Tx) error {
	tx.Audit("context.create", "context", "c", nil)
	return nil
}

func TestDynamicInfrastructureProvider(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	cfg, err := bootstrap.LoadConfig([]string{"MATCHER_ENV=development", "POSTGRES_DSN=" + in.AppDSN, "POSTGRES_OWNER_DSN=" + in.OwnerDSN})
	require.NoError(t, err)
	p, err := bootstrap.NewProvider(t.Context(), cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close(t.Context())) }()
	db := postgres.New(p.Connections(), nil)
	ctx := testkit.TenantContext(t.Context(), cfg.Tenancy.DefaultTenantID)

	require.Equal(t, recon.KindNotFound, recon.KindOf(db.Tx(ctx, writeAudit)), "nobody registered the default tenant yet")
	for range 2 { // every start
		require.NoError(t, p.ProvisionDefaultTenant(t.Context(), cfg.Tenancy))
	}
	require.NoError(t, db.Tx(ctx, writeAudit))
	in.RequireSound(t, cfg.Tenancy.DefaultTenantID)

	t.Run("the default tenant has a schema of its own and public none of its tables", func(t *testing.T) {
		owner := in.Owner(t)
		require.NotEmpty(t, testkit.TableNames(t, owner, cfg.Tenancy.DefaultTenantID))
		require.Empty(t, testkit.TableNames(t, owner, "public"))
	})
	t.Run("a slug that another tenant has is an error at the start", func(t *testing.T) {
		taken := cfg.Tenancy
		taken.DefaultTenantID = "22222222-2222-2222-2222-222222222222"
		require.Equal(t, "NAME_TAKEN", recon.CodeOf(p.ProvisionDefaultTenant(t.Context(), taken)))
	})
	t.Run("without a DSN there is no provider", func(t *testing.T) {
		broken := cfg
		broken.Postgres.DSN = "postgres://u:hunter2@[::1/d"
		_, err := bootstrap.NewProvider(t.Context(), broken, slog.New(slog.DiscardHandler))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	})
}

func TestDynamicInfrastructureProvider_WithoutRoles(t *testing.T) {
	t.Parallel()
	server := testkit.PostgresServer(t)
	dsn := server.DSN("postgres", "")
	cfg, err := bootstrap.LoadConfig([]string{"MATCHER_ENV=development", "POSTGRES_DSN=" + dsn, "POSTGRES_OWNER_DSN=" + dsn, "POSTGRES_WITHOUT_ROLES=true"})
	require.NoError(t, err)
	require.NoError(t, tenancy.Install(t.Context(), dsn, tenancy.Installation{WithoutRoles: true}))
	var logged bytes.Buffer
	p, err := bootstrap.NewProvider(t.Context(), cfg, slog.New(slog.NewTextHandler(&logged, nil)))
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close(t.Context())) }()
	require.Contains(t, logged.String(), "level=WARN", "the missing wall is said aloud")
	require.NoError(t, p.ProvisionDefaultTenant(t.Context(), cfg.Tenancy))

	db := postgres.New(p.Connections(), nil)
	ctx := testkit.TenantContext(t.Context(), cfg.Tenancy.DefaultTenantID)
	require.NoError(t, db.Tx(ctx, func(tx *postgres.Tx) error {
		tx.Emit(recon.EventImportCompleted, struct{}{}) // the marker is written without a worker role
		return writeAudit(tx)
	}))
	owner := testkit.Dial(t, dsn)
	require.Empty(t, testkit.Violations(t, owner, cfg.Tenancy.DefaultTenantID))
	var roles int
	require.NoError(t, owner.QueryRow(t.Context(), `SELECT count(*) FROM pg_roles WHERE rolname ~ '^(t_|matcher_)'`).Scan(&roles))
	require.Zero(t, roles)
	t.Run("a tenant manager without a key is no tenant manager", func(t *testing.T) {
		remote := cfg
		remote.Tenancy.MultiTenantEnabled, remote.Tenancy.MultiTenantURL = true, "https://tenants.example.com"
		_, err := bootstrap.NewProvider(t.Context(), remote, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "MULTI_TENANT_SERVICE_API_KEY")
	})
}

func TestTenantConfigurationCache(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	open := func(t *testing.T, environ ...string) *bootstrap.Provider {
		cfg, err := bootstrap.LoadConfig(append(environ, "MATCHER_ENV=development", "POSTGRES_DSN="+in.AppDSN, "POSTGRES_OWNER_DSN="+in.OwnerDSN))
		require.NoError(t, err)
		p, err := bootstrap.NewProvider(t.Context(), cfg, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
		return p
	}
	// seen is what a provider says of a tenant that was suspended after its first request.
	seen := func(t *testing.T, p *bootstrap.Provider) error {
		ctx, tenantID := in.NewTenant(t)
		db := postgres.New(p.Connections(), nil)
		require.NoError(t, db.Tx(ctx, writeAudit))
		_, err := in.Registry.SetStatus(t.Context(), tenantID, ports.TenantSuspended)
		require.NoError(t, err)
		return db.Tx(ctx, writeAudit)
	}
	t.Run("the connection manager is given the cache", func(t *testing.T) {
		require.NoError(t, seen(t, open(t)), "nobody told this process of the suspension")
	})
	t.Run("a time to live of 0 leaves it out", func(t *testing.T) {
		require.Equal(t, "TENANT_SUSPENDED", recon.CodeOf(seen(t, open(t, "MULTI_TENANT_CONFIG_CACHE_TTL_SEC=0"))))
	})
	t.Run("a remote tenant manager says who is a tenant", func(t *testing.T) {
		ctx, tenantID := in.NewTenant(t)
		manager := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-API-Key") != "k" || !strings.Contains(r.URL.Path, tenantID) {
				http.NotFound(w, r)
				return
			}
			_ = json.NewEncoder(w).Encode(ports.TenantConfig{TenantID: tenantID, Status: ports.TenantActive})
		}))
		defer manager.Close()
		db := postgres.New(open(t, "MULTI_TENANT_ENABLED=true", "MULTI_TENANT_URL="+manager.URL, "MULTI_TENANT_SERVICE_API_KEY=k").Connections(), nil)
		require.NoError(t, db.Tx(ctx, writeAudit))
		other, _ := in.NewTenant(t)
		require.Equal(t, recon.KindNotFound, recon.KindOf(db.Tx(other, writeAudit)), "what this registry knows counts for nothing then")
	})
}

func TestStartTenantEventListener(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	redisURL := testkit.Redis(t)
	start := func(t *testing.T, environ ...string) (*bootstrap.Provider, *postgres.DB) {
		own := []string{"MATCHER_ENV=development", "REDIS_URL=" + redisURL, "POSTGRES_DSN=" + in.AppDSN, "POSTGRES_OWNER_DSN=" + in.OwnerDSN}
		cfg, err := bootstrap.LoadConfig(append(own, environ...))
		require.NoError(t, err)
		p, err := bootstrap.NewProvider(t.Context(), cfg, slog.New(slog.NewTextHandler(t.Output(), nil)))
		require.NoError(t, err)
		require.NoError(t, p.StartTenantEventListener(t.Context(), cfg))
		t.Cleanup(func() { require.NoError(t, p.Close(context.Background())) })
		return p, postgres.New(p.Connections(), nil)
	}
	code := func(db *postgres.DB, tenantID string) string {
		return recon.CodeOf(db.Tx(testkit.TenantContext(t.Context(), tenantID), writeAudit))
	}
	one, _ := start(t)
	_, two := start(t)

	tenantID := in.RegisterTenant(t)
	require.Equal(t, "TENANT_PROVISIONING", code(two, tenantID))
	change := func(kind string, status ports.TenantStatus) {
		tenant, err := in.Registry.SetStatus(t.Context(), tenantID, status)
		require.NoError(t, err)
		one.Announce(t.Context(), kind, tenant)
	}
	const soon = 20 * time.Second // the earliest sweep is after 36 s
	t.Run("a created tenant gets its schema from whoever hears of it first", func(t *testing.T) {
		require.Eventually(t, func() bool { // until both have subscribed
			change(ports.TenantEventCreated, ports.TenantActive)
			return code(two, tenantID) == ""
		}, time.Minute, 50*time.Millisecond)
	})
	t.Run("a suspension elsewhere is in force long before a sweep", func(t *testing.T) {
		change(ports.TenantEventSuspended, ports.TenantSuspended)
		require.Eventually(t, func() bool { return code(two, tenantID) == "TENANT_SUSPENDED" }, soon, time.Millisecond)
		change(ports.TenantEventActivated, ports.TenantActive)
		require.Eventually(t, func() bool { return code(two, tenantID) == "" }, soon, time.Millisecond)
	})
	t.Run("news of a tenant that nobody knows makes nothing", func(t *testing.T) {
		before := testkit.SchemaNames(t, in.Owner(t))
		one.Announce(t.Context(), ports.TenantEventCreated, &ports.TenantConfig{TenantID: "99999999-9999-4999-8999-999999999999", Version: 1})
		change(ports.TenantEventSuspended, ports.TenantSuspended)
		require.Eventually(t, func() bool { return code(two, tenantID) == "TENANT_SUSPENDED" }, soon, time.Millisecond)
		require.Equal(t, before, testkit.SchemaNames(t, in.Owner(t)))
	})
	t.Run("an empty channel turns the listener off, and the sweep goes on", func(t *testing.T) {
		p, db := start(t, "MULTI_TENANT_EVENT_CHANNEL=")
		require.False(t, p.Listens())
		created := in.RegisterTenant(t)
		p.Sweep().Wake()
		require.Eventually(t, func() bool { return code(db, created) == "" }, time.Minute, 50*time.Millisecond)
	})
	t.Run("without Redis a change made here is in force here at once", func(t *testing.T) {
		p, db := start(t, "REDIS_URL=")
		require.False(t, p.Listens())
		_, tenantID := in.NewTenant(t)
		require.Empty(t, code(db, tenantID))
		suspended, err := in.Registry.SetStatus(t.Context(), tenantID, ports.TenantSuspended)
		require.NoError(t, err)
		require.Empty(t, code(db, tenantID), "still cached")
		p.Announce(t.Context(), ports.TenantEventSuspended, suspended)
		require.Equal(t, "TENANT_SUSPENDED", code(db, tenantID))
	})
	t.Run("an address that cannot be read is never quoted", func(t *testing.T) {
		cfg, err := bootstrap.LoadConfig([]string{"MATCHER_ENV=development", "POSTGRES_DSN=" + in.AppDSN, "POSTGRES_OWNER_DSN=" + in.OwnerDSN})
		require.NoError(t, err)
		cfg.Redis.URL = "redis://u:hunter2@h:notaport/x"
		_, err = bootstrap.NewProvider(t.Context(), cfg, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "REDIS_URL")
		require.NotContains(t, err.Error(), "hunter2")
	})
}
