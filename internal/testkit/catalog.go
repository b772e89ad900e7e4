package testkit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"matcher/internal/auth"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

// Catalog describes everything in a schema, one line a fact, sorted: tables, columns, defaults, constraints, indexes,
// sequences, comments and grants. The schema's and its roles' own names are left out, so that two tenants compare.
func Catalog(t testing.TB, conn *pgx.Conn, schema string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), catalogFacts, schema)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for i, fact := range facts {
		fact = strings.ReplaceAll(fact, auth.QuoteIdentifier(schema), "<schema>")
		facts[i] = strings.ReplaceAll(fact, schema, "<schema>")
	}
	slices.Sort(facts)
	return facts
}

const catalogFacts = `
	WITH n AS (SELECT oid, nspacl FROM pg_namespace WHERE nspname = $1),
	c AS (SELECT oid, relname, relkind, relpersistence, relacl, relowner FROM pg_class WHERE relnamespace = (SELECT oid FROM n)),
	grantee AS (SELECT oid, CASE WHEN rolname LIKE 't\_%' THEN '<tenant>' ELSE rolname END AS name FROM pg_roles
		UNION ALL SELECT 0, 'PUBLIC')
	SELECT format('relation %s %s %s', relkind, relname, relpersistence) FROM c
	UNION ALL
	SELECT format('column %s.%s %s %s null=%s identity=%s generated=%s default=%s', c.relname, a.attnum, a.attname,
		format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
	FROM c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
	UNION ALL
	SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = (SELECT oid FROM n)
	UNION ALL
	SELECT format('index %s', pg_get_indexdef(oid)) FROM c WHERE relkind = 'i'
	UNION ALL
	SELECT format('sequence %s %s %s', c.relname, s.seqtypid::regtype, s.seqincrement) FROM c JOIN pg_sequence s ON s.seqrelid = c.oid
	UNION ALL
	SELECT format('comment %s %s %s', c.relname, d.objsubid, d.description) FROM c JOIN pg_description d ON d.objoid = c.oid
	UNION ALL
	SELECT format('grant %s to %s on %s', a.privilege_type, grantee.name, c.relname)
	FROM c, aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a JOIN grantee ON grantee.oid = a.grantee
	WHERE c.relkind IN ('r', 'p', 'S')
	UNION ALL
	SELECT format('grant %s to %s on the schema', a.privilege_type, grantee.name)
	FROM n, aclexplode(n.nspacl) a JOIN grantee ON grantee.oid = a.grantee
	UNION ALL
	SELECT format('function %s %s', p.proname, pg_get_functiondef(p.oid)) FROM pg_proc p WHERE p.pronamespace = (SELECT oid FROM n)
	UNION ALL
	SELECT format('type %s', t.typname) FROM pg_type t WHERE t.typnamespace = (SELECT oid FROM n) AND t.typtype IN ('e', 'd', 'r')
	UNION ALL
	SELECT format('trigger %s', pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal`

// TableNames are the tables of a schema, sorted.
func TableNames(t testing.TB, conn *pgx.Conn, schema string) []string {
	t.Helper()
	return texts(t, conn, `
		SELECT relname::text FROM pg_class
		WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relkind IN ('r', 'p') ORDER BY relname COLLATE "C"`, schema)
}

// SchemaNames are the schemas that people made, sorted.
func SchemaNames(t testing.TB, conn *pgx.Conn) []string {
	t.Helper()
	return texts(t, conn, `SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`)
}

func texts(t testing.TB, conn *pgx.Conn, sql string, args ...any) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// Digest sums up the rows of every table outside the schemas named, and every schema's existence: two equal digests
// mean that nothing there changed.
func Digest(t testing.TB, conn *pgx.Conn, except ...string) map[string]string {
	t.Helper()
	tables := texts(t, conn, `
		SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> ALL ($1)
		ORDER BY 1`, except)
	digest := map[string]string{}
	for _, table := range tables {
		var sum string
		err := conn.QueryRow(t.Context(), fmt.Sprintf(
			`SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(x::text), '' ORDER BY x::text)), '') FROM %s AS x`, table)).Scan(&sum)
		if err != nil {
			t.Fatal(err)
		}
		digest[table] = sum
	}
	return digest
}

// SpanText returns all text of a span, to search for what it must not contain.
func SpanText(span tracetest.SpanStub) string {
	return fmt.Sprint(span.Name, span.Attributes, span.Events, span.Status, span.Resource)
}

// Extensions are those installed in the database, with their schema and version.
func Extensions(t testing.TB, conn *pgx.Conn) []string {
	t.Helper()
	return texts(t, conn, `SELECT format('%s %s %s', extname, extnamespace::regnamespace, extversion) FROM pg_extension ORDER BY 1`)
}

// RolesOutside are the roles and memberships that matter to this database, but the tenant's own.
func RolesOutside(t testing.TB, conn *pgx.Conn, database, tenantID string) []string {
	t.Helper()
	own := tenancy.TenantRole(database, tenantID)
	return texts(t, conn, `
		WITH ours AS (
			SELECT oid, rolname, format('%s super=%s login=%s inherit=%s createrole=%s', rolname, rolsuper, rolcanlogin, rolinherit, rolcreaterole) AS fact
			FROM pg_roles r
			WHERE rolname <> $1 AND (rolname !~ '^t_' OR EXISTS (
				SELECT FROM pg_shdepend d WHERE d.refobjid = r.oid AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())))
		)
		SELECT fact FROM ours
		UNION ALL
		SELECT format('%s is in %s', member::regrole, roleid::regrole) FROM pg_auth_members
		WHERE roleid IN (SELECT oid FROM ours) AND member IN (SELECT oid FROM ours)
		ORDER BY 1`, own)
}
