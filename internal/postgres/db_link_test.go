//go:build integration

package postgres_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/testkit"
)

// known is an authority in memory, so that only the door's own trips are counted.
type known struct{ tenant ports.TenantConfig }

func (k known) GetTenantConfig(context.Context, string) (*ports.TenantConfig, error) {
	tenant := k.tenant
	return &tenant, nil
}

// A transaction of the door on a link of 1 ms each way takes the round trips of a bare one: BEGIN, the statement,
// COMMIT. Scope, role and the check that the schema is there ride on the BEGIN.
func TestDB_ScopingAddsNoRoundTrip(t *testing.T) {
	in := testkit.Tenants(t)
	ctx, tenantID := in.NewTenant(t)
	link, through := testkit.PostgresLink(t, in.AppDSN, time.Millisecond)
	var trips atomic.Int64
	link.Watch(func([]byte) bool { trips.Add(1); return true })
	m, err := tenancy.NewTenantConnectionManager(
		tenancy.ConnectionSettings{DSN: through, Database: in.Database, MaxConnections: 1},
		known{ports.TenantConfig{TenantID: tenantID, Status: ports.TenantActive}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close(context.Background()) })
	db := postgres.New(m, nil)
	conn, err := pgx.Connect(ctx, through)
	require.NoError(t, err)
	defer conn.Close(context.Background())

	measure := func(do func() error) (perCall float64, median time.Duration) {
		const rounds = 101
		for range 3 { // the statement is prepared, the connection is there
			require.NoError(t, do())
		}
		before, took := trips.Load(), make([]time.Duration, 0, rounds)
		for range rounds {
			start := time.Now()
			require.NoError(t, do())
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		return float64(trips.Load()-before) / rounds, took[rounds/2]
	}
	bare, bareTook := measure(func() error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			var n int
			return tx.QueryRow(ctx, `SELECT 1 + $1::int`, 1).Scan(&n)
		})
	})
	scoped, scopedTook := measure(func() error {
		return db.Tx(ctx, func(tx *postgres.Tx) error {
			_, err := tx.Text(ctx, `SELECT (1 + $1::int)::text`, 1)
			return err
		})
	})
	t.Logf("bare %.0f trips, %v; scoped %.0f trips, %v", bare, bareTook, scoped, scopedTook)
	require.InDelta(t, 3, bare, 0.001)
	require.InDelta(t, bare, scoped, 0.001)
}

func TestDB_AConnectionInDoubtIsNobodysAgain(t *testing.T) {
	t.Parallel()
	shared := testkit.Tenants(t)
	link, through := testkit.PostgresLink(t, shared.AppDSN, 0)
	in := testkit.OpenInstallation(t, shared.OwnerDSN, func(s *tenancy.ConnectionSettings) { s.DSN, s.MaxConnections = through, 1 })
	t.Cleanup(func() { _ = in.Connections.Close(context.Background()) })
	ctx, tenantID := in.NewTenant(t)
	pid := func() (pid string) {
		lease, err := in.Connections.Acquire(ctx, tenantID)
		require.NoError(t, err)
		defer lease.Release()
		require.NoError(t, lease.Conn.QueryRow(ctx, `SELECT pg_backend_pid() || ' ' || current_setting('search_path') || ' ' || current_user`).Scan(&pid))
		require.Contains(t, pid, " pg_catalog "+tenancy.RoleApp, "whoever comes next starts from nothing")
		return pid
	}
	before := pid()
	require.NoError(t, addContext(ctx, in.DB, "clean"))
	require.Equal(t, before, pid(), "one whose transaction has ended is used again")
	_ = in.DB.Tx(ctx, func(tx *postgres.Tx) error { _, err := tx.Exec(ctx, `SELECT 1/0`); return err })
	require.Equal(t, before, pid(), "one that rolled back too")
	for what, end := range map[string]func() error{
		"a caller that left during a statement": func() error {
			gone, stop := context.WithCancel(ctx)
			defer stop()
			return in.DB.Tx(gone, func(tx *postgres.Tx) error {
				time.AfterFunc(5*time.Millisecond, stop)
				_, err := tx.Exec(gone, `SELECT pg_sleep(30)`)
				return err
			})
		},
		"a COMMIT that nobody answered": func() error {
			cutOnce(link, true)
			return addContext(ctx, in.DB, "doubtful")
		},
	} {
		before := pid()
		require.Error(t, end(), what)
		require.NotEqual(t, before, pid(), what)
	}
}
