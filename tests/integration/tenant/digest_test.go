//go:build integration

package tenant

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// catalogWrites names the writer of every catalog row that grants and DDL change in this database.
func catalogWrites(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	var sum string
	require.NoError(t, conn.QueryRow(t.Context(), `
		SELECT md5(string_agg(x, ',' ORDER BY x)) FROM (
			SELECT format('c %s %s', oid, xmin) AS x FROM pg_class WHERE relkind <> 't' AND relnamespace <> 'pg_catalog'::regnamespace
			UNION ALL SELECT format('n %s %s', oid, xmin) FROM pg_namespace WHERE nspname !~ '^pg_'
			UNION ALL SELECT format('a %s %s', attrelid, max(xmin::text)) FROM pg_attribute GROUP BY attrelid
		) AS written`).Scan(&sum))
	return sum
}
