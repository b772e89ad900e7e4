package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/metric"
)

// RelayFigures are what the relays of a process count together. No figure names a tenant.
type RelayFigures struct {
	active metric.Int64UpDownCounter
	sent   metric.Int64Counter
}

// NewRelayFigures registers them.
func NewRelayFigures(provider metric.MeterProvider) (*RelayFigures, error) {
	meter, f := provider.Meter("matcher/relay"), &RelayFigures{}
	var faults [2]error
	f.active, faults[0] = meter.Int64UpDownCounter("tenant_consumers_active",
		metric.WithDescription("Tenants whose events are being relayed."))
	f.sent, faults[1] = meter.Int64Counter("tenant_messages_processed_total",
		metric.WithDescription("Events of tenants that the broker confirmed."))
	if err := errors.Join(faults[:]...); err != nil {
		return nil, fmt.Errorf("registering the relay's metrics: %w", err)
	}
	f.active.Add(context.Background(), 0) // both are there from the start, at zero
	f.sent.Add(context.Background(), 0)
	return f, nil
}

// visiting counts a visit that begins (1) or ends (-1). A relay without figures counts nowhere.
func (f *RelayFigures) visiting(ctx context.Context, change int64) {
	if f != nil {
		f.active.Add(ctx, change)
	}
}

func (f *RelayFigures) confirmed(ctx context.Context, events int64) {
	if f != nil {
		f.sent.Add(ctx, events)
	}
}
