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

// withNext returns the tenant migrations and a second file, as the next release may add.
func withNext(t *testing.T, sql string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{"000002_next.up.sql": {Data: []byte(sql)}}
	names, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(migrations.FS, name)
		require.NoError(t, err)
		files[name] = &fstest.MapFile{Data: text}
	}
	return files
}

// A schema that is in use keeps its rows over an upgrade, and its identities go on counting.
func TestMigrate_UpgradesASchemaWithRows(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	conn := in.Owner(t)
	adjustment := `INSERT INTO adjustments (group_id, ordinal, context_num, amount, currency, reason, created_at, created_by)
		VALUES ($1, 1, 1, 1, 'EUR', 'FEE', $2, 'ann')`
	require.NoError(t, inSchema(t, conn, "grown", func(tx pgx.Tx) error {
		if err := tenancy.MigrateUp(t.Context(), tx, migrations.FS, "."); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), adjustment, 2, "2026-01-01")
		if err == nil {
			_, err = tx.Exec(t.Context(), adjustment, 1, "2026-01-02")
		}
		return err
	}))
	next := withNext(t, `
		ALTER TABLE adjustments ADD COLUMN ledger text;
		UPDATE adjustments SET ledger = 'main';
		ALTER TABLE adjustments ALTER COLUMN ledger SET DEFAULT 'other';
		ALTER TABLE adjustments ALTER COLUMN ledger SET NOT NULL;`)
	require.NoError(t, inSchema(t, conn, "grown", func(tx pgx.Tx) error {
		if err := tenancy.MigrateUp(t.Context(), tx, next, "."); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), adjustment, 3, "2026-01-03")
		return err
	}))
	var groups, numbers []int64
	var ledgers []string
	require.NoError(t, conn.QueryRow(t.Context(), `
		SELECT array_agg(group_id ORDER BY num), array_agg(num ORDER BY num), array_agg(ledger ORDER BY num) FROM grown.adjustments`).
		Scan(&groups, &numbers, &ledgers))
	require.Equal(t, []int64{2, 1, 3}, groups, "numbered as they were made")
	require.Equal(t, []int64{1, 2, 3}, numbers)
	require.Equal(t, []string{"main", "main", "other"}, ledgers)
	var version int64
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT version FROM grown.schema_migrations`).Scan(&version))
	require.EqualValues(t, 2, version)
}

func TestMigrate_RefusesAnEarlierBaseline(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	conn := in.Owner(t)
	for name, sql := range map[string]string{
		"of six files":               `CREATE TABLE schema_migrations AS SELECT 6::bigint AS version, false AS dirty`,
		"of one file":                `CREATE TABLE schema_migrations AS SELECT 1::bigint AS version, false AS dirty`,
		"that names another":         `CREATE TABLE schema_migrations AS SELECT 1::bigint AS version, false AS dirty, 1 AS baseline`,
		"of the version of this one": `CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)`,
	} {
		t.Run(name, func(t *testing.T) {
			tenantID := in.RegisterTenant(t)
			schema := `"` + tenantID + `"`
			require.NoError(t, inSchema(t, conn, schema, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), sql)
				return err
			}))
			err := in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID)
			require.EqualError(t, err, "this database was made by an earlier, incompatible version of Matcher: "+
				"export its data with that version, or start with a new data folder or database")
			require.Equal(t, []string{"schema_migrations"}, testkit.TableNames(t, conn, tenantID))
			pending, err := in.Provisioner.PendingTenants(t.Context(), []string{tenantID})
			require.NoError(t, err)
			require.Equal(t, []string{tenantID}, pending)
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
