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
