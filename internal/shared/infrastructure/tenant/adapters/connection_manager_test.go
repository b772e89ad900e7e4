//go:build integration

package adapters_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/testkit"
)

// fixed answers from a map; an id that is not in it is unknown.
type fixed map[string]ports.TenantConfig

func (f fixed) GetTenantConfig(_ context.Context, tenantID string) (*ports.TenantConfig, error) {
	tenant, known := f[tenantID]
	if !known {
		return nil, recon.NotFound("tenant")
	}
	return &tenant, nil
}

func tenants(n int, database func(i int) string) (fixed, []string) {
	configuration, ids := fixed{}, make([]string, n)
	for i := range n {
		ids[i] = uuid.NewString()
		configuration[ids[i]] = ports.TenantConfig{TenantID: ids[i], Status: ports.TenantActive, Database: database(i)}
	}
	return configuration, ids
}

func home(int) string { return "" }

func manager(t *testing.T, configuration ports.ConfigurationPort, change func(*tenancy.ConnectionSettings)) *tenancy.TenantConnectionManager {
	t.Helper()
	in := testkit.Tenants(t)
	settings := tenancy.ConnectionSettings{DSN: in.AppDSN, Database: in.Database}
	change(&settings)
	m, err := tenancy.NewTenantConnectionManager(settings, configuration)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = m.Close(ctx)
	})
	return m
}

func TestTenantConnectionManager_Shares(t *testing.T) {
	t.Parallel()
	configuration, ids := tenants(2, home)
	m := manager(t, configuration, func(s *tenancy.ConnectionSettings) {
		s.MaxConnections, s.TenantConnections, s.AcquireTimeout = 4, 2, 300*time.Millisecond
	})
	var held []*tenancy.Lease
	for range 2 {
		lease, err := m.Acquire(t.Context(), ids[0])
		require.NoError(t, err)
		held = append(held, lease)
	}
	t.Run("a tenant whose share is used up waits and is sent away, the other is served", func(t *testing.T) {
		_, err := m.Acquire(t.Context(), ids[0])
		require.Equal(t, "TENANT_BUSY", recon.CodeOf(err))
		lease, err := m.Acquire(t.Context(), ids[1])
		require.NoError(t, err)
		lease.Release()
	})
	t.Run("a caller that gives up is not told the tenant is busy", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := m.Acquire(ctx, ids[0])
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("a released share serves the next, and releasing twice counts once", func(t *testing.T) {
		held[0].Release()
		held[0].Release()
		lease, err := m.Acquire(t.Context(), ids[0])
		require.NoError(t, err)
		_, err = m.Acquire(t.Context(), ids[0])
		require.Equal(t, "TENANT_BUSY", recon.CodeOf(err))
		lease.Release()
	})
	t.Run("its configuration may change its share", func(t *testing.T) {
		tenant := configuration[ids[0]]
		tenant.Connections = 3
		configuration[ids[0]] = tenant
		for range 3 {
			lease, err := m.Acquire(t.Context(), ids[0])
			require.NoError(t, err)
			defer lease.Release()
		}
	})
	held[1].Release()
}

func TestTenantConnectionManager_ConnectionInDoubtIsDestroyed(t *testing.T) {
	t.Parallel()
	configuration, ids := tenants(1, home)
	m := manager(t, configuration, func(s *tenancy.ConnectionSettings) { s.MaxConnections = 1 })
	pid := func(leave string) (pid int) {
		lease, err := m.Acquire(t.Context(), ids[0])
		require.NoError(t, err)
		defer lease.Release()
		require.NoError(t, lease.Conn.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid))
		if leave != "" {
			_, _ = lease.Conn.Exec(t.Context(), leave)
		}
		return pid
	}
	clean := pid("")
	require.Equal(t, clean, pid("BEGIN"), "a clean one is used again")
	second := pid("BEGIN; SELECT 1/0")
	require.NotEqual(t, clean, second, "an open transaction ended its connection")
	require.NotEqual(t, second, pid(""), "a failed one too")
}

func TestTenantConnectionManager_RecyclesAfterManyTenants(t *testing.T) {
	t.Parallel()
	configuration, ids := tenants(130, home)
	m := manager(t, configuration, func(s *tenancy.ConnectionSettings) { s.MaxConnections = 1 })
	pids := map[int]int{}
	for _, id := range ids {
		lease, err := m.Acquire(t.Context(), id)
		require.NoError(t, err)
		var pid int
		require.NoError(t, lease.Conn.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid))
		lease.Release()
		pids[pid]++
	}
	require.Len(t, pids, 2)
	for _, served := range pids {
		require.LessOrEqual(t, served, 100)
	}
}

func TestTenantConnectionManager_PoolsAreCappedByDatabase(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	databases := []string{in.Database, database(t), database(t), database(t)}
	configuration, ids := tenants(40, func(i int) string { return databases[i%4] })
	m := manager(t, configuration, func(s *tenancy.ConnectionSettings) { s.MaxPools = 2 })

	t.Run("one after the other, the least recently used makes room", func(t *testing.T) {
		for i := range 8 {
			lease, err := m.Acquire(t.Context(), ids[i])
			require.NoError(t, err)
			lease.Release()
			require.LessOrEqual(t, m.Pools(), 2)
		}
	})
	t.Run("many tenants at once open one pool a database", func(t *testing.T) {
		var all sync.WaitGroup
		var wrong atomic.Int32
		for i, id := range ids[:20] {
			all.Go(func() {
				lease, err := m.Acquire(t.Context(), id)
				if err != nil {
					t.Error(err)
					return
				}
				defer lease.Release()
				var name string
				if lease.Conn.QueryRow(t.Context(), `SELECT current_database()`).Scan(&name) != nil || name != databases[i%4] {
					wrong.Add(1)
				}
			})
		}
		all.Wait()
		require.Zero(t, wrong.Load())
	})
	t.Run("idle ones make room, those in use stay beyond the cap", func(t *testing.T) {
		var held []*tenancy.Lease
		for i := range 4 {
			lease, err := m.Acquire(t.Context(), ids[i])
			require.NoError(t, err)
			held = append(held, lease)
		}
		require.Equal(t, 4, m.Pools())
		for _, lease := range held {
			require.NoError(t, lease.Conn.Ping(t.Context()))
			lease.Release()
		}
	})
}

func TestTenantConnectionManager_IdlePoolsAreClosed(t *testing.T) {
	t.Parallel()
	configuration, ids := tenants(1, home)
	m := manager(t, configuration, func(s *tenancy.ConnectionSettings) { s.IdleTimeout = time.Millisecond })
	go func() { _ = m.Start(t.Context()) }()
	lease, err := m.Acquire(t.Context(), ids[0])
	require.NoError(t, err)
	require.Equal(t, 1, m.Pools())
	lease.Release()
	require.Eventually(t, func() bool { return m.Pools() == 0 }, time.Minute, 10*time.Millisecond)
	lease, err = m.Acquire(t.Context(), ids[0])
	require.NoError(t, err)
	lease.Release()
}

func TestTenantConnectionManager_Close(t *testing.T) {
	t.Parallel()
	configuration, ids := tenants(1, home)

	t.Run("waits for leases and then refuses", func(t *testing.T) {
		m := manager(t, configuration, func(*tenancy.ConnectionSettings) {})
		lease, err := m.Acquire(t.Context(), ids[0])
		require.NoError(t, err)
		closed := make(chan error, 1)
		go func() { closed <- m.Close(context.Background()) }()
		require.Eventually(t, func() bool { return m.Pools() == 0 }, time.Minute, time.Millisecond)
		require.NoError(t, lease.Conn.Ping(t.Context()), "a lease that is out goes on")
		select {
		case <-closed:
			t.Fatal("it did not wait")
		default:
		}
		lease.Release()
		require.NoError(t, <-closed)
		_, err = m.Acquire(t.Context(), ids[0])
		require.ErrorIs(t, err, tenancy.ErrManagerClosed)
		_, err = m.WorkPool(t.Context(), "")
		require.ErrorIs(t, err, tenancy.ErrManagerClosed)
	})
	t.Run("does not wait longer than it is told", func(t *testing.T) {
		m := manager(t, configuration, func(*tenancy.ConnectionSettings) {})
		lease, err := m.Acquire(t.Context(), ids[0])
		require.NoError(t, err)
		defer lease.Release()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, m.Close(ctx), context.Canceled)
	})
}

func TestTenantConnectionManager_Refuses(t *testing.T) {
	t.Parallel()
	configuration, ids := tenants(3, home)
	for i, status := range []ports.TenantStatus{ports.TenantSuspended, ports.TenantDeleted, "NONSENSE"} {
		tenant := configuration[ids[i]]
		tenant.Status = status
		configuration[ids[i]] = tenant
	}
	m := manager(t, configuration, func(*tenancy.ConnectionSettings) {})
	for i, kind := range []recon.Kind{recon.KindForbidden, recon.KindNotFound, recon.KindNotFound} {
		_, err := m.Acquire(t.Context(), ids[i])
		require.Equal(t, kind, recon.KindOf(err))
	}
	_, err := m.Acquire(t.Context(), uuid.NewString())
	require.Equal(t, recon.KindNotFound, recon.KindOf(err))
	require.Zero(t, m.Pools(), "nobody of them opened a pool")

	t.Run("a database that is not there is an outage of that tenant alone", func(t *testing.T) {
		configuration, ids := tenants(1, func(int) string { return "no_such_database" })
		m := manager(t, configuration, func(*tenancy.ConnectionSettings) {})
		_, err := m.Acquire(t.Context(), ids[0])
		require.Equal(t, "DATABASE_UNAVAILABLE", recon.CodeOf(err))
	})
	t.Run("an authority that fails is passed on", func(t *testing.T) {
		down := errors.New("down")
		m := manager(t, failing{down}, func(*tenancy.ConnectionSettings) {})
		_, err := m.Acquire(t.Context(), uuid.NewString())
		require.ErrorIs(t, err, down)
	})
}

type failing struct{ err error }

func (f failing) GetTenantConfig(context.Context, string) (*ports.TenantConfig, error) {
	return nil, f.err
}

func TestNewTenantConnectionManager(t *testing.T) {
	t.Parallel()
	for what, settings := range map[string]tenancy.ConnectionSettings{
		"no DSN":         {Database: "matcher"},
		"no database":    {DSN: "postgres://u@h/d"},
		"unreadable DSN": {DSN: "postgres://u:hunter2@[::1/d", Database: "matcher"},
	} {
		_, err := tenancy.NewTenantConnectionManager(settings, fixed{})
		require.Error(t, err, what)
		require.NotContains(t, fmt.Sprint(err), "hunter2")
	}
	_, err := tenancy.NewTenantConnectionManager(tenancy.ConnectionSettings{DSN: "postgres://u@h/d", Database: "d"}, nil)
	require.Error(t, err)
}

// database is an empty one whose name alone is of interest.
func database(t *testing.T) string {
	t.Helper()
	in := testkit.InstallInto(t, testkit.Database(t))
	return in.Database
}
