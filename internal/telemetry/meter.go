package telemetry

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

// NewMeter returns a meter provider whose OpenTelemetry instruments appear in the registry.
func NewMeter(registry prometheus.Registerer) (*metric.MeterProvider, error) {
	exporter, err := otelprom.New(
		otelprom.WithRegisterer(registry), otelprom.WithoutScopeInfo(), otelprom.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("opening the metrics: %w", err)
	}
	return metric.NewMeterProvider(metric.WithReader(exporter)), nil
}
