//go:build integration

package tenant

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
	"matcher/migrations"
)

// nextRelease returns every migration and one more, which adds a column to each table and a table of its own.
func nextRelease(t *testing.T) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(migrations.FS, name)
		require.NoError(t, err)
		files[name] = &fstest.MapFile{Data: text}
	}
	var added strings.Builder
	added.WriteString("CREATE TABLE next_release (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text NOT NULL DEFAULT '');\n")
	for _, table := range tenantTables {
		if table != "schema_migrations" {
			fmt.Fprintf(&added, "ALTER TABLE %s ADD COLUMN of_the_next_release text;\n", table)
		}
	}
	files["999999_next.up.sql"] = &fstest.MapFile{Data: []byte(added.String())}
	return files
}

// Every statement goes over one connection for both tenants, so a plan that the driver cached for one schema is used
// for the other, and before as well as after an upgrade.
func TestT88_TenantsOnTwoVersionsAreServedByOneBinary(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t, func(s *tenancy.ConnectionSettings) { s.MaxConnections = 1 })
	oldCtx, oldID := in.NewTenant(t)
	newCtx, newID := in.NewTenant(t)
	next := provisionerWith(t, in, nextRelease(t))
	require.NoError(t, next.ProvisionTenantSchema(t.Context(), newID))

	round := 0
	work := func() {
		round++
		for _, ctx := range []context.Context{oldCtx, newCtx} {
			name := fmt.Sprint("context ", round)
			made, err := createContext(ctx, in.DB, name)
			require.NoError(t, err)
			require.Contains(t, contextNames(t, ctx, in.DB), name)
			require.NoError(t, in.DB.Tx(ctx, func(tx *postgres.Tx) error {
				if _, err := tx.CreateSource(ctx, recon.Source{ContextID: made.ID, Name: "bank", Side: recon.Right, TimeZone: "UTC"}); err != nil {
					return err
				}
				if _, err := tx.CreateRule(ctx, made.ID, recon.Rule{Name: "r", Type: recon.RuleExact, Priority: 10}); err != nil {
					return err
				}
				if _, err := tx.Rules(ctx, made.ID); err != nil {
					return err
				}
				_, _, err := tx.Sources(ctx, made.ID, postgres.Page{Limit: 10})
				return err
			}))
		}
	}
	for range 6 { // the driver prepares on first use and describes again on later ones
		work()
	}
	require.NoError(t, next.ProvisionTenantSchema(t.Context(), oldID), "the old one is upgraded under way")
	for range 6 {
		work()
	}
	for _, id := range []string{oldID, newID} {
		in.RequireSound(t, id)
	}
}

func median(t *testing.T, n int, of func() time.Duration) time.Duration {
	t.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		took[i] = of()
	}
	slices.Sort(took)
	return took[n/2]
}

// A migration that built an index concurrently would wait for every transaction of the database, other tenants' too.
func TestT87_ALongTransactionElsewhereDoesNotHoldUpProvisioning(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	ctx, busyID := in.NewTenant(t)
	_, err := createContext(ctx, in.DB, "books")
	require.NoError(t, err)
	provision := func() time.Duration {
		start := time.Now()
		require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), uuid.NewString()))
		return time.Since(start)
	}
	provision() // the first is slower than all others
	quiet := median(t, 7, provision)

	foreign, err := in.Owner(t).BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.Serializable})
	require.NoError(t, err)
	_, err = foreign.Exec(t.Context(), `UPDATE "`+busyID+`".contexts SET description = 'being written'; LOCK TABLE "`+busyID+`".transactions`)
	require.NoError(t, err)
	beside := median(t, 7, provision)
	require.NoError(t, foreign.Commit(t.Context()))

	t.Logf("quiet %v, beside a transaction that stays open %v", quiet, beside)
	// Waiting for it would have taken for ever, so the rest of the ratio is what else the machine does.
	require.Less(t, beside, 2*quiet+100*time.Millisecond)
}

// Whatever background work writes for a tenant is written in its schema and by its role; a trigger on every table notes
// both.
func TestT17_BackgroundWorkRunsUnderItsTenant(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	owner, err := pgx.Connect(t.Context(), api.OwnerDSN)
	require.NoError(t, err)
	t.Cleanup(func() { _ = owner.Close(context.WithoutCancel(t.Context())) })
	var database string
	require.NoError(t, owner.QueryRow(t.Context(), `SELECT current_database()`).Scan(&database))
	var ids [3]string
	for i := range ids {
		ids[i] = api.NewTenant(fmt.Sprint("tenant-", i))
		watchWrites(t, owner, ids[i], tenancy.TenantRole(database, ids[i]))
	}
	var done atomic.Int32
	var all errgroup.Group
	for _, id := range ids {
		all.Go(func() error {
			client := api.As(id, "admin")
			books := client.NewContext("cash")
			left, right := client.NewSource(books, "ledger", recon.Left), client.NewSource(books, "bank", recon.Right)
			client.Upload(left, "l.csv", "id,date,amount,currency,reference\nL1,2026-03-14,10.00,EUR,R-1\nL2,2026-03-15,11.00,EUR,R-2\n")
			client.Upload(right, "r.csv", "id,date,amount,currency,reference\nB1,2026-03-14,10.00,EUR,R-1\nB2,2026-03-15,12.00,EUR,R-3\n")
			for range 3 {
				if run := client.Run(books); run.Status != recon.RunCompleted {
					return errors.New(run.ErrorMessage)
				}
				done.Add(1)
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	require.EqualValues(t, 9, done.Load())
	for _, id := range ids {
		var schemas, roles []string
		var tables int
		require.NoError(t, owner.QueryRow(t.Context(), `
			SELECT array_agg(DISTINCT schema_then), array_agg(DISTINCT role_then), count(DISTINCT written) FROM "`+id+`".who_wrote`).Scan(&schemas, &roles, &tables))
		require.Equal(t, []string{id}, schemas)
		require.Equal(t, []string{tenancy.TenantRole(database, id)}, roles)
		require.GreaterOrEqual(t, tables, 8, "runs, groups, items, exceptions, events, audit log …")
	}
}

// watchWrites notes of every statement that writes to a table of a tenant in which schema and as whom it ran.
func watchWrites(t *testing.T, owner *pgx.Conn, tenantID, role string) {
	t.Helper()
	schema := pgx.Identifier{tenantID}.Sanitize()
	var sql strings.Builder
	fmt.Fprintf(&sql, `
		CREATE TABLE %[1]s.who_wrote (written text, schema_then text, role_then text);
		GRANT INSERT ON %[1]s.who_wrote TO %[2]s;
		CREATE FUNCTION %[1]s.note_writer() RETURNS trigger LANGUAGE plpgsql AS $note$
		BEGIN
			EXECUTE format('INSERT INTO %%I.who_wrote VALUES ($1, current_schema(), current_user)', TG_TABLE_SCHEMA) USING TG_TABLE_NAME;
			RETURN NULL;
		END $note$;`, schema, pgx.Identifier{role}.Sanitize())
	for _, table := range tenantTables {
		fmt.Fprintf(&sql, "CREATE TRIGGER note_writer AFTER INSERT OR UPDATE OR DELETE ON %s.%s FOR EACH STATEMENT EXECUTE FUNCTION %s.note_writer();\n", schema, table, schema)
	}
	_, err := owner.Exec(t.Context(), sql.String())
	require.NoError(t, err)
}
