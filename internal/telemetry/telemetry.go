// Package telemetry builds the process's traces, metrics and logs.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"matcher/internal/auth"
)

// StartTracing exports the spans of a service over OTLP/HTTP to where the OTEL_EXPORTER_OTLP_* variables point, or
// nowhere unless wanted. The returned function flushes the rest.
func StartTracing(ctx context.Context, service string, wanted bool) (stop func(context.Context) error, err error) {
	otel.SetTextMapPropagator(propagation.TraceContext{}) // no baggage: callers could set it to anything
	if !wanted {
		return func(context.Context) error { return nil }, nil
	}
	client, err := newOTLPClient()
	if err != nil {
		return nil, fmt.Errorf("opening the trace exporter of OTEL_EXPORTER_OTLP_*: %w", err)
	}
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, err
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", service))),
	)
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}

// NewRegistry returns the registry behind /metrics, with the metrics of Go and of the process in it.
func NewRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// NewLogger returns a logger of JSON or text lines that carry the tenant, the request and the trace of their context.
func NewLogger(level, format string, to io.Writer) *slog.Logger {
	var least slog.Level
	_ = least.UnmarshalText([]byte(level)) // the settings were checked; the zero level is info
	options := &slog.HandlerOptions{Level: least, ReplaceAttr: hideSecrets}
	var handler slog.Handler = slog.NewTextHandler(to, options)
	if format == "json" {
		handler = slog.NewJSONHandler(to, options)
	}
	return slog.New(contextHandler{handler})
}

// secretWords are parts of attribute names whose values never reach a log.
var secretWords = []string{"secret", "password", "token", "authorization", "apikey", "api_key", "dsn"}

func hideSecrets(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, word := range secretWords {
		if strings.Contains(name, word) && a.Value.Kind() == slog.KindString && a.Value.String() != "" {
			return slog.String(a.Key, "[hidden]")
		}
	}
	return a
}

// contextHandler adds tenant, request and trace to each line, so that no caller has to.
type contextHandler struct{ slog.Handler }

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if tenantID := auth.LookupTenantID(ctx); tenantID != "" {
		r.AddAttrs(slog.String("tenantId", tenantID))
	}
	if id := auth.RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("requestId", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		r.AddAttrs(slog.String("traceId", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}
