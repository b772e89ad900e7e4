package bootstrap

import (
	"fmt"

	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

// newMeter shows on the registry what is counted through OpenTelemetry.
func newMeter(registry *figures) (*metric.MeterProvider, error) {
	exporter, err := prometheus.New(prometheus.WithRegisterer(registry), prometheus.WithoutScopeInfo(), prometheus.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("opening the metrics: %w", err)
	}
	return metric.NewMeterProvider(metric.WithReader(exporter)), nil
}
