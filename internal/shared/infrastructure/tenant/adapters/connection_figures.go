package adapters

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"matcher/internal/recon"
)

// connectionFigures are the manager's metrics. No label names a tenant, a database or a cluster: tenants are
// unbounded, and the values below are complete.
type connectionFigures struct {
	leases, errors metric.Int64Counter
	gauges         metric.Registration
}

// Why a lease was refused.
const (
	reasonUnknown     = "unknown_tenant"
	reasonSuspended   = "suspended"
	reasonBusy        = "busy"
	reasonUnreachable = "unreachable"
	reasonCanceled    = "canceled"
	reasonAuthority   = "tenant_manager"
	reasonOther       = "other"
)

func newConnectionFigures(provider metric.MeterProvider, pools *poolSet) (*connectionFigures, error) {
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	meter, f := provider.Meter(tracerName), &connectionFigures{}
	var faults [5]error
	var open, connections metric.Int64ObservableGauge
	f.leases, faults[0] = meter.Int64Counter("tenant_connections_total",
		metric.WithDescription("Connections leased to tenants."))
	f.errors, faults[1] = meter.Int64Counter("tenant_connection_errors_total",
		metric.WithDescription("Leases that were refused, by reason."))
	open, faults[2] = meter.Int64ObservableGauge("tenant_connection_pools",
		metric.WithDescription("Databases with a pool: open, or draining after a change."))
	connections, faults[3] = meter.Int64ObservableGauge("tenant_pool_connections",
		metric.WithDescription("Connections of all pools."))
	f.gauges, faults[4] = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		counts := pools.counts()
		o.ObserveInt64(open, counts.open, stateIs("open"))
		o.ObserveInt64(open, counts.draining, stateIs("draining"))
		o.ObserveInt64(connections, counts.idle, stateIs("idle"))
		o.ObserveInt64(connections, counts.used, stateIs("used"))
		return nil
	}, open, connections)
	if err := errors.Join(faults[:]...); err != nil {
		return nil, fmt.Errorf("registering the connection metrics: %w", err)
	}
	return f, nil
}

func stateIs(state string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("state", state)))
}

var (
	fromPrimary = metric.WithAttributeSet(attribute.NewSet(attribute.String("server", "primary")))
	fromReplica = metric.WithAttributeSet(attribute.NewSet(attribute.String("server", "replica")))
)

func (f *connectionFigures) leased(ctx context.Context, lease *Lease, err error) {
	switch {
	case err != nil:
		f.errors.Add(ctx, 1, metric.WithAttributes(attribute.String("reason", refusalReason(err))))
	case lease.Replica:
		f.leases.Add(ctx, 1, fromReplica)
	default:
		f.leases.Add(ctx, 1, fromPrimary)
	}
}

func refusalReason(err error) string {
	switch kind := recon.KindOf(err); {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && kind == "":
		return reasonCanceled
	case recon.CodeOf(err) == recon.CodeDatabaseUnavailable:
		return reasonUnreachable
	case kind == recon.KindNotFound:
		return reasonUnknown
	case kind == recon.KindForbidden:
		return reasonSuspended
	case recon.CodeOf(err) == recon.CodeTenantBusy:
		return reasonBusy
	case kind == recon.KindUnavailable:
		return reasonAuthority
	default:
		return reasonOther
	}
}
