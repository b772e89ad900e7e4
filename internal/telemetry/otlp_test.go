//go:build unit || !integration

package telemetry

import (
	"compress/gzip"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector answers with each status in turn, then with 200, and keeps the names of the spans that it took.
func collector(t *testing.T, statuses ...int) (at *httptest.Server, spans *[]string) {
	t.Helper()
	spans = &[]string{}
	handler := func(w http.ResponseWriter, r *http.Request) {
		if len(statuses) > 0 {
			w.Header().Set("Retry-After", "0")
			http.Error(w, "not now", statuses[0])
			statuses = statuses[1:]
			return
		}
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(r.Body)
		}
		read, err := io.ReadAll(body)
		var data tracepb.TracesData
		if err != nil || proto.Unmarshal(read, &data) != nil || r.Header.Get("Content-Type") != "application/x-protobuf" {
			http.Error(w, "not spans", http.StatusBadRequest)
			return
		}
		for _, resource := range data.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					*spans = append(*spans, r.URL.Path+" "+r.Header.Get("X-Key")+" "+span.GetName())
				}
			}
		}
	}
	at = httptest.NewUnstartedServer(http.HandlerFunc(handler))
	t.Cleanup(at.Close)
	return at, spans
}

// export sends one span of the name "work".
func export(t *testing.T) error {
	t.Helper()
	client, err := newOTLPClient()
	require.NoError(t, err)
	exporter, err := otlptrace.New(t.Context(), client)
	require.NoError(t, err)
	recorder := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(recorder))
	_, span := provider.Tracer("test").Start(t.Context(), "work")
	span.End()
	defer func() { require.NoError(t, exporter.Shutdown(t.Context())) }()
	return exporter.ExportSpans(t.Context(), recorder.Ended())
}

func TestOTLPClient(t *testing.T) {
	t.Run("a variable of traces counts more than the general one", func(t *testing.T) {
		at, spans := collector(t)
		at.Start()
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1")
		t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", at.URL+"/here")
		t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=general")
		t.Setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-other=1, x-key=a%20b")
		t.Setenv("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip")
		require.NoError(t, export(t))
		require.Equal(t, []string{"/here a b work"}, *spans)
	})
	t.Run("a busy collector is asked again", func(t *testing.T) {
		at, spans := collector(t, http.StatusServiceUnavailable, http.StatusTooManyRequests)
		at.Start()
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", at.URL+"/")
		require.NoError(t, export(t))
		require.Equal(t, []string{"/v1/traces  work"}, *spans)
	})
	t.Run("a refusal is final and named", func(t *testing.T) {
		at, spans := collector(t, http.StatusForbidden)
		at.Start()
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", at.URL)
		require.ErrorContains(t, export(t), "the collector answered 403 Forbidden: not now")
		require.Empty(t, *spans)
	})
	t.Run("a collector with a certificate of its own", func(t *testing.T) {
		at, spans := collector(t)
		at.StartTLS()
		file := filepath.Join(t.TempDir(), "ca.pem")
		certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: at.Certificate().Raw})
		require.NoError(t, os.WriteFile(file, certificate, 0o600))
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", at.URL)
		t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", file)
		require.NoError(t, export(t))
		require.Equal(t, []string{"/v1/traces  work"}, *spans)
	})
}

func TestOTLPClient_RefusesWhatItCannotUse(t *testing.T) {
	for name, value := range map[string]string{
		"ENDPOINT": "collector:4318", "TRACES_ENDPOINT": "ftp://collector", "HEADERS": "secret", "TIMEOUT": "soon",
		"CERTIFICATE": "/nowhere", "CLIENT_CERTIFICATE": "/nowhere", "TRACES_CERTIFICATE": os.DevNull,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_"+name, value)
			_, err := newOTLPClient()
			require.Error(t, err)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}
