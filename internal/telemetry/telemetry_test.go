//go:build unit || !integration

package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"

	"matcher/internal/auth"
)

func TestNewLogger(t *testing.T) {
	const tenantID = "0190f3c2-0000-7000-8000-000000000001"
	ctx := auth.WithRequestID(auth.WithTenant(context.Background(), tenantID), "r-1")
	var out bytes.Buffer
	log := NewLogger("info", "json", &out)
	log.With("component", "x").InfoContext(ctx, "line", "dsn", "postgres://a:hunter2@b", "postgresPassword", "hunter2", "rows", 3)
	log.DebugContext(ctx, "hidden")
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	require.Equal(t, tenantID, line["tenantId"])
	require.Equal(t, "r-1", line["requestId"])
	require.Equal(t, "x", line["component"])
	require.EqualValues(t, 3, line["rows"])
	require.NotContains(t, out.String(), "hunter2")

	out.Reset()
	NewLogger("warn", "text", &out).WithGroup("g").Warn("line", "token", "hunter2")
	require.Contains(t, out.String(), "level=WARN")
	require.NotContains(t, out.String(), "hunter2")
}

func TestStartTracing_WithoutEndpointSendsNothing(t *testing.T) {
	stop, err := StartTracing(t.Context(), "matcher", false)
	require.NoError(t, err)
	require.NoError(t, stop(t.Context()))
	families, err := NewRegistry().Gather()
	require.NoError(t, err)
	require.NotEmpty(t, families)
}

func TestStartTracing_SendsSpansToTheEndpoint(t *testing.T) {
	paths := make(chan string, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		paths <- r.URL.Path + " " + r.Header.Get("X-Key")
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=k")
	before := otel.GetTracerProvider()
	defer otel.SetTracerProvider(before)
	stop, err := StartTracing(t.Context(), "matcher", true)
	require.NoError(t, err)
	_, span := otel.Tracer("test").Start(t.Context(), "work")
	span.End()
	require.NoError(t, stop(t.Context()))
	require.Equal(t, "/v1/traces k", <-paths)
}
