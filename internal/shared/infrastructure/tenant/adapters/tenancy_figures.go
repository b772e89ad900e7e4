package adapters

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// TenancyFigures are the parts whose counts RegisterFigures exports; each may be nil.
type TenancyFigures struct {
	Cache    *CachedConfigurationAdapter
	Listener *RedisTenantEventListener
	Sweep    *TenantSweep
}

// RegisterFigures registers the metrics of cached configurations, events and sweeps. Labels have few, fixed values; no
// metric names a tenant. A nil provider is the process's.
func RegisterFigures(provider metric.MeterProvider, parts TenancyFigures) error {
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	r := figureRegistrar{meter: provider.Meter(tracerName)}
	if cache := parts.Cache; cache != nil {
		counter := r.counter("tenant_config_cache_total", "Answers about tenants, by where they came from.")
		r.callback(func(o metric.Observer) {
			s := cache.Stats()
			for result, n := range map[string]int64{
				"hit": s.Hits, "miss": s.Misses, "stale": s.Stale,
				"negative": s.Negative,
			} {
				o.ObserveInt64(counter, n, metric.WithAttributes(attribute.String("result", result)))
			}
		}, counter)
	}
	if listener := parts.Listener; listener != nil {
		received := r.counter("tenant_events_total", "Tenant events, by what became of them.")
		lag := r.gauge("tenant_event_lag_seconds", "Age of the last tenant event when it was handled.")
		r.callback(func(o metric.Observer) {
			s := listener.Stats()
			o.ObserveInt64(received, s.Received, metric.WithAttributes(attribute.String("result", "received")))
			o.ObserveInt64(received, s.Dropped, metric.WithAttributes(attribute.String("result", "dropped")))
			o.ObserveFloat64(lag, s.Lag.Seconds())
		}, received, lag)
	}
	if sweep := parts.Sweep; sweep != nil {
		sweeps := r.counter("tenant_sweeps_total", "Comparisons with the authority on tenants.")
		corrections := r.counter("tenant_sweep_corrections_total", "Changes whose event was missed.")
		r.callback(func(o metric.Observer) {
			s := sweep.Stats()
			o.ObserveInt64(sweeps, s.Sweeps)
			o.ObserveInt64(corrections, s.Corrections)
		}, sweeps, corrections)
	}
	if r.err != nil {
		return fmt.Errorf("registering the tenancy metrics: %w", r.err)
	}
	return nil
}

// figureRegistrar keeps the first error.
type figureRegistrar struct {
	meter metric.Meter
	err   error
}

func (r *figureRegistrar) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *figureRegistrar) counter(name, help string) metric.Int64ObservableCounter {
	c, err := r.meter.Int64ObservableCounter(name, metric.WithDescription(help))
	r.keep(err)
	return c
}

func (r *figureRegistrar) gauge(name, help string) metric.Float64ObservableGauge {
	g, err := r.meter.Float64ObservableGauge(name, metric.WithDescription(help))
	r.keep(err)
	return g
}

func (r *figureRegistrar) callback(observe func(metric.Observer), shown ...metric.Observable) {
	_, err := r.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		observe(o)
		return nil
	}, shown...)
	r.keep(err)
}
