//go:build integration

package postgres_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

// replicated is an installation with a streaming replica.
func replicated(t *testing.T) (*testkit.Installation, *testkit.Replica) {
	t.Helper()
	primary := testkit.PostgresServer(t)
	replica := testkit.PostgresReplica(t, primary)
	in := testkit.InstallInto(t, primary.DSN("postgres", ""), func(s *tenancy.ConnectionSettings) {
		s.ReplicaDSN = replica.DSN("postgres", tenancy.RoleApp)
	})
	replica.CatchUp(t)
	return in, replica
}

func staleCount(t *testing.T, ctx context.Context, db *postgres.DB) (n int, fromReplica bool) {
	t.Helper()
	require.NoError(t, db.ReadStale(ctx, func(tx *postgres.Tx) error {
		text, err := tx.Text(ctx, `SELECT pg_is_in_recovery()::text || ' ' || count(*)::text FROM contexts`)
		if err != nil {
			return err
		}
		recovery, count, _ := strings.Cut(text, " ")
		fromReplica = recovery == "true"
		n, err = strconv.Atoi(count)
		return err
	}))
	return n, fromReplica
}

func usesReplica(t *testing.T, ctx context.Context, db *postgres.DB) {
	t.Helper()
	require.Eventually(t, func() bool { _, used := staleCount(t, ctx, db); return used }, time.Minute, 20*time.Millisecond)
}

func TestT71_APausedReplicaShowsNobodyAPastThatMatters(t *testing.T) {
	t.Parallel()
	in, replica := replicated(t)
	elsewhere := testkit.OpenInstallation(t, in.OwnerDSN) // another process, whose writes this one does not see happen
	t.Cleanup(func() { _ = elsewhere.Connections.Close(context.Background()) })
	ctx, tenantID := in.NewTenant(t)
	require.NoError(t, addContext(ctx, in.DB, "first"))
	usesReplica(t, ctx, in.DB)

	t.Run("on the replica the tenant's walls stand and nothing is written", func(t *testing.T) {
		require.Eventually(t, func() bool {
			var state string
			require.NoError(t, in.DB.ReadStale(ctx, func(tx *postgres.Tx) (err error) {
				state, err = tx.Text(ctx, `SELECT concat_ws(' ', current_schema(), current_user, pg_is_in_recovery(), current_setting('transaction_read_only'))`)
				return err
			}))
			return state == tenantID+" "+tenancy.TenantRole(in.Database, tenantID)+" t on"
		}, time.Minute, 20*time.Millisecond)
		lease, err := in.Connections.AcquireReplica(ctx, tenantID)
		require.NoError(t, err)
		defer lease.Release()
		var path string
		require.NoError(t, lease.Conn.QueryRow(ctx, `SELECT concat_ws(' ', current_setting('search_path'), current_user)`).Scan(&path))
		require.Equal(t, "pg_catalog "+tenancy.RoleApp, path, "nothing of a tenant stays on the connection")
	})
	replica.Pause(t)
	t.Run("a tenant that came after the pause is served, by the primary", func(t *testing.T) {
		fresh, _ := in.NewTenant(t)
		n, used := staleCount(t, fresh, in.DB)
		require.Zero(t, n)
		require.False(t, used)
	})
	t.Run("the writer reads its writes, each at once", func(t *testing.T) {
		for i := range 50 {
			require.NoError(t, addContext(ctx, in.DB, fmt.Sprint("mine ", i)))
			n, _ := staleCount(t, ctx, in.DB)
			require.Equal(t, 2+i, n)
		}
	})
	t.Run("another process's write is at most two seconds late, and then nobody reads the replica", func(t *testing.T) {
		require.NoError(t, addContext(ctx, elsewhere.DB, "theirs"))
		start := time.Now()
		require.Eventually(t, func() bool { n, _ := staleCount(t, ctx, in.DB); return n == 52 }, time.Minute, 10*time.Millisecond)
		t.Logf("seen after %v", time.Since(start).Round(time.Millisecond))
		_, used := staleCount(t, ctx, in.DB)
		require.False(t, used)
	})
	t.Run("what decides never reads it", func(t *testing.T) {
		require.NoError(t, addContext(ctx, elsewhere.DB, "decisive"))
		var recovery string
		require.NoError(t, in.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
			recovery, err = tx.Text(ctx, `SELECT pg_is_in_recovery()::text || count(*) FROM contexts`)
			return err
		}))
		require.Equal(t, "false53", recovery)
		calls := 0
		for _, db := range []*postgres.DB{elsewhere.DB, in.DB} {
			answer, err := db.Idempotent(ctx, postgres.Request{Endpoint: "POST /v1/contexts", Key: "key", BodyHash: []byte("hash")}, func(tx *postgres.Tx) (int, map[string]string, []byte, error) {
				calls++
				_, err := tx.Exec(ctx, insertContext, "once")
				return 201, nil, []byte(`{}`), err
			})
			require.NoError(t, err)
			require.Equal(t, 201, answer.Status)
		}
		require.Equal(t, 1, calls, "the second is answered from the first one's row")
	})
	replica.Resume(t)
	usesReplica(t, ctx, in.DB)
	n, _ := staleCount(t, ctx, in.DB)
	require.Equal(t, 54, n)
	in.RequireSound(t, tenantID)
}

func TestT72_AReplicaThatIsLostIsNotMissed(t *testing.T) {
	t.Parallel()
	in, replica := replicated(t)
	ctx, _ := in.NewTenant(t)
	require.NoError(t, addContext(ctx, in.DB, "first"))
	usesReplica(t, ctx, in.DB)
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = syscall.Kill(replica.PID(), syscall.SIGQUIT); <-replica.Done() }()
	var worst time.Duration
	for range 200 {
		start := time.Now()
		n, _ := staleCount(t, ctx, in.DB) // it fails the test when the read fails
		require.Equal(t, 1, n)
		worst = max(worst, time.Since(start))
	}
	<-stopped
	_, used := staleCount(t, ctx, in.DB)
	require.False(t, used)
	require.Less(t, worst, 30*time.Second)
	t.Logf("200 reads while the replica went: worst %v", worst.Round(time.Millisecond))
}

func TestT72_WritesResumeOnAPromotedReplica(t *testing.T) {
	t.Parallel()
	primary := testkit.PostgresServer(t)
	replica := testkit.PostgresReplica(t, primary)
	both := func(user string) string {
		one, other := socketOf(t, primary.DSN("postgres", user)), socketOf(t, replica.DSN("postgres", user))
		return "postgres:///postgres?host=" + one + "," + other + "&port=5432,5432&user=" + user + "&sslmode=disable&target_session_attrs=read-write"
	}
	in := testkit.InstallInto(t, both("postgres"), func(s *tenancy.ConnectionSettings) { s.DSN = both(tenancy.RoleApp) })
	ctx, tenantID := in.NewTenant(t)
	acknowledged := 0
	for i := range 20 {
		require.NoError(t, addContext(ctx, in.DB, fmt.Sprint("before ", i)))
		acknowledged++
	}
	replica.CatchUp(t)
	require.NoError(t, syscall.Kill(primary.PID(), syscall.SIGQUIT))
	<-primary.Done()
	err := addContext(ctx, in.DB, "nowhere")
	require.Equal(t, recon.KindUnavailable, recon.KindOf(err), "%v", err)
	replica.Promote(t)
	start := time.Now()
	require.Eventually(t, func() bool { return addContext(ctx, in.DB, "after") == nil }, time.Minute, 20*time.Millisecond)
	t.Logf("the first write %v after the promotion", time.Since(start).Round(time.Millisecond))
	acknowledged++
	n, _ := staleCount(t, ctx, in.DB)
	require.Equal(t, acknowledged, n, "nothing that was answered is gone, nothing that was not is there")
	in.RequireSound(t, tenantID)
}

func socketOf(t *testing.T, dsn string) string {
	t.Helper()
	_, query, _ := strings.Cut(dsn, "?")
	for field := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(field, "="); name == "host" {
			return value
		}
	}
	t.Fatal("the server has no socket")
	return ""
}
