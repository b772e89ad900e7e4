//go:build unit || !integration

package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

func probing(t *testing.T, ready func(context.Context) error) *API {
	t.Helper()
	a, err := New(Config{
		Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Ready: ready, ProbesOnly: true,
		Limits: func() Limits { return Limits{BodyBytes: 1 << 20, ImportBytes: 1 << 20, Request: time.Second} },
	})
	require.NoError(t, err)
	return a
}

func status(a *API, path string) int {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w.Code
}

func TestNew_ProbesOnly(t *testing.T) {
	a := probing(t, func(context.Context) error { return nil })
	require.Equal(t, http.StatusOK, status(a, "/readyz"))
	require.Equal(t, http.StatusNotFound, status(a, "/v1/me"))
	for _, route := range a.Routes() {
		require.NotContains(t, route, "/v1/")
	}
}

func TestReady(t *testing.T) {
	require.Equal(t, http.StatusServiceUnavailable, status(probing(t, func(context.Context) error { return errors.New("gone") }), "/readyz"))
	a := probing(t, func(context.Context) error { return nil })
	a.Drain()
	a.Drain()
	require.Equal(t, http.StatusServiceUnavailable, status(a, "/readyz"), "a load balancer hears of the stop first")
	require.Equal(t, http.StatusOK, status(a, "/health"))
}

func TestDocument(t *testing.T) {
	a, err := New(Config{Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	require.NoError(t, err)
	var document struct {
		Paths      map[string]map[string]any
		Components struct{ Schemas map[string]json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(a.document, &document))
	require.Len(t, document.Paths["/v1/contexts/{contextId}"], 2)
	require.Contains(t, string(document.Components.Schemas["RuleDoc"]), "priority")
	require.Len(t, a.Routes(), len(operations)+len(public))
	require.NotContains(t, strings.ToLower(string(a.document)), "example.com")
}
