//go:build integration

package bootstrap_test

import (
	"context"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/bootstrap"
	"matcher/internal/testkit"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func catalogs(t *testing.T, conn *pgx.Conn) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, schema := range testkit.SchemaNames(t, conn) {
		all[schema] = testkit.Catalog(t, conn, schema)
	}
	return all
}

func as(t *testing.T, dsn, user, password string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	query := u.Query()
	query.Set("user", user)
	query.Set("password", password)
	u.RawQuery, u.User = query.Encode(), nil
	return u.String()
}

func TestInstall(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	require.NoError(t, bootstrap.Install(t.Context(), dsn))
	owner := connect(t, dsn)
	want := catalogs(t, owner)
	require.Equal(t, []string{"control", "ext", "public", "work"}, testkit.SchemaNames(t, owner))
	require.Equal(t, []string{"audit", "schema_migrations", "settings", "settings_history", "tenants"}, testkit.TableNames(t, owner, "control"))
	require.Subset(t, testkit.TableNames(t, owner, "work"), []string{"outbox_markers", "river_job", "river_leader", "river_queue"})
	require.Empty(t, testkit.TableNames(t, owner, "public"))

	t.Run("again changes nothing", func(t *testing.T) {
		require.NoError(t, bootstrap.Install(t.Context(), dsn))
		require.Equal(t, want, catalogs(t, owner))
	})
	t.Run("the application's role logs in, inherits nothing and owns nothing", func(t *testing.T) {
		var login, inherits, super, createRole, createDB bool
		require.NoError(t, owner.QueryRow(t.Context(), `
			SELECT rolcanlogin, rolinherit, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = 'matcher_app'`).
			Scan(&login, &inherits, &super, &createRole, &createDB))
		require.Equal(t, []bool{true, false, false, false, false}, []bool{login, inherits, super, createRole, createDB})
		var granted int
		require.NoError(t, owner.QueryRow(t.Context(), `
			SELECT count(*) FROM pg_class, aclexplode(relacl) a WHERE a.grantee = to_regrole('matcher_app')::oid`).Scan(&granted))
		require.Zero(t, granted)
		app := connect(t, as(t, dsn, "matcher_app", ""))
		for _, sql := range []string{`SELECT 1 FROM control.tenants`, `SELECT 1 FROM work.river_job`, `CREATE TABLE public.mine ()`} {
			_, err := app.Exec(t.Context(), sql)
			require.ErrorContains(t, err, "42501", sql)
		}
	})
}

func TestInstall_RefusesAnEarlierBaseline(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	require.NoError(t, bootstrap.Install(t.Context(), dsn))
	owner := connect(t, dsn)
	_, err := owner.Exec(t.Context(), `ALTER TABLE control.schema_migrations DROP COLUMN baseline`)
	require.NoError(t, err)
	before := catalogs(t, owner)
	require.ErrorContains(t, bootstrap.Install(t.Context(), dsn), "start with a new data folder or database")
	require.Equal(t, before, catalogs(t, owner))
}

func TestInstall_ManyAtOnce(t *testing.T) {
	t.Parallel()
	server := testkit.PostgresServer(t) // whose roles nobody has made yet
	admin := connect(t, server.DSN("postgres", ""))
	for _, name := range []string{"first", "second"} {
		_, err := admin.Exec(t.Context(), `CREATE DATABASE `+name)
		require.NoError(t, err)
	}
	first, second := server.DSN("first", ""), server.DSN("second", "")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := bootstrap.Install(t.Context(), []string{first, second}[i%2]); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, catalogs(t, connect(t, first)), catalogs(t, connect(t, second)))
}

func TestInstall_ByAnOwnerThatIsNoSuperuser(t *testing.T) {
	t.Parallel()
	server := testkit.PostgresServer(t) // roles belong to the server: this test makes its own
	admin := connect(t, server.DSN("postgres", ""))
	for _, sql := range []string{`CREATE ROLE matcher_owner LOGIN CREATEROLE`, `CREATE DATABASE matcher OWNER matcher_owner`} {
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	dsn := server.DSN("matcher", "matcher_owner")
	require.NoError(t, bootstrap.Install(t.Context(), dsn))
	_, err := admin.Exec(t.Context(), `ALTER ROLE matcher_app PASSWORD 'secret'`)
	require.NoError(t, err)
	require.NoError(t, bootstrap.Install(t.Context(), dsn))

	var hash *string
	require.NoError(t, admin.QueryRow(t.Context(), `SELECT rolpassword FROM pg_authid WHERE rolname = 'matcher_app'`).Scan(&hash))
	require.NotNil(t, hash, "a later install keeps the password")

	in := testkit.OpenInstallation(t, dsn)
	ctx, tenantID := in.NewTenant(t)
	require.NoError(t, in.DB.Tx(ctx, writeAudit))
	require.Empty(t, testkit.Violations(t, connect(t, server.DSN("matcher", "")), tenantID))
}

func TestInstall_WithoutRoles(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	require.NoError(t, bootstrap.Install(t.Context(), dsn, bootstrap.WithoutRoles()))
	owner := connect(t, dsn)
	var grants int
	require.NoError(t, owner.QueryRow(t.Context(), `
		SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
		WHERE r.rolname LIKE 'matcher\_%' AND c.relnamespace <> 'pg_catalog'::regnamespace`).Scan(&grants))
	require.Zero(t, grants)
}

func TestInstall_TellsNoPassword(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://owner:hunter2@[::1/matcher", "postgres://owner:hunter2@127.0.0.1:1/matcher?connect_timeout=1",
	} {
		err := bootstrap.Install(t.Context(), dsn)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
