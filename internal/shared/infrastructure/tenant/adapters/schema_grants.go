package adapters

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
)

// tablePrivileges says what a tenant's role may do with each of its tables; tables that are not named here are its own
// to read and write. The audit log and the events only grow, the head row only counts, and the version is not its
// business.
const tablePrivileges = `
	SELECT c.oid, c.relname, CASE c.relname
		WHEN 'audit_log' THEN '{SELECT,INSERT}'
		WHEN 'events' THEN '{SELECT,INSERT}'
		WHEN 'head' THEN '{SELECT,UPDATE}'
		WHEN 'schema_migrations' THEN '{}'
		ELSE '{SELECT,INSERT,UPDATE,DELETE}' END::text[] AS allowed
	FROM pg_catalog.pg_class c
	WHERE c.relnamespace = quote_ident($1)::regnamespace AND c.relkind IN ('r', 'p')`

// grantsComplete reports whether the role exists, may be taken by the application and has exactly its rights.
func grantsComplete(ctx context.Context, tx pgx.Tx, tenantID, role string) (bool, error) {
	var complete bool
	err := tx.QueryRow(ctx, `
		WITH r AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $2 AND NOT rolcanlogin AND NOT rolsuper),
		p AS (`+tablePrivileges+`)
		SELECT EXISTS (SELECT FROM r)
			AND EXISTS (
				SELECT FROM pg_catalog.pg_auth_members m
				WHERE m.roleid = (SELECT oid FROM r) AND m.member = to_regrole($3))
			AND has_schema_privilege((SELECT oid FROM r), quote_ident($1)::regnamespace, 'USAGE')
			AND NOT has_schema_privilege((SELECT oid FROM r), quote_ident($1)::regnamespace, 'CREATE')
			AND NOT EXISTS (
				SELECT FROM pg_catalog.pg_class c
				WHERE c.relnamespace = quote_ident($1)::regnamespace
					AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege((SELECT oid FROM r), c.oid, 'USAGE') ELSE false END)
			AND NOT EXISTS (
				SELECT FROM p, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS privilege
				WHERE has_table_privilege((SELECT oid FROM r), p.oid, privilege) <> (privilege = ANY (p.allowed)))`,
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

// grantSchema touches the tenant's own objects and one membership: grants on shared objects would fail when two
// tenants are provisioned at once.
func grantSchema(ctx context.Context, tx pgx.Tx, tenantID, role string) error {
	_, err := tx.Conn().PgConn().Exec(ctx, grantStatements(tenantID, role)).ReadAll()
	if err != nil {
		return fmt.Errorf("granting the role its rights: %w", err)
	}
	return nil
}

func grantStatements(tenantID, role string) string {
	schema, role := auth.QuoteIdentifier(tenantID), auth.QuoteIdentifier(role)
	return `
		REVOKE ALL ON SCHEMA ` + schema + ` FROM PUBLIC, ` + role + `;
		REVOKE ALL ON ALL TABLES IN SCHEMA ` + schema + ` FROM PUBLIC, ` + role + `;
		GRANT USAGE ON SCHEMA ` + schema + ` TO ` + role + `;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ` + schema + ` TO ` + role + `;
		GRANT USAGE ON ALL SEQUENCES IN SCHEMA ` + schema + ` TO ` + role + `;
		REVOKE ALL ON schema_migrations FROM ` + role + `;
		REVOKE UPDATE, DELETE ON audit_log, events FROM ` + role + `;
		REVOKE INSERT, DELETE ON head FROM ` + role + `;
		GRANT ` + role + ` TO ` + RoleApp
}
