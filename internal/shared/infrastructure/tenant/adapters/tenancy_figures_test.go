//go:build unit || !integration

package adapters_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

func TestRegisterFigures_ShowsWhatTheCacheAnswered(t *testing.T) {
	cache, err := tenancy.NewCachedConfigurationAdapter(newAuthority(1), time.Hour)
	require.NoError(t, err)
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	require.NoError(t, tenancy.RegisterFigures(provider, tenancy.TenancyFigures{Cache: cache}))
	for range 3 {
		_, err := cache.GetTenantConfig(t.Context(), idOf(0))
		require.NoError(t, err)
	}
	var shown metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &shown))
	counts := map[string]int64{}
	for _, m := range shown.ScopeMetrics[0].Metrics {
		require.Equal(t, "tenant_config_cache_total", m.Name)
		sum, ok := m.Data.(metricdata.Sum[int64])
		require.True(t, ok)
		for _, point := range sum.DataPoints {
			result, _ := point.Attributes.Value("result")
			counts[result.AsString()] = point.Value
		}
	}
	require.Equal(t, map[string]int64{"hit": 2, "miss": 1, "stale": 0, "negative": 0}, counts)
}
