//go:build integration

package tenancy_test

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

const killAt = "MATCHER_TEST_KILL_AT"

// TestPurgeUntilKilled is the process that T93 kills: it erases one tenant and ends itself, as `kill -9` would, at a step.
func TestPurgeUntilKilled(t *testing.T) {
	step := os.Getenv(killAt)
	if step == "" {
		t.Skip("runs inside T93")
	}
	cfg, err := bootstrap.LoadConfig(os.Environ())
	require.NoError(t, err)
	app, err := bootstrap.OpenTenants(t.Context(), cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	tenants := app.Tenants()
	tenants.Step = func(_, at string) error {
		if at == step {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
	require.NoError(t, tenants.PurgeDue(t.Context()))
}

func TestT93_AnErasureThatIsKilledAnywhereConverges(t *testing.T) {
	t.Parallel()
	dsn, redisURL := testkit.Database(t), testkit.Redis(t)
	api := testkit.ServerAs(t, bootstrap.RoleAPI, dsn, onRedis(redisURL), atOnce)
	conn, tenants := owner(t, dsn), api.App.Tenants()
	options, err := redis.ParseURL(redisURL)
	require.NoError(t, err)
	keys := redis.NewClient(options)
	t.Cleanup(func() { _ = keys.Close() })

	neighbour := api.As(api.NewTenant("neighbour"), auth.RoleAdmin)
	neighbour.NewContext("books")
	require.NoError(t, keys.Set(t.Context(), "tenant:somebody:else", "1", 0).Err())
	others := testkit.Digest(t, conn, "control", "work")
	database := conn.Config().Database
	for n, step := range []string{"begin", "schema", "queue", "keys", "role", "registry entry", "end"} {
		tenantID := api.NewTenant("acme") // the slug is free again each time
		c := api.As(tenantID, auth.RoleAdmin)
		c.Must("POST", "/v1/contexts/"+c.NewContext("books")+"/runs", `{}`, nil)
		require.NoError(t, keys.MSet(t.Context(), "tenant:"+tenantID+":a", "1", "tenant:"+tenantID+":b:c", "1").Err())
		_, err := tenants.Delete(t.Context(), tenantID)
		require.NoError(t, err)

		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPurgeUntilKilled$")
		child.Env = append(os.Environ(), killAt+"="+step, "MULTI_TENANT_ENABLED=true", "REDIS_URL="+redisURL,
			"MATCHER_ENV=development", "POSTGRES_OWNER_DSN="+dsn, "POSTGRES_DSN="+api.Config.Postgres.DSN, "MATCHER_TENANT_GRACE_HOURS=0")
		out, err := child.CombinedOutput()
		var ended *exec.ExitError
		require.True(t, errors.As(err, &ended) && ended.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, "%s: %v %s", step, err, out)

		// The server may take a moment to see that the killed process is gone, and holds its lock until then: such a
		// round does nothing, and the next one does all of it.
		require.Eventually(t, func() bool {
			require.NoError(t, tenants.PurgeDue(t.Context()), step)
			_, err = tenants.Registry.Record(t.Context(), tenantID)
			return recon.KindOf(err) == recon.KindNotFound
		}, time.Minute, 20*time.Millisecond, step)
		require.Empty(t, testkit.TableNames(t, conn, tenantID), step)
		var left int
		require.NoError(t, conn.QueryRow(t.Context(), `
			SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = $1) + (SELECT count(*) FROM pg_roles WHERE rolname = $2)
				+ (SELECT count(*) FROM work.river_job WHERE args -> 'job' ->> 'tenantId' = $1)
				+ (SELECT count(*) FROM work.outbox_markers WHERE tenant_id = $1::text::uuid)
				+ (SELECT count(*) FROM work.outbox_visits WHERE tenant_id = $1::text::uuid)`,
			tenantID, adapters.TenantRole(database, tenantID)).Scan(&left))
		require.Zero(t, left, step)
		found, err := keys.Keys(t.Context(), "*"+tenantID+"*").Result()
		require.NoError(t, err)
		require.Empty(t, found, step)
		entries, err := tenants.Registry.Audit(t.Context(), tenantID, 0, 10)
		require.NoError(t, err)
		require.Equal(t, "tenant.purged", entries[0].Action, "what was done outlives the tenant")
		require.Equal(t, others, testkit.Digest(t, conn, "control", "work"), "nothing of anybody else's has changed: %s (%d)", step, n)
	}
	require.EqualValues(t, 1, keys.Exists(t.Context(), "tenant:somebody:else").Val())
}

func TestPurge_AFailureIsTriedAgainAndVersionsGoOn(t *testing.T) {
	t.Parallel()
	api := testkit.ServerAs(t, bootstrap.RoleAPI, testkit.Database(t), atOnce)
	tenants := api.App.Tenants()
	tenantID := api.NewTenant("acme")
	deleted, err := tenants.Delete(t.Context(), tenantID)
	require.NoError(t, err)
	tenants.Step = func(_, step string) error {
		if step == "role" {
			return errors.New("the disk is full")
		}
		return nil
	}
	err = tenants.PurgeDue(t.Context())
	require.ErrorContains(t, err, "the disk is full")
	require.ErrorContains(t, err, tenantID)
	_, err = tenants.Restore(t.Context(), tenantID)
	require.Equal(t, "TENANT_PURGING", recon.CodeOf(err), "there is no way back to half a tenant")
	tenants.Step = nil
	require.NoError(t, tenants.PurgeDue(t.Context()))
	again, err := tenants.Create(t.Context(), adapters.NewTenant{ID: tenantID, Slug: "acme", Name: "Acme"})
	require.NoError(t, err)
	require.Greater(t, again.Version, deleted.Version, "nobody takes news of the new tenant for old")
}
