//go:build integration

package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/testkit"
)

func TestService(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t, testkit.MetricsToken("scrape-me-if-you-can"))
	nobody := api.As("")
	nobody.Token = ""
	t.Run("probes and version need no token", func(t *testing.T) {
		for _, path := range []string{"/health", "/readyz", "/version"} {
			require.Equal(t, 200, nobody.Call("GET", path, nil).Status, path)
		}
		require.Contains(t, string(nobody.Call("GET", "/version", nil).Body), `"engine":"engine/`)
	})
	t.Run("metrics ask for their own token and name no tenant", func(t *testing.T) {
		require.Equal(t, 401, nobody.Call("GET", "/metrics", nil).Status)
		metrics := nobody.Call("GET", "/metrics", nil, "Authorization", "Bearer scrape-me-if-you-can")
		require.Equal(t, 200, metrics.Status)
		require.Contains(t, string(metrics.Body), "matcher_http_requests_total")
		require.NotContains(t, string(metrics.Body), api.Config.Tenancy.DefaultTenantID)
	})
	t.Run("the document is OpenAPI 3.1 and links to no schema server", func(t *testing.T) {
		var openAPI map[string]any
		require.NoError(t, json.Unmarshal(nobody.Call("GET", "/openapi.json", nil).Body, &openAPI))
		require.Regexp(t, `^3\.1\.`, openAPI["openapi"])
		require.NotContains(t, string(nobody.Call("GET", "/openapi.json", nil).Body), "$schema")
	})
	t.Run("the viewer loads nothing from elsewhere", func(t *testing.T) {
		docs := nobody.Call("GET", "/docs", nil)
		require.Contains(t, docs.Header.Get("Content-Security-Policy"), "script-src 'sha256-")
		require.NotContains(t, strings.ReplaceAll(string(docs.Body), "http://www.w3.org", ""), "http")
	})
	t.Run("every answer carries its request id and what browsers must know", func(t *testing.T) {
		answer := nobody.Call("GET", "/v1/me", nil, "X-Request-Id", "mine-1")
		require.Equal(t, "mine-1", answer.Header.Get("X-Request-Id"))
		require.Equal(t, "mine-1", answer.Problem().RequestID)
		require.Equal(t, "nosniff", answer.Header.Get("X-Content-Type-Options"))
		require.Empty(t, answer.Header.Get("Access-Control-Allow-Origin"))
		require.NotEqual(t, "not plain!", nobody.Call("GET", "/health", nil, "X-Request-Id", "not plain!").Header.Get("X-Request-Id"))
	})
}

func TestService_ClosedDocuments(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t, func(cfg *bootstrap.Config) { cfg.PublicDocs = false })
	caller, stranger, forger := api.As("", auth.RoleViewer), api.Anonymous(), api.Anonymous()
	forger.Token = "e30.e30.e30"
	for _, path := range []string{"/docs", "/openapi.json", "/version"} {
		require.Equal(t, "NOT_FOUND", stranger.Call("GET", path, nil).Problem().Code, path)
		require.Equal(t, 404, forger.Call("GET", path, nil).Status, path)
		require.Equal(t, 200, caller.Call("GET", path, nil).Status, path)
	}
	require.Equal(t, 200, stranger.Call("GET", "/health", nil).Status)
}

func TestService_MetricsInProductionNeedAToken(t *testing.T) {
	t.Parallel()
	production := func(cfg *bootstrap.Config) {
		cfg.Environment, cfg.Auth.Secret = "production", "Zk3v9Qp1Lx7Rw5Tn8Yb2Hc6Jd4Gf0SaU"
	}
	stranger := testkit.Server(t, production).Anonymous()
	require.Equal(t, 404, stranger.Call("GET", "/metrics", nil).Status)
	require.Equal(t, 401, testkit.Server(t, production, testkit.MetricsToken("scrape")).Anonymous().Call("GET", "/metrics", nil).Status)
	require.Equal(t, 200, testkit.Server(t).Anonymous().Call("GET", "/metrics", nil).Status, "open in development")
	require.NotContains(t, string(stranger.Call("GET", "/version", nil).Body), "commit")
}

// BenchmarkGetContext is what reading one context costs over HTTP: route, token, tenant, one transaction.
func BenchmarkGetContext(b *testing.B) {
	api := testkit.Server(b)
	c := api.As(api.NewTenant("acme"), auth.RoleAdmin)
	path := "/v1/contexts/" + c.NewContext("Cash")
	for b.Loop() {
		c.Must("GET", path, nil, nil)
	}
}
