//go:build integration

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/testkit"
)

const insertContext = `INSERT INTO contexts (id, name, created_by) VALUES (gen_random_uuid(), $1, 'test')`

func one(s *tenancy.ConnectionSettings) { s.MaxConnections = 1 }

func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}

func addContext(ctx context.Context, db *postgres.DB, name string) error {
	return db.Tx(ctx, func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, insertContext, name)
		return err
	})
}

func contextNames(t *testing.T, ctx context.Context, db *postgres.DB) (names string) {
	t.Helper()
	require.NoError(t, db.Read(ctx, func(tx *postgres.Tx) (err error) {
		names, err = tx.Text(ctx, `SELECT coalesce(string_agg(name, ',' ORDER BY name), '') FROM contexts`)
		return err
	}))
	return names
}

// cancelOnceAsleep goes away when the server is at work on the statement: a cancellation that arrives before it is lost,
// and the driver then holds the connection until the server has said goodbye.
func cancelOnceAsleep(t *testing.T, owner *pgx.Conn, cancel context.CancelFunc) {
	defer cancel()
	for asleep := false; !asleep && t.Context().Err() == nil; {
		err := owner.QueryRow(t.Context(), `
			SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`).Scan(&asleep)
		if err != nil {
			t.Errorf("looking whether the statement runs: %v", err)
			return
		}
	}
}

func TestDB_FailsClosed(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	never := func(*postgres.Tx) error { return errors.New("fn ran") }

	t.Run("no tenant in the context", func(t *testing.T) {
		require.ErrorIs(t, in.DB.Tx(t.Context(), never), auth.ErrNoTenant)
		require.ErrorIs(t, in.DB.Read(t.Context(), never), auth.ErrNoTenant)
	})
	t.Run("a tenant id that is none", func(t *testing.T) {
		require.ErrorIs(t, in.DB.Tx(auth.WithTenant(t.Context(), "public"), never), auth.ErrNoTenant)
	})
	t.Run("an unknown tenant is not found and costs no connection", func(t *testing.T) {
		err := in.DB.Tx(auth.WithTenant(t.Context(), uuid.NewString()), never)
		require.Equal(t, recon.KindNotFound, recon.KindOf(err))
	})
	t.Run("a suspended tenant is forbidden until it is resumed", func(t *testing.T) {
		ctx, tenantID := in.NewTenant(t)
		_, err := in.Registry.SetStatus(ctx, tenantID, ports.TenantSuspended)
		require.NoError(t, err)
		err = in.DB.Tx(ctx, never)
		require.Equal(t, "TENANT_SUSPENDED", recon.CodeOf(err))
		require.Equal(t, recon.KindForbidden, recon.KindOf(err))
		_, err = in.Registry.SetStatus(ctx, tenantID, ports.TenantActive)
		require.NoError(t, err)
		require.NoError(t, addContext(ctx, in.DB, "again"))
	})
	t.Run("a deleted tenant is not found", func(t *testing.T) {
		ctx, tenantID := in.NewTenant(t)
		_, err := in.Registry.SetStatus(ctx, tenantID, ports.TenantDeleted)
		require.NoError(t, err)
		require.Equal(t, recon.KindNotFound, recon.KindOf(in.DB.Tx(ctx, never)))
	})
}

func TestDB_ScopesEachTransaction(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t, one)
	a, tenantA := in.NewTenant(t)
	b, tenantB := in.NewTenant(t)

	t.Run("schema, path and role are the tenant's", func(t *testing.T) {
		require.NoError(t, in.DB.Tx(a, func(tx *postgres.Tx) error {
			state, err := tx.Text(a, `SELECT current_schema() || ' ' || current_setting('search_path') || ' ' || current_user`)
			require.Equal(t, tenantA+` "`+tenantA+`" `+tenancy.TenantRole(in.Database, tenantA), state)
			require.Equal(t, tenantA, tx.TenantID())
			require.Equal(t, testkit.Subject, tx.Actor())
			return err
		}))
	})
	t.Run("two tenants alternate on one connection, with the same cached statements", func(t *testing.T) {
		for i := range 20 {
			require.NoError(t, addContext(a, in.DB, fmt.Sprint("a", i)))
			require.NoError(t, addContext(b, in.DB, fmt.Sprint("b", i)))
			require.NotContains(t, contextNames(t, a, in.DB), "b")
			require.NotContains(t, contextNames(t, b, in.DB), "a")
		}
	})
	t.Run("nothing of a transaction stays on the connection", func(t *testing.T) {
		for _, end := range []func(*postgres.Tx) error{
			func(*postgres.Tx) error { return nil },
			func(*postgres.Tx) error { return errors.New("no") },
			func(tx *postgres.Tx) error { _, err := tx.Exec(b, `SELECT 1/0`); return err },
		} {
			_ = in.DB.Tx(b, end)
			lease, err := in.Connections.Acquire(t.Context(), tenantB)
			require.NoError(t, err)
			var state string
			require.NoError(t, lease.Conn.QueryRow(t.Context(),
				`SELECT current_user || ' ' || current_setting('search_path')`).Scan(&state))
			_, err = lease.Conn.Exec(t.Context(), `SELECT name FROM contexts`)
			lease.Release()
			require.Equal(t, "matcher_app pg_catalog", state)
			require.Equal(t, "42P01", sqlState(err), "SQL outside the door found a table")
		}
	})
}

func TestDB_Ends(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t, one)
	ctx, _ := in.NewTenant(t)

	t.Run("an error of fn rolls back and comes back", func(t *testing.T) {
		mine := errors.New("mine")
		require.ErrorIs(t, in.DB.Tx(ctx, func(tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, insertContext, "lost")
			require.NoError(t, err)
			return mine
		}), mine)
		require.Empty(t, contextNames(t, ctx, in.DB))
	})
	t.Run("a panic of fn rolls back, goes on, and gives the lease back", func(t *testing.T) {
		require.PanicsWithValue(t, "mine", func() {
			_ = in.DB.Tx(ctx, func(tx *postgres.Tx) error {
				_, err := tx.Exec(ctx, insertContext, "lost")
				require.NoError(t, err)
				panic("mine")
			})
		})
		require.Empty(t, contextNames(t, ctx, in.DB)) // the pool has one connection
	})
	t.Run("a caller that goes away in the middle leaves nothing and holds nothing", func(t *testing.T) {
		owner := in.Owner(t)
		for range 5 {
			gone, cancel := context.WithCancel(ctx)
			err := in.DB.Tx(gone, func(tx *postgres.Tx) error {
				_, err := tx.Exec(gone, insertContext, "lost")
				require.NoError(t, err)
				go cancelOnceAsleep(t, owner, cancel)
				_, err = tx.Exec(gone, `SELECT pg_sleep(30)`)
				return err
			})
			require.ErrorIs(t, err, context.Canceled)
			require.Empty(t, contextNames(t, ctx, in.DB))
		}
	})
	t.Run("a caller that goes away before the commit commits nothing", func(t *testing.T) {
		gone, cancel := context.WithCancel(ctx)
		require.ErrorIs(t, in.DB.Tx(gone, func(tx *postgres.Tx) error {
			_, err := tx.Exec(gone, insertContext, "lost")
			tx.Audit("context.create", "context", "x", nil)
			cancel()
			return err
		}), context.Canceled)
		require.Empty(t, contextNames(t, ctx, in.DB))
	})
	t.Run("an error that fn swallows cannot be committed past", func(t *testing.T) {
		require.Error(t, in.DB.Tx(ctx, func(tx *postgres.Tx) error {
			_, _ = tx.Exec(ctx, `SELECT 1/0`)
			return nil
		}))
		require.Empty(t, contextNames(t, ctx, in.DB))
	})
	t.Run("a Tx is dead when fn has returned", func(t *testing.T) {
		var escaped *postgres.Tx
		require.NoError(t, in.DB.Tx(ctx, func(tx *postgres.Tx) error { escaped = tx; return nil }))
		require.Panics(t, func() { _, _ = escaped.Exec(ctx, insertContext, "lost") })
	})
	t.Run("a violated name is a conflict", func(t *testing.T) {
		require.NoError(t, addContext(ctx, in.DB, "taken"))
		err := addContext(ctx, in.DB, "taken")
		require.Equal(t, "NAME_TAKEN", recon.CodeOf(err))
		require.Equal(t, "23505", sqlState(err), "the log keeps the cause")
	})
	t.Run("a backend that is killed is an outage and the next caller gets another", func(t *testing.T) {
		owner := in.Owner(t)
		err := in.DB.Tx(ctx, func(tx *postgres.Tx) error {
			pid, err := tx.Text(ctx, `SELECT pg_backend_pid()::text`)
			require.NoError(t, err)
			_, err = owner.Exec(ctx, `SELECT pg_terminate_backend($1::int)`, pid)
			require.NoError(t, err)
			_, err = tx.Exec(ctx, insertContext, "lost")
			return err
		})
		require.Equal(t, recon.KindUnavailable, recon.KindOf(err), "%v", err)
		require.Equal(t, "taken", contextNames(t, ctx, in.DB))
	})
}

func TestDB_Read(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	ctx, _ := in.NewTenant(t)

	t.Run("writes nothing", func(t *testing.T) {
		err := in.DB.Read(ctx, func(tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, insertContext, "x")
			return err
		})
		require.Equal(t, "25006", sqlState(err))
	})
	t.Run("is one snapshot", func(t *testing.T) {
		require.NoError(t, in.DB.Read(ctx, func(tx *postgres.Tx) error {
			before, err := tx.Text(ctx, `SELECT count(*)::text FROM contexts`)
			require.NoError(t, err)
			require.NoError(t, addContext(ctx, in.DB, "meanwhile"))
			after, err := tx.Text(ctx, `SELECT count(*)::text FROM contexts`)
			require.Equal(t, before, after)
			return err
		}))
	})
}

func TestDB_TxRetry_OutlivesDeadlocks(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	ctx, _ := in.NewTenant(t)
	require.NoError(t, addContext(ctx, in.DB, "a"))
	require.NoError(t, addContext(ctx, in.DB, "b"))
	const rename = `UPDATE contexts SET version = version + 1 WHERE name = $1`

	// Both hold one row before either asks for the other's; only the first attempt meets.
	var met sync.WaitGroup
	met.Add(2)
	swap := func(first, second string) error {
		attempts := 0
		return in.DB.TxRetry(ctx, func(tx *postgres.Tx) error {
			attempts++
			if _, err := tx.Exec(ctx, rename, first); err != nil {
				return err
			}
			if attempts == 1 {
				met.Done()
				met.Wait()
			}
			_, err := tx.Exec(ctx, rename, second)
			return err
		})
	}
	failures := make(chan error, 2)
	go func() { failures <- swap("a", "b") }()
	go func() { failures <- swap("b", "a") }()
	require.NoError(t, <-failures)
	require.NoError(t, <-failures)
}

func TestDB_Work_SeesNoTenant(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	_, tenantID := in.NewTenant(t)
	ctx := t.Context()
	text := func(sql string) (text string, err error) {
		err = in.DB.Work(ctx, "", func(tx *postgres.WorkTx) error {
			text, err = tx.Text(ctx, sql)
			return err
		})
		return text, err
	}
	user, err := text(`SELECT current_user::text`)
	require.NoError(t, err)
	require.Equal(t, tenancy.RoleWork, user)
	_, err = text(`SELECT count(*)::text FROM outbox_markers`)
	require.NoError(t, err)
	_, err = text(`SELECT count(*)::text FROM "` + tenantID + `".contexts`)
	require.Equal(t, "42501", sqlState(err))
	_, err = text(`SELECT count(*)::text FROM control.tenants`)
	require.Equal(t, "42501", sqlState(err))
}

// leaks runs statements as tenant A that reach for B's rows, and reports what they brought.
func leaks(t *testing.T, a context.Context, db *postgres.DB) []string {
	t.Helper()
	var found []string
	for _, sql := range []string{
		`SELECT coalesce(string_agg(name, ','), '') FROM contexts`,
		`SELECT coalesce(string_agg(name, ','), '') FROM ONLY contexts`,
		`WITH gone AS (DELETE FROM contexts RETURNING name) SELECT coalesce(string_agg(name, ','), '') FROM gone`,
		`WITH changed AS (UPDATE contexts SET description = 'x' RETURNING name) SELECT coalesce(string_agg(name, ','), '') FROM changed`,
	} {
		err := db.Tx(a, func(tx *postgres.Tx) error {
			text, err := tx.Text(a, sql)
			if strings.Contains(text, "secret") {
				found = append(found, sql)
			}
			return err
		})
		if err != nil {
			require.Contains(t, []string{"42P01", "42501"}, sqlState(err), "%v", err)
		}
	}
	return found
}

func TestT08_RemoveOneWallAtATime_StillNoLeak(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	a, tenantA := in.NewTenant(t)
	b, tenantB := in.NewTenant(t)
	require.NoError(t, addContext(b, in.DB, "secret"))
	owner := in.Owner(t)
	before := testkit.Digest(t, owner, tenantA)

	walls := map[string]*postgres.DB{
		"both walls":          in.DB,
		"the role is off":     in.DB.WithoutRole(),
		"the path is widened": in.DB.WithWiderPath(tenantB, "public"),
	}
	for name, db := range walls {
		require.Empty(t, leaks(t, a, db), "%s, table there", name)
	}
	// The table that would hide the other tenant's is gone: only the walls are left.
	_, err := owner.Exec(t.Context(), `DROP TABLE "`+tenantA+`".contexts CASCADE`)
	require.NoError(t, err)
	for name, db := range walls {
		require.Empty(t, leaks(t, a, db), "%s, table missing", name)
	}
	require.Equal(t, before, testkit.Digest(t, owner, tenantA))

	t.Run("with both walls down it does leak: the test can fail", func(t *testing.T) {
		_, err := owner.Exec(t.Context(), `GRANT USAGE ON SCHEMA "`+tenantB+`" TO matcher_app; GRANT SELECT ON "`+tenantB+`".contexts TO matcher_app`)
		require.NoError(t, err)
		require.NotEmpty(t, leaks(t, a, in.DB.WithoutRole().WithWiderPath(tenantB)))
	})
}

func TestT10_TableMissing_IsAnErrorAndNeverPublics(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	ctx, tenantID := in.NewTenant(t)
	owner := in.Owner(t)
	_, err := owner.Exec(t.Context(), `
		CREATE TABLE public.contexts (LIKE "`+tenantID+`".contexts INCLUDING ALL);
		INSERT INTO public.contexts (id, num, name, created_by) OVERRIDING SYSTEM VALUE VALUES (gen_random_uuid(), 1, 'of public', 'x');
		GRANT ALL ON public.contexts TO PUBLIC;
		DROP TABLE "`+tenantID+`".contexts CASCADE`)
	require.NoError(t, err)
	before := testkit.Digest(t, owner)

	for _, sql := range []string{`SELECT name FROM contexts`, `DELETE FROM contexts`, `UPDATE contexts SET name = 'x'`} {
		err := in.DB.Tx(ctx, func(tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, sql)
			return err
		})
		require.Equal(t, "42P01", sqlState(err))
		require.Empty(t, recon.KindOf(err), "it is our fault: a 5xx, not an answer")
	}
	require.Equal(t, before, testkit.Digest(t, owner))
}

func TestT11_SchemaMissing_Is503_UnknownTenantIs404(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	owner := in.Owner(t)
	_, err := owner.Exec(t.Context(), `CREATE TABLE public.contexts (name text); GRANT ALL ON public.contexts TO PUBLIC`)
	require.NoError(t, err)
	reads := func() (n int64) {
		require.NoError(t, owner.QueryRow(t.Context(), `
			SELECT pg_stat_get_numscans('public.contexts'::regclass) + pg_stat_get_tuples_inserted('public.contexts'::regclass)`).Scan(&n))
		return n
	}
	refused := func(ctx context.Context) {
		t.Helper()
		ran := false
		err := in.DB.Tx(ctx, func(*postgres.Tx) error { ran = true; return nil })
		require.False(t, ran)
		require.Equal(t, "TENANT_PROVISIONING", recon.CodeOf(err))
		var facing *recon.Error
		require.ErrorAs(t, err, &facing)
		require.Equal(t, recon.KindUnavailable, facing.Kind)
		require.Positive(t, facing.RetryAfter)
	}
	never := testkit.TenantContext(t.Context(), in.RegisterTenant(t))
	refused(never)

	ctx, tenantID := in.NewTenant(t)
	_, err = owner.Exec(t.Context(), `DROP SCHEMA "`+tenantID+`" CASCADE`)
	require.NoError(t, err)
	refused(ctx)
	for range 50 {
		refused(ctx) // and the pool survives it: a failed BEGIN costs no connection
	}
	require.Zero(t, reads())
	err = in.DB.Tx(auth.WithTenant(t.Context(), uuid.NewString()), func(*postgres.Tx) error { return nil })
	require.Equal(t, recon.KindNotFound, recon.KindOf(err))

	require.NoError(t, in.Provisioner.ProvisionTenantSchema(t.Context(), tenantID))
	require.NoError(t, addContext(ctx, in.DB, "healed"))
}
