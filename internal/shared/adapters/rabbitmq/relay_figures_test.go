//go:build unit || !integration

package rabbitmq

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func TestNewRelayFigures_CountsVisitsAndEvents(t *testing.T) {
	reader := metric.NewManualReader()
	figures, err := NewRelayFigures(metric.NewMeterProvider(metric.WithReader(reader)))
	require.NoError(t, err)
	figures.visiting(t.Context(), 1)
	figures.visiting(t.Context(), 1)
	figures.visiting(t.Context(), -1)
	figures.confirmed(t.Context(), 40)
	var shown metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &shown))
	values := map[string]int64{}
	for _, m := range shown.ScopeMetrics[0].Metrics {
		sum, ok := m.Data.(metricdata.Sum[int64])
		require.True(t, ok)
		values[m.Name] = sum.DataPoints[0].Value
	}
	require.Equal(t, map[string]int64{"tenant_consumers_active": 1, "tenant_messages_processed_total": 40}, values)
}
