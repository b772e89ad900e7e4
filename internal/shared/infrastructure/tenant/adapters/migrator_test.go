//go:build integration

package adapters_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
	"matcher/migrations"
)

// inSchema runs fn in a transaction whose path is a new schema, and commits.
func inSchema(t *testing.T, conn *pgx.Conn, schema string, fn func(pgx.Tx) error) error {
	t.Helper()
	return pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `CREATE SCHEMA IF NOT EXISTS `+schema+`; SET LOCAL search_path TO `+schema); err != nil {
			return err
		}
		return fn(tx)
	})
}

func TestMigrate_UpDownUp(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	conn := in.Owner(t)
	for name, set := range map[string]struct {
		files fs.FS
		path  string
		keep  []string // tables of the schema that are not these files'
	}{
		"tenant":  {migrations.FS, ".", []string{"schema_migrations"}},
		"control": {migrations.Control, "control", []string{"schema_migrations"}},
		"work":    {migrations.Work, "work", nil},
	} {
		t.Run(name, func(t *testing.T) {
			schema := name
			up := func(tx pgx.Tx) error { return tenancy.MigrateUp(t.Context(), tx, set.files, set.path) }
			require.NoError(t, inSchema(t, conn, schema, up))
			want := testkit.Catalog(t, conn, schema)
			require.NoError(t, inSchema(t, conn, schema, up), "again changes nothing")
			require.Equal(t, want, testkit.Catalog(t, conn, schema))

			require.NoError(t, inSchema(t, conn, schema, func(tx pgx.Tx) error {
				return tenancy.MigrateDown(t.Context(), tx, set.files, set.path)
			}))
			left := testkit.TableNames(t, conn, schema)
			if set.keep != nil {
				require.Equal(t, set.keep, left)
			}
			require.NotContains(t, left, "outbox_markers")
			require.NoError(t, inSchema(t, conn, schema, up))
			if name == "tenant" { // the grants of the others were the installer's
				require.Equal(t, want, testkit.Catalog(t, conn, schema))
			}
		})
	}
}

// A schema that was in use before the later migrations keeps its rows and numbers those it makes after them.
func TestMigrate_UpgradesASchemaWithRows(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	conn := in.Owner(t)
	first, err := fs.Glob(migrations.FS, "000001_*.sql")
	require.NoError(t, err)
	baseline := fstest.MapFS{}
	for _, name := range first {
		text, err := fs.ReadFile(migrations.FS, name)
		require.NoError(t, err)
		baseline[name] = &fstest.MapFile{Data: text}
	}
	adjustment := `INSERT INTO adjustments (group_id, ordinal, context_num, amount, currency, reason, created_at, created_by)
		VALUES ($1, 1, 1, 1, 'EUR', 'FEE', $2, 'ann')`
	require.NoError(t, inSchema(t, conn, "grown", func(tx pgx.Tx) error {
		if err := tenancy.MigrateUp(t.Context(), tx, baseline, "."); err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), `
			INSERT INTO contexts (id, name, created_by) VALUES (gen_random_uuid(), 'cash', 'ann');
			INSERT INTO runs (id, context_id, mode, status, created_by) SELECT gen_random_uuid(), id, 'COMMIT', 'COMPLETED', 'ann' FROM contexts`); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), adjustment, 2, "2026-01-01")
		if err == nil {
			_, err = tx.Exec(t.Context(), adjustment, 1, "2026-01-02")
		}
		return err
	}))
	require.NoError(t, inSchema(t, conn, "grown", func(tx pgx.Tx) error {
		if err := tenancy.MigrateUp(t.Context(), tx, migrations.FS, "."); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), adjustment, 3, "2026-01-03")
		return err
	}))
	var groups, numbers []int64
	require.NoError(t, conn.QueryRow(t.Context(),
		`SELECT array_agg(group_id ORDER BY num), array_agg(num ORDER BY num) FROM grown.adjustments WHERE note = ''`).Scan(&groups, &numbers))
	require.Equal(t, []int64{2, 1, 3}, groups, "numbered as they were made")
	require.Equal(t, []int64{1, 2, 3}, numbers)
	var decisions int64
	var hash string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT decisions, groups_hash FROM grown.contexts, grown.runs`).Scan(&decisions, &hash))
	require.Zero(t, decisions)
	require.Empty(t, hash)
}

func TestMigrate_AFailureTakesTheVersionBackToo(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	conn := in.Owner(t)
	files := fstest.MapFS{
		"000001_a.up.sql": {Data: []byte("CREATE TABLE a (x bigint);\n")},
		"000002_b.up.sql": {Data: []byte("CREATE TABLE b (x bigint);\nSELECT 1/0;\n")},
	}
	up := func(tx pgx.Tx) error { return tenancy.MigrateUp(t.Context(), tx, files, ".") }
	require.Error(t, inSchema(t, conn, "broken", up))
	require.Empty(t, testkit.TableNames(t, conn, "broken"))

	files["000002_b.up.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE b (x bigint);\n")}
	require.NoError(t, inSchema(t, conn, "broken", up))
	require.Equal(t, []string{"a", "b", "schema_migrations"}, testkit.TableNames(t, conn, "broken"))

	t.Run("a version newer than the files is refused, not run backwards", func(t *testing.T) {
		delete(files, "000002_b.up.sql")
		require.Error(t, inSchema(t, conn, "broken", up))
	})
}
