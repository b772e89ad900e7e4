//go:build integration

package tenancy_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/testkit"
)

func onRedis(url string) testkit.ServerOption {
	return func(cfg *bootstrap.Config) { cfg.Redis.URL = url }
}

func atOnce(cfg *bootstrap.Config) { cfg.Tenancy.GraceHours = 0 }

func owner(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func meStatus(api *testkit.APIServer, tenantID string) (int, string) {
	answer := api.As(tenantID, auth.RoleAdmin).Call("GET", "/v1/me", nil)
	return answer.Status, answer.Problem().Code
}

func requireMe(t *testing.T, api *testkit.APIServer, tenantID string, status int, code string) {
	t.Helper()
	gotStatus, gotCode := meStatus(api, tenantID)
	require.Equal(t, status, gotStatus)
	require.Equal(t, code, gotCode)
}

func TestT91_ASuspendedTenantIsRefusedAndItsWorkWaits(t *testing.T) {
	t.Parallel()
	dsn, redis := testkit.Database(t), testkit.Redis(t)
	api := testkit.ServerAs(t, bootstrap.RoleAPI, dsn, onRedis(redis))
	tenantID, neighbour := api.NewTenant("acme"), api.NewTenant("neighbour")
	c, conn, tenants := api.As(tenantID, auth.RoleAdmin), owner(t, dsn), api.App.Tenants()
	var runs []recon.Run
	for _, name := range []string{"one", "two", "three"} {
		var run recon.Run
		c.Must("POST", "/v1/contexts/"+c.NewContext(name)+"/runs", `{}`, &run)
		runs = append(runs, run)
	}
	suspended, err := tenants.Suspend(t.Context(), tenantID)
	require.NoError(t, err)
	require.Equal(t, ports.TenantSuspended, suspended.Status)
	requireMe(t, api, tenantID, http.StatusForbidden, "TENANT_SUSPENDED")
	requireMe(t, api, neighbour, http.StatusOK, "")

	testkit.ServerAs(t, bootstrap.RoleWorker, dsn, onRedis(redis))
	jobs := func(state string) (n int) {
		require.NoError(t, conn.QueryRow(t.Context(), `
			SELECT count(*) FROM work.river_job WHERE state = $1::text::work.river_job_state AND args -> 'job' ->> 'tenantId' = $2`, state, tenantID).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return jobs("scheduled") == len(runs) }, time.Minute, 20*time.Millisecond, "its jobs are parked")

	_, err = tenants.Resume(t.Context(), tenantID)
	require.NoError(t, err)
	for _, run := range runs {
		require.Eventually(t, func() bool {
			var now recon.Run
			c.Must("GET", "/v1/runs/"+run.ID, nil, &now)
			return now.Status == "COMPLETED"
		}, time.Minute, 50*time.Millisecond, "and go on when it is let in again")
	}
	require.Eventually(t, func() bool { return jobs("completed") == len(runs) }, time.Minute, 20*time.Millisecond, "each once")
}

func TestSuspend_IsHeardByOtherInstances(t *testing.T) {
	t.Parallel()
	dsn, redis := testkit.Database(t), testkit.Redis(t)
	here, there := testkit.ServerOn(t, dsn, onRedis(redis)), testkit.ServerOn(t, dsn, onRedis(redis))
	tenantID := here.NewTenant("acme")
	requireMe(t, here, tenantID, http.StatusOK, "")
	requireMe(t, there, tenantID, http.StatusOK, "")
	_, err := here.App.Tenants().Suspend(t.Context(), tenantID)
	require.NoError(t, err)
	requireMe(t, here, tenantID, http.StatusForbidden, "TENANT_SUSPENDED")
	require.Eventually(t, func() bool { status, _ := meStatus(there, tenantID); return status == http.StatusForbidden }, 20*time.Second, 10*time.Millisecond)
	_, err = there.App.Tenants().Resume(t.Context(), tenantID)
	require.NoError(t, err)
	requireMe(t, there, tenantID, http.StatusOK, "")
	require.Eventually(t, func() bool { status, _ := meStatus(here, tenantID); return status == http.StatusOK }, 20*time.Second, 10*time.Millisecond)
}

func TestT92_ADeletedTenantCanBeRestoredAsItWas(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantID, tenants, conn := api.NewTenant("acme"), api.App.Tenants(), owner(t, api.OwnerDSN)
	c := api.As(tenantID, auth.RoleAdmin)
	c.Upload(c.NewSource(c.NewContext("books"), "left", recon.Left), "l.csv", "id,date,amount,currency\nA,2026-01-05,1.00,EUR\n")
	before := testkit.Digest(t, conn, "control", "work")

	deleted, err := tenants.Delete(t.Context(), tenantID)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(30*24*time.Hour), *deleted.PurgeAt, time.Hour)
	requireMe(t, api, tenantID, http.StatusNotFound, "NOT_FOUND")
	require.NoError(t, tenants.PurgeDue(t.Context()))
	require.Equal(t, "TENANT_NOT_DUE", recon.CodeOf(tenants.Purge(t.Context(), tenantID)))
	require.Equal(t, before, testkit.Digest(t, conn, "control", "work"), "its data lies untouched")

	_, err = tenants.Create(t.Context(), adapters.NewTenant{ID: tenantID, Slug: "another", Name: "x"})
	require.Equal(t, "TENANT_EXISTS", recon.CodeOf(err))
	_, err = tenants.Create(t.Context(), adapters.NewTenant{Slug: "acme", Name: "x"})
	require.Equal(t, "NAME_TAKEN", recon.CodeOf(err))
	_, err = tenants.Suspend(t.Context(), tenantID)
	require.Equal(t, "TENANT_DELETED", recon.CodeOf(err))

	restored, err := tenants.Restore(t.Context(), tenantID)
	require.NoError(t, err)
	require.Equal(t, ports.TenantActive, restored.Status)
	require.Nil(t, restored.PurgeAt)
	requireMe(t, api, tenantID, http.StatusOK, "")
	require.Equal(t, before, testkit.Digest(t, conn, "control", "work"))

	_, err = tenants.Suspend(t.Context(), tenantID)
	require.NoError(t, err)
	_, err = tenants.Delete(t.Context(), tenantID)
	require.NoError(t, err)
	restored, err = tenants.Restore(t.Context(), tenantID)
	require.NoError(t, err)
	require.Equal(t, ports.TenantSuspended, restored.Status, "what was suspended comes back suspended")

	entries, err := tenants.Registry.Audit(t.Context(), tenantID, 0, 100)
	require.NoError(t, err)
	actions := make([]string, len(entries))
	for n, entry := range entries {
		actions[n] = entry.Action
	}
	require.Equal(t, []string{"tenant.restore", "tenant.delete", "tenant.suspend", "tenant.restore", "tenant.delete", "tenant.create"}, actions)
	_, err = tenants.Delete(t.Context(), api.Config.Tenancy.DefaultTenantID)
	require.Equal(t, "TENANT_PERMANENT", recon.CodeOf(err))
}

func TestCreate_InADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenants, conn := api.App.Tenants(), owner(t, api.OwnerDSN)
	database := "own_" + uuid.NewString()[:8]
	created, err := tenants.Create(t.Context(), adapters.NewTenant{Slug: "large", Name: "Large", Database: database})
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = conn.Exec(context.Background(), `DROP DATABASE IF EXISTS `+database+` WITH (FORCE)`) })
	c := api.As(created.TenantID, auth.RoleAdmin)
	c.NewContext("books")
	require.Empty(t, testkit.TableNames(t, conn, created.TenantID), "nothing of it lies in the installation's database")
	config, err := pgx.ParseConfig(api.OwnerDSN)
	require.NoError(t, err)
	config.Database = database
	own, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	defer own.Close(t.Context())
	require.NotEmpty(t, testkit.TableNames(t, own, created.TenantID))
	migration, err := tenants.Migrate(t.Context())
	require.NoError(t, err)
	require.Zero(t, migration.Migrated+migration.Remaining)

	_, err = tenants.Create(t.Context(), adapters.NewTenant{Slug: "lost", Name: "Lost", Cluster: "nowhere"})
	require.Equal(t, recon.KindUnprocessable, recon.KindOf(err))
	for _, bad := range []string{"postgres", "template1", "A", "a-b", "1a", `x"; DROP`} {
		_, err = tenants.Create(t.Context(), adapters.NewTenant{Slug: "bad", Name: "Bad", Database: bad})
		require.Equal(t, recon.KindUnprocessable, recon.KindOf(err), bad)
	}
}
