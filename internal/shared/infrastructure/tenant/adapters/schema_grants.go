package adapters

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
)

// schemaRelations lists the relations of a schema by the catalog's dependencies on it, which have an index. pg_class
// has none by schema: it and GRANT … ON ALL TABLES read the whole of it, every other tenant's part included.
const schemaRelations = `
	SELECT c.oid, c.relname::text, c.relkind, c.relispartition
	FROM pg_catalog.pg_depend d
	JOIN pg_catalog.pg_class c ON c.oid = d.objid
	WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = to_regnamespace(quote_ident($1))
		AND d.classid = 'pg_catalog.pg_class'::regclass`

// relationPrivileges lists the rights of a tenant's role on each of its tables and sequences; tables that are not named
// here are its own to read and write. The audit log and the events only grow, the head row only counts, and the version
// is not its business.
const relationPrivileges = `
	SELECT oid, relname, relkind = 'S' AS sequence, CASE
		WHEN relkind = 'S' THEN '{USAGE}'
		WHEN relname = 'audit_log' THEN '{SELECT,INSERT}'
		WHEN relname = 'events' THEN '{SELECT,INSERT}'
		WHEN relname = 'head' THEN '{SELECT,UPDATE}'
		WHEN relname = 'schema_migrations' THEN '{}'
		ELSE '{SELECT,INSERT,UPDATE,DELETE}' END::text[] AS allowed
	FROM (` + schemaRelations + `) AS relations
	WHERE relkind IN ('r', 'p', 'S')`

// grantsComplete reports whether the role exists, may be taken by the application and has exactly its rights.
func grantsComplete(ctx context.Context, tx pgx.Tx, tenantID, role string) (bool, error) {
	var complete bool
	err := tx.QueryRow(ctx, `
		WITH r AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $2 AND NOT rolcanlogin AND NOT rolsuper),
		p AS MATERIALIZED (`+relationPrivileges+`)
		SELECT EXISTS (SELECT FROM r)
			AND EXISTS (
				SELECT FROM pg_catalog.pg_auth_members m
				WHERE m.roleid = (SELECT oid FROM r) AND m.member = to_regrole($3))
			AND has_schema_privilege((SELECT oid FROM r), quote_ident($1)::regnamespace, 'USAGE')
			AND NOT has_schema_privilege((SELECT oid FROM r), quote_ident($1)::regnamespace, 'CREATE')
			AND NOT EXISTS (SELECT FROM p WHERE CASE WHEN sequence THEN NOT has_sequence_privilege((SELECT oid FROM r), p.oid, 'USAGE') END)
			AND NOT EXISTS (
				SELECT FROM p, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS privilege
				WHERE CASE WHEN NOT sequence THEN has_table_privilege((SELECT oid FROM r), p.oid, privilege) <> (privilege = ANY (p.allowed)) END)`,
		tenantID, role, RoleApp).Scan(&complete)
	if err != nil {
		return false, fmt.Errorf("checking the role's rights: %w", err)
	}
	return complete, nil
}

func createRole(ctx context.Context, tx pgx.Tx, role string) error {
	var exists bool
	if err := tx.QueryRow(ctx, `SELECT to_regrole($1) IS NOT NULL`, role).Scan(&exists); err != nil {
		return fmt.Errorf("looking for the role: %w", err)
	}
	if exists {
		return nil
	}
	if _, err := tx.Exec(ctx, `CREATE ROLE `+auth.QuoteIdentifier(role)+` NOLOGIN`); err != nil {
		return fmt.Errorf("creating the role: %w", err)
	}
	return nil
}

// relation is a table or a sequence of a tenant and what its role may do with it.
type relation struct {
	Name     string
	Sequence bool
	Allowed  []string
}

// grantSchema touches the tenant's own objects and one membership: grants on shared objects would fail when two
// tenants are provisioned at once.
func grantSchema(ctx context.Context, tx pgx.Tx, tenantID, role string) error {
	rows, _ := tx.Query(ctx, `SELECT relname, sequence, allowed FROM (`+relationPrivileges+`) AS p ORDER BY relname`, tenantID)
	relations, err := pgx.CollectRows(rows, pgx.RowToStructByPos[relation])
	if err != nil {
		return fmt.Errorf("listing what the role has rights on: %w", err)
	}
	if _, err := tx.Conn().PgConn().Exec(ctx, grantStatements(tenantID, role, relations)).ReadAll(); err != nil {
		return fmt.Errorf("granting the role its rights: %w", err)
	}
	return nil
}

// grantStatements takes every right away and gives what is allowed, by one statement for each set of rights.
func grantStatements(tenantID, role string, relations []relation) string {
	schema, role := auth.QuoteIdentifier(tenantID), auth.QuoteIdentifier(role)
	var tables []string
	named := map[string][]string{} // by "SELECT, INSERT ON TABLE "
	for _, r := range relations {
		kind, name := " ON SEQUENCE ", schema+"."+auth.QuoteIdentifier(r.Name)
		if !r.Sequence {
			kind, tables = " ON TABLE ", append(tables, name)
		}
		if len(r.Allowed) > 0 {
			rights := strings.Join(r.Allowed, ", ") + kind
			named[rights] = append(named[rights], name)
		}
	}
	statements := []string{
		`REVOKE ALL ON SCHEMA ` + schema + ` FROM PUBLIC, ` + role,
		`REVOKE ALL ON TABLE ` + strings.Join(tables, ", ") + ` FROM PUBLIC, ` + role,
		`GRANT USAGE ON SCHEMA ` + schema + ` TO ` + role,
	}
	for _, rights := range slices.Sorted(maps.Keys(named)) {
		statements = append(statements, `GRANT `+rights+strings.Join(named[rights], ", ")+` TO `+role)
	}
	return strings.Join(append(statements, `GRANT `+role+` TO `+RoleApp), ";\n")
}
