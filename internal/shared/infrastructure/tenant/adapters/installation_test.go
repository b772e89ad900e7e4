//go:build integration

package adapters_test

import (
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

func writeAudit(tx *postgres.Tx) error {
	tx.Audit("context.create", "context", "c", nil)
	return nil
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
	require.NoError(t, tenancy.Install(t.Context(), dsn, tenancy.Installation{}))
	owner := testkit.Dial(t, dsn)
	want := catalogs(t, owner)
	require.Equal(t, []string{"control", "ext", "public", "work"}, testkit.SchemaNames(t, owner))
	require.Equal(t, []string{"admin_keys", "audit", "revoked_tokens", "schema_migrations", "settings", "settings_history", "tenants"}, testkit.TableNames(t, owner, "control"))
	require.Subset(t, testkit.TableNames(t, owner, "work"), []string{"outbox_markers", "river_job", "river_leader", "river_queue"})
	require.Empty(t, testkit.TableNames(t, owner, "public"))

	t.Run("again changes nothing", func(t *testing.T) {
		require.NoError(t, tenancy.Install(t.Context(), dsn, tenancy.Installation{}))
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
		app := testkit.Dial(t, as(t, dsn, "matcher_app", ""))
		for _, sql := range []string{`SELECT 1 FROM control.tenants`, `SELECT 1 FROM work.river_job`, `CREATE TABLE public.mine ()`} {
			_, err := app.Exec(t.Context(), sql)
			require.ErrorContains(t, err, "42501", sql)
		}
	})
}

func TestInstall_RefusesAnEarlierBaseline(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	require.NoError(t, tenancy.Install(t.Context(), dsn, tenancy.Installation{}))
	owner := testkit.Dial(t, dsn)
	_, err := owner.Exec(t.Context(), `ALTER TABLE control.schema_migrations DROP COLUMN baseline`)
	require.NoError(t, err)
	before := catalogs(t, owner)
	require.ErrorContains(t, tenancy.Install(t.Context(), dsn, tenancy.Installation{}), "start with a new data folder or database")
	require.Equal(t, before, catalogs(t, owner))
}

func TestInstall_ManyAtOnce(t *testing.T) {
	t.Parallel()
	server := testkit.PostgresServer(t) // whose roles nobody has made yet
	admin := testkit.Dial(t, server.DSN("postgres", ""))
	for _, name := range []string{"first", "second"} {
		_, err := admin.Exec(t.Context(), `CREATE DATABASE `+name)
		require.NoError(t, err)
	}
	first, second := server.DSN("first", ""), server.DSN("second", "")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := tenancy.Install(t.Context(), []string{first, second}[i%2], tenancy.Installation{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, catalogs(t, testkit.Dial(t, first)), catalogs(t, testkit.Dial(t, second)))
}

func TestInstall_ByAnOwnerThatIsNoSuperuser(t *testing.T) {
	t.Parallel()
	server := testkit.PostgresServer(t) // roles belong to the server: this test makes its own
	admin := testkit.Dial(t, server.DSN("postgres", ""))
	for _, sql := range []string{`CREATE ROLE matcher_owner LOGIN CREATEROLE`, `CREATE DATABASE matcher OWNER matcher_owner`} {
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	dsn := server.DSN("matcher", "matcher_owner")
	require.NoError(t, tenancy.Install(t.Context(), dsn, tenancy.Installation{}))
	_, err := admin.Exec(t.Context(), `ALTER ROLE matcher_app PASSWORD 'secret'`)
	require.NoError(t, err)
	require.NoError(t, tenancy.Install(t.Context(), dsn, tenancy.Installation{}))

	var hash *string
	require.NoError(t, admin.QueryRow(t.Context(), `SELECT rolpassword FROM pg_authid WHERE rolname = 'matcher_app'`).Scan(&hash))
	require.NotNil(t, hash, "a later install keeps the password")

	in := testkit.OpenInstallation(t, dsn)
	ctx, tenantID := in.NewTenant(t)
	require.NoError(t, in.DB.Tx(ctx, writeAudit))
	require.Empty(t, testkit.Violations(t, testkit.Dial(t, server.DSN("matcher", "")), tenantID))
}

// POSTGRES_USER may be any name: it takes the roles that matcher_app may take, and has no right itself.
func TestInstall_ForALoginOfAnyName(t *testing.T) {
	t.Parallel()
	server := testkit.PostgresServer(t)
	admin := testkit.Dial(t, server.DSN("postgres", ""))
	for _, sql := range []string{
		`CREATE ROLE recon_owner LOGIN CREATEROLE`, `CREATE DATABASE matcher OWNER recon_owner`,
		`CREATE ROLE "Recon's$$app" LOGIN`, `CREATE ROLE stranger LOGIN`,
	} {
		_, err := admin.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	dsn := server.DSN("matcher", "recon_owner")
	for range 2 { // the second changes nothing
		require.NoError(t, tenancy.Install(t.Context(), dsn, tenancy.Installation{Logins: []string{"Recon's$$app", "recon_owner", "not_there"}}))
	}
	for login, admitted := range map[string]bool{"Recon's$$app": true, "recon_owner": true, "matcher_app": true, "stranger": false} {
		in := testkit.OpenInstallation(t, dsn, func(s *tenancy.ConnectionSettings) { s.DSN = as(t, dsn, login, "") })
		if !admitted {
			_, err := in.Registry.Records(t.Context(), "", "", 1)
			require.Error(t, err, login)
			continue
		}
		ctx, _ := in.NewTenant(t)
		require.NoError(t, in.DB.Tx(ctx, writeAudit), login)
	}
	for _, sql := range []string{`SELECT 1 FROM control.tenants`, `SELECT 1 FROM work.river_job`} {
		_, err := testkit.Dial(t, as(t, dsn, "Recon's$$app", "")).Exec(t.Context(), sql)
		require.ErrorContains(t, err, "42501", "a login that inherits has no right of its own either")
	}
}

func TestInstall_WithoutRoles(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	require.NoError(t, tenancy.Install(t.Context(), dsn, tenancy.Installation{WithoutRoles: true}))
	owner := testkit.Dial(t, dsn)
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
		err := tenancy.Install(t.Context(), dsn, tenancy.Installation{})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
