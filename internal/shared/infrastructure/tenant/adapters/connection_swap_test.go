//go:build integration

package adapters_test

import (
	"context"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/testkit"
)

// changing is an authority whose answers change.
type changing struct {
	mu      sync.Mutex
	tenants map[string]ports.TenantConfig
}

func (c *changing) GetTenantConfig(_ context.Context, tenantID string) (*ports.TenantConfig, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tenant, known := c.tenants[tenantID]
	if !known {
		return nil, recon.NotFound("tenant")
	}
	return &tenant, nil
}

func (c *changing) edit(tenantID string, edit func(*ports.TenantConfig)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tenant := c.tenants[tenantID]
	edit(&tenant)
	tenant.Version++
	c.tenants[tenantID] = tenant
}

// named is the DSN as if somebody else had connected.
func named(t *testing.T, dsn, application string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	query := u.Query()
	query.Set("application_name", application)
	u.RawQuery = query.Encode()
	return u.String()
}

// load leases without pause until stop and counts what was served and what failed.
func load(m *tenancy.TenantConnectionManager, ids []string) (served *atomic.Int64, stop func() (served, failed int64, first error)) {
	ctx, cancel := context.WithCancel(context.Background())
	var failed atomic.Int64
	served = new(atomic.Int64)
	var first error
	var once sync.Once
	var all sync.WaitGroup
	for i := range 2 * len(ids) {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := visit(context.Background(), m, ids[i%len(ids)]); err != nil {
					failed.Add(1)
					once.Do(func() { first = err })
					continue
				}
				served.Add(1)
			}
		})
	}
	return served, func() (int64, int64, error) {
		cancel()
		all.Wait()
		return served.Load(), failed.Load(), first
	}
}

func visit(ctx context.Context, m *tenancy.TenantConnectionManager, tenantID string) error {
	lease, err := m.Acquire(ctx, tenantID)
	if err != nil {
		return err
	}
	defer lease.Release()
	_, err = lease.Conn.Exec(ctx, `SELECT pg_sleep(0.001)`)
	return err
}

func metricsOf(t *testing.T, reader metric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	found := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			var points []metricdata.DataPoint[int64]
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				points = data.DataPoints
			case metricdata.Gauge[int64]:
				points = data.DataPoints
			}
			for _, point := range points {
				name := m.Name
				for _, label := range point.Attributes.ToSlice() {
					name += " " + string(label.Key) + "=" + label.Value.String()
				}
				found[name] += point.Value
			}
		}
	}
	return found
}

func TestTenantConnectionManager_NewLoginsAndSizesSwapThePoolWithoutDroppingARequest(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	fixedOnes, ids := tenants(3, home)
	configuration := &changing{tenants: fixedOnes}
	dedicated := ids[2]
	configuration.edit(dedicated, func(tenant *ports.TenantConfig) {
		tenant.Dedicated = ports.DedicatedDatabase{DSN: ports.Secret(named(t, in.AppDSN, "swap-d0")), Connections: 2}
	})
	reader := metric.NewManualReader()
	settings := tenancy.ConnectionSettings{
		DSN: named(t, in.AppDSN, "swap-s0"), Database: in.Database, MaxConnections: 4,
		Meter: metric.NewMeterProvider(metric.WithReader(reader)),
	}
	m, err := tenancy.NewTenantConnectionManager(settings, configuration)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close(context.Background()) })
	owner := in.Owner(t)
	connectedAs := func() (names []string) {
		require.NoError(t, owner.QueryRow(t.Context(), `
			SELECT coalesce(array_agg(DISTINCT application_name ORDER BY application_name), '{}')
			FROM pg_stat_activity WHERE application_name LIKE 'swap-%'`).Scan(&names))
		return names
	}

	progress, stop := load(m, ids)
	for round := range 5 {
		before := progress.Load()
		require.Eventually(t, func() bool { return progress.Load() > before+200 }, time.Minute, time.Millisecond)
		suffix := string(rune('1' + round))
		require.Eventually(t, func() bool { return len(connectedAs()) == 2 }, time.Minute, time.Millisecond)
		settings.DSN, settings.MaxConnections = named(t, in.AppDSN, "swap-s"+suffix), 4+round
		require.NoError(t, m.Reconfigure(settings))
		configuration.edit(dedicated, func(tenant *ports.TenantConfig) {
			tenant.Dedicated.DSN = ports.Secret(named(t, in.AppDSN, "swap-d"+suffix))
			tenant.Dedicated.Connections = 2 + round
		})
		require.Eventually(t, func() bool {
			names := connectedAs()
			return len(names) == 2 && names[0] == "swap-d"+suffix && names[1] == "swap-s"+suffix
		}, time.Minute, time.Millisecond, "the old pools drain under load")
	}
	served, failed, first := stop()
	require.NoError(t, first)
	require.Zero(t, failed)
	require.Positive(t, served)
	require.Equal(t, 2, m.Pools())
	figures := metricsOf(t, reader)
	require.Equal(t, served, figures["tenant_connections_total server=primary"])
	require.EqualValues(t, 2, figures["tenant_connection_pools state=open"])
	require.Zero(t, figures["tenant_connection_pools state=draining"])
	t.Logf("%d requests over 5 swaps of two pools, none failed", served)

	t.Run("settings that cannot be used change nothing", func(t *testing.T) {
		require.Error(t, m.Reconfigure(tenancy.ConnectionSettings{}))
		require.NoError(t, visit(t.Context(), m, ids[0]))
	})
	t.Run("a configuration that is overtaken never brings the old pool back", func(t *testing.T) {
		configuration.mu.Lock()
		old := configuration.tenants[dedicated]
		old.Version--
		old.Dedicated.DSN = ports.Secret(named(t, in.AppDSN, "swap-old"))
		configuration.tenants[dedicated] = old
		configuration.mu.Unlock()
		require.NoError(t, visit(t.Context(), m, dedicated))
		require.NotContains(t, connectedAs(), "swap-old")
	})
}

func TestTenantConnectionManager_Clusters(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	fixedOnes, ids := tenants(3, home)
	configuration := &changing{tenants: fixedOnes}
	other := database(t)
	configuration.edit(ids[1], func(tenant *ports.TenantConfig) { tenant.Cluster, tenant.Database = "cell-2", other })
	configuration.edit(ids[2], func(tenant *ports.TenantConfig) { tenant.Cluster = "cell-9" })
	m := manager(t, configuration, func(s *tenancy.ConnectionSettings) {
		s.Clusters = map[string]tenancy.ClusterSettings{"cell-2": {DSN: named(t, in.AppDSN, "cell-2"), MaxConnections: 3}}
	})
	lease, err := m.Acquire(t.Context(), ids[1])
	require.NoError(t, err)
	defer lease.Release()
	var where string
	require.NoError(t, lease.Conn.QueryRow(t.Context(), `SELECT current_setting('application_name') || ' ' || current_database()`).Scan(&where))
	require.Equal(t, "cell-2 "+other, where)
	require.Equal(t, tenancy.TenantRole(other, ids[1]), lease.Role)
	require.NoError(t, visit(t.Context(), m, ids[0]))
	_, err = m.Acquire(t.Context(), ids[2])
	require.Equal(t, "DATABASE_UNAVAILABLE", recon.CodeOf(err), "nobody knows that cluster: %v", err)
}

func TestT61_ABlackHoleIsBoundedAndNobodyElsesTrouble(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	link, through := testkit.PostgresLink(t, in.AppDSN, 0)
	fixedOnes, ids := tenants(2, home)
	configuration := &changing{tenants: fixedOnes}
	dark, light := ids[0], ids[1]
	configuration.edit(dark, func(tenant *ports.TenantConfig) { tenant.Cluster = "dark" })
	reader := metric.NewManualReader()
	const connect, acquire, patience = time.Second, 2 * time.Second, time.Minute // 20 visits one after the other are over it
	m := manager(t, configuration, func(s *tenancy.ConnectionSettings) {
		s.ConnectTimeout, s.AcquireTimeout = connect, acquire
		s.Clusters = map[string]tenancy.ClusterSettings{"dark": {DSN: through}}
		s.Meter = metric.NewMeterProvider(metric.WithReader(reader))
	})
	failures := func(tenantID string, n int) (failed int) {
		for range n {
			if visit(t.Context(), m, tenantID) != nil {
				failed++
			}
		}
		return failed
	}
	require.NoError(t, visit(t.Context(), m, light))
	link.Deafen(true)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			start := time.Now()
			err := visit(context.Background(), m, dark)
			if recon.CodeOf(err) != "DATABASE_UNAVAILABLE" && recon.CodeOf(err) != "TENANT_BUSY" {
				t.Errorf("%v", err)
			}
			if took := time.Since(start); took > patience {
				t.Errorf("it took %v", took)
			}
		})
	}
	require.Zero(t, failures(light, 100), "the other cluster's tenant is served meanwhile, and never waits for the dark one")
	all.Wait()

	start := time.Now()
	require.Equal(t, 150, failures(dark, 150))
	require.Less(t, time.Since(start), 150*connect/2, "the breaker answers, where each would wait for a connection")
	require.Positive(t, metricsOf(t, reader)["tenant_connection_errors_total reason=unreachable"])

	link.Deafen(false)
	require.Eventually(t, func() bool { return visit(t.Context(), m, dark) == nil }, time.Minute, 20*time.Millisecond)
}

func TestT80_OneTenantsSlowQueriesLeaveTheOthersTheirConnections(t *testing.T) {
	t.Parallel()
	const slowest = 1500 * time.Millisecond
	configuration, ids := tenants(2, home)
	m := manager(t, configuration, func(s *tenancy.ConnectionSettings) {
		s.MaxConnections, s.TenantConnections = 4, 2
		s.AcquireTimeout, s.StatementTimeout = 20*time.Second, slowest
	})
	a, b := ids[0], ids[1]
	for range 4 { // warm
		require.NoError(t, visit(t.Context(), m, b))
	}
	median := func() time.Duration {
		took := make([]time.Duration, 0, 41)
		for range cap(took) {
			start := time.Now()
			require.NoError(t, visit(t.Context(), m, b))
			took = append(took, time.Since(start))
		}
		return middle(took)
	}
	baseline := median()
	var slow sync.WaitGroup
	var killed atomic.Int32
	for range 6 {
		slow.Go(func() {
			lease, err := m.Acquire(context.Background(), a)
			if err != nil {
				return
			}
			defer lease.Release()
			if _, err = lease.Conn.Exec(context.Background(), `SELECT pg_sleep(60)`); err != nil {
				killed.Add(1)
			}
		})
	}
	beside := median()
	slow.Wait()
	require.Less(t, beside, slowest, "who waited for a connection would wait for a slow query")
	require.GreaterOrEqual(t, killed.Load(), int32(2), "the statement timeout ended them")
	require.NoError(t, visit(t.Context(), m, a))
	t.Logf("b alone %v, beside a's slow queries %v", baseline, beside)
}
