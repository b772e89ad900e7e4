//go:build integration

package adapters_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

func middle(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}

// BenchmarkAcquire_Warm is what it costs to know who a tenant is and where it lives: the cached configuration, its pool,
// its share, a connection. The budget is 20 µs.
func BenchmarkAcquire_Warm(b *testing.B) {
	in := testkit.Tenants(b)
	configuration, ids := tenants(100, home)
	cached, err := tenancy.NewCachedConfigurationAdapter(configuration, time.Hour)
	require.NoError(b, err)
	m, err := tenancy.NewTenantConnectionManager(tenancy.ConnectionSettings{DSN: in.AppDSN, Database: in.Database}, cached)
	require.NoError(b, err)
	b.Cleanup(func() { _ = m.Close(b.Context()) })
	for _, id := range ids {
		require.NoError(b, visit(b.Context(), m, id))
	}
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		lease, err := m.Acquire(b.Context(), ids[i%50])
		took = append(took, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		lease.Release()
	}
	b.ReportMetric(float64(middle(took).Nanoseconds())/1e3, "p50-µs")
}
