//go:build unit || !integration

package bootstrap

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
)

const goodSecret = "Zk3v9Qp1Lx7Rw5Tn8Yb2Hc6Jd4Gf0SaU"

func TestLoadConfig(t *testing.T) {
	t.Run("nothing set is the embedded default with one tenant", func(t *testing.T) {
		cfg, err := LoadConfig(nil)
		require.NoError(t, err)
		require.False(t, cfg.Postgres.External())
		require.False(t, cfg.Tenancy.MultiTenantEnabled)
		require.Equal(t, "11111111-1111-1111-1111-111111111111", cfg.Tenancy.DefaultTenantID)
		require.Equal(t, "matcher.tenant.events", cfg.Tenancy.MultiTenantEventChannel)
		require.Equal(t, auth.DevelopmentSecret, cfg.AuthConfig().Secret)
		require.False(t, cfg.Telemetry.TracesWanted())
	})
	t.Run("the event channel set to nothing is off", func(t *testing.T) {
		cfg, err := LoadConfig([]string{"MULTI_TENANT_EVENT_CHANNEL="})
		require.NoError(t, err)
		require.Empty(t, cfg.Tenancy.MultiTenantEventChannel)
	})
	t.Run("an alias sets its variable, and must not contradict it", func(t *testing.T) {
		cfg, err := LoadConfig([]string{"MULTI_TENANT_CACHE_TTL_SEC=0"})
		require.NoError(t, err)
		require.Zero(t, cfg.Tenancy.MultiTenantConfigCacheTTLSec)
		_, err = LoadConfig([]string{"MULTI_TENANT_CACHE_TTL_SEC=0", "MULTI_TENANT_CONFIG_CACHE_TTL_SEC=9"})
		require.ErrorContains(t, err, "alias")
	})
	t.Run("fields of the address make both connection strings", func(t *testing.T) {
		cfg, err := LoadConfig([]string{"MATCHER_ENV=development", "POSTGRES_HOST=db", "POSTGRES_PASSWORD=p/w", "POSTGRES_OWNER_PASSWORD=o"})
		require.NoError(t, err)
		require.Equal(t, "postgres://matcher_app:p%2Fw@db:5432/matcher?sslmode=prefer", cfg.Postgres.AppDSN())
		require.Equal(t, "postgres://matcher_owner:o@db:5432/matcher?sslmode=prefer", cfg.Postgres.OwnerConnDSN())
	})
	t.Run("the host may be the folder of a socket", func(t *testing.T) {
		cfg, err := LoadConfig([]string{"MATCHER_ENV=development", "POSTGRES_HOST=/run/postgresql", "POSTGRES_PORT=5433"})
		require.NoError(t, err)
		parsed, err := pgx.ParseConfig(cfg.Postgres.AppDSN())
		require.NoError(t, err)
		require.Equal(t, "/run/postgresql", parsed.Host)
		require.EqualValues(t, 5433, parsed.Port)
	})
	t.Run("every wrong variable is named at once and no value is repeated", func(t *testing.T) {
		_, err := LoadConfig([]string{
			"POSTGRES_PORT=hunter2", "MULTI_TENANT_ENABLED=maybe", "DEFAULT_TENANT_ID=NOT-A-UUID", "MATCHER_ADDR=nowhere",
			"MULTI_TENANT_URL=http://tenants.example.com", "REDIS_URL=ftp://x", "POSTGRES_DSN=postgres://a:hunter2@b/c",
			"POSTGRES_HOST=db", "MULTI_TENANT_MAX_TENANT_POOLS=0", "AUTH_HS256_SECRET=short-hunter2", "AUTH_JWKS_URL=keys",
			"MATCHER_LOG_LEVEL=loud", "POSTGRES_SSLMODE=maybe", "DEFAULT_TENANT_SLUG= ",
		})
		var config *ConfigError
		require.ErrorAs(t, err, &config)
		for _, name := range []string{
			"POSTGRES_PORT", "MULTI_TENANT_ENABLED", "DEFAULT_TENANT_ID", "MATCHER_ADDR", "MULTI_TENANT_URL",
			"MULTI_TENANT_SERVICE_API_KEY", "REDIS_URL", "POSTGRES_HOST", "POSTGRES_OWNER_DSN", "MULTI_TENANT_MAX_TENANT_POOLS",
			"AUTH_HS256_SECRET", "AUTH_JWKS_URL", "MATCHER_LOG_LEVEL", "POSTGRES_SSLMODE", "DEFAULT_TENANT_SLUG",
		} {
			require.Contains(t, err.Error(), name)
		}
		require.NotContains(t, err.Error(), "hunter2")
	})
	t.Run("a remote tenant manager on this machine may speak http", func(t *testing.T) {
		_, err := LoadConfig([]string{"MULTI_TENANT_URL=http://127.0.0.1:9", "MULTI_TENANT_SERVICE_API_KEY=k"})
		require.NoError(t, err)
	})
	t.Run("traces go over OTLP where an endpoint is configured, or nowhere", func(t *testing.T) {
		for env, wanted := range map[string]bool{
			"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318": true, "OTEL_TRACES_EXPORTER=otlp": true, "OTEL_TRACES_EXPORTER=none": false,
		} {
			cfg, err := LoadConfig([]string{env})
			require.NoError(t, err)
			require.Equal(t, wanted, cfg.Telemetry.TracesWanted(), env)
		}
		_, err := LoadConfig([]string{"OTEL_TRACES_EXPORTER=carrier-pigeon"})
		require.ErrorContains(t, err, "OTEL_TRACES_EXPORTER is none of otlp, none")
	})
	t.Run("an owner without a database is a mistake", func(t *testing.T) {
		_, err := LoadConfig([]string{"POSTGRES_OWNER_DSN=postgres://a@b/c"})
		require.ErrorContains(t, err, "POSTGRES_HOST")
	})
}
