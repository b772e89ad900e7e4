//go:build integration

package tenant

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

// attempts are statements for each right on a table; each is refused before it would do anything.
var attempts = map[string]string{
	"SELECT":     `SELECT 1 FROM {table} LIMIT 1`,
	"INSERT":     `INSERT INTO {table} SELECT * FROM {table} WHERE false`,
	"UPDATE":     `UPDATE {table} SET {column} = {column} WHERE false`,
	"DELETE":     `DELETE FROM {table} WHERE false`,
	"TRUNCATE":   `TRUNCATE {table}`,
	"REFERENCES": `CREATE TEMP TABLE r (x text REFERENCES {table})`,
	"LOCK":       `LOCK TABLE {table} IN ACCESS SHARE MODE`,
}

func TestT12_EveryRightOnEveryForeignTable_IsDenied(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	_, tenantA := in.NewTenant(t)
	_, tenantB := in.NewTenant(t)
	owner, app := in.Owner(t), in.App(t)
	tables := allTables(t, owner)
	require.Greater(t, len(tables), 2*len(tenantTables))

	roles := map[string]string{
		"":                                       "", // the login role alone: it inherits nothing
		tenancy.TenantRole(in.Database, tenantA): tenantA,
		tenancy.TenantRole(in.Database, tenantB): tenantB,
		tenancy.RoleWork:                         "work",
		tenancy.RoleControl:                      "control",
	}
	for role, own := range roles {
		for _, table := range tables {
			if table.schema == own {
				continue
			}
			for right, statement := range attempts {
				err := attempt(t, app, role, strings.NewReplacer("{table}", table.name, "{column}", table.column).Replace(statement))
				var pgErr *pgconn.PgError
				require.ErrorAs(t, err, &pgErr, "%s could %s %s", role, right, table.name)
				require.Equal(t, "42501", pgErr.Code, "%s %s %s: %v", role, right, table.name, err)
			}
		}
		if own != "" {
			require.NoError(t, attempt(t, app, role, `SELECT 1 FROM `+ownTable(tables, own)), "the matrix can tell a right")
		}
	}
}

func TestT12_NoRoleMayDoMoreThanItsTables(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	_, tenantA := in.NewTenant(t)
	app := in.App(t)
	for _, role := range []string{"", tenancy.TenantRole(in.Database, tenantA), tenancy.RoleWork, tenancy.RoleControl} {
		for _, statement := range []string{
			`CREATE SCHEMA mine`, `CREATE TABLE public.mine ()`, `CREATE ROLE mine`, `CREATE DATABASE mine`,
			`SET ROLE ` + pgx.Identifier{in.OwnerUser(t)}.Sanitize(), `SET SESSION AUTHORIZATION ` + pgx.Identifier{in.OwnerUser(t)}.Sanitize(),
			`GRANT matcher_work TO ` + tenancy.TenantRole(in.Database, tenantA), `ALTER ROLE matcher_app SUPERUSER`,
			`CREATE EXTENSION pg_trgm`, `COPY (SELECT 1) TO PROGRAM 'true'`, `SELECT pg_read_file('/etc/passwd')`,
		} {
			require.Error(t, attempt(t, app, role, statement), "%q could %s", role, statement)
		}
	}
}

type table struct{ schema, name, column string }

// allTables are those outside PostgreSQL's own schemas, each with its first column.
func allTables(t *testing.T, owner *pgx.Conn) []table {
	t.Helper()
	rows, err := owner.Query(t.Context(), `
		SELECT n.nspname, format('%I.%I', n.nspname, c.relname), quote_ident(a.attname)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
		WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 2`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t table, err error) {
		return t, row.Scan(&t.schema, &t.name, &t.column)
	})
	require.NoError(t, err)
	return tables
}

func ownTable(tables []table, schema string) string {
	return tables[slices.IndexFunc(tables, func(t table) bool {
		return t.schema == schema && t.name != "work.schema_migrations" && t.name != "control.schema_migrations"
	})].name
}

// attempt runs one statement as a role and undoes it.
func attempt(t *testing.T, app *pgx.Conn, role, sql string) error {
	t.Helper()
	ctx := t.Context()
	tx, err := app.Begin(ctx)
	require.NoError(t, err)
	defer tx.Rollback(ctx)
	if role != "" {
		_, err = tx.Exec(ctx, `SET LOCAL ROLE `+pgx.Identifier{role}.Sanitize())
		require.NoError(t, err)
	}
	_, err = tx.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}
