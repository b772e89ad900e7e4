package adapters

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/migrations"
)

// pendingChunk bounds the schemas that one statement reads: its plan has a node and its backend a lock for each.
const pendingChunk = 500

// PendingTenants returns the tenants whose schema is missing or not at the newest version, in the given order. One
// statement reads the version tables of many schemas: one statement a schema takes thirty times as long.
func (p *PostgresTenantSchemaProvisioner) PendingTenants(ctx context.Context, tenantIDs []string) ([]string, error) {
	newest, err := newestVersion(p.files)
	if err != nil {
		return nil, err
	}
	config, err := p.connConfig()
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to read versions: %w", err)
	}
	defer closeConn(ctx, conn)
	current := map[string]bool{}
	for chunk := range slices.Chunk(tenantIDs, pendingChunk) {
		at, err := readVersions(ctx, conn, chunk, newest)
		if err != nil {
			return nil, err
		}
		for _, tenantID := range at {
			current[tenantID] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(tenantIDs), func(tenantID string) bool { return current[tenantID] }), nil
}

// readVersions returns the tenants whose schema is at the newest version.
func readVersions(ctx context.Context, conn *pgx.Conn, tenantIDs []string, newest int64) (current []string, err error) {
	made, err := collect[string](ctx, conn, `
		SELECT n.nspname::text
		FROM pg_catalog.pg_namespace n
		JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'schema_migrations'
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'baseline'
		WHERE n.nspname = ANY ($1::text[])`, tenantIDs)
	if err != nil || len(made) == 0 {
		return nil, err
	}
	parts := make([]string, len(made))
	for n, tenantID := range made { // UUIDs that the catalog has as names
		parts[n] = `SELECT ` + strconv.Itoa(n) + ` FROM ` + auth.QuoteIdentifier(tenantID) +
			`.schema_migrations WHERE version = $1 AND baseline = $2 AND NOT dirty`
	}
	hits, err := collect[int](ctx, conn, strings.Join(parts, "\nUNION ALL\n"), newest, migrations.Baseline)
	for _, n := range hits {
		current = append(current, made[n])
	}
	return current, err
}

func collect[T any](ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]T, error) {
	rows, _ := conn.Query(ctx, sql, args...)
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		return nil, fmt.Errorf("reading the versions of schemas: %w", err)
	}
	return values, nil
}

// newestVersion is the highest number among the up files.
func newestVersion(files fs.FS) (newest int64, err error) {
	names, err := fs.Glob(files, "*.up.sql")
	if err != nil {
		return 0, fmt.Errorf("listing the migrations: %w", err)
	}
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s has no number: %w", name, err)
		}
		newest = max(newest, version)
	}
	return newest, nil
}
