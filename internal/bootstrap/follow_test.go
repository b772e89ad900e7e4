//go:build integration

package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/shared/ports"
	"matcher/internal/testkit"
)

// managerOf is a tenant manager that knows everybody and counts the questions.
func managerOf(t *testing.T, key string) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("X-API-Key") != key {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		tenantID, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/tenants/"), "/")
		_ = json.NewEncoder(w).Encode(ports.TenantConfig{TenantID: tenantID, Status: ports.TenantActive})
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestFollow_TenancySettingsAreInForceWithoutARestart(t *testing.T) {
	t.Parallel()
	here, askedHere := managerOf(t, "k")
	there, askedThere := managerOf(t, "another key")
	api := testkit.Server(t, func(cfg *bootstrap.Config) {
		cfg.Tenancy.MultiTenantURL, cfg.Tenancy.MultiTenantServiceAPIKey = here, "k"
		cfg.Tenancy.MultiTenantURLHosts = []string{"127.0.0.1"}
	})
	platform := api.As("", auth.RolePlatformAdmin)
	c := api.As(api.Config.Tenancy.DefaultTenantID, auth.RoleViewer)
	put := func(key string, value any) {
		platform.Must("PUT", "/system/matcher/tenancy."+key, map[string]any{"value": value}, nil)
	}
	// A sweep asks too, at its own time: what requests ask shows in fewer questions than requests.
	ask := func(asked *atomic.Int64, requests int) int64 {
		before := asked.Load()
		for range requests {
			c.Must("GET", "/v1/me", nil, nil)
		}
		return asked.Load() - before
	}
	ask(askedHere, 1)
	require.Positive(t, askedHere.Load())
	t.Run("the tenant manager's address and key", func(t *testing.T) {
		platform.Must("PUT", "/system/matcher/tenancy.multi_tenant_url", map[string]any{"value": there, "secret": "another key"}, nil)
		require.Positive(t, ask(askedThere, 1))
		require.Less(t, ask(askedHere, 20), int64(20))
		refused := platform.Call("PUT", "/system/matcher/tenancy.multi_tenant_url", `{"value":""}`)
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status, "whether there is one is decided at the start")
	})
	t.Run("how long a tenant's configuration is believed", func(t *testing.T) {
		require.Less(t, ask(askedThere, 20), int64(20))
		put("multi_tenant_config_cache_ttl_sec", 0)
		require.GreaterOrEqual(t, ask(askedThere, 5), int64(5))
		put("multi_tenant_config_cache_ttl_sec", nil)
		ask(askedThere, 1)
		require.Less(t, ask(askedThere, 20), int64(20))
	})
	t.Run("pools and breakers", func(t *testing.T) {
		put("multi_tenant_max_tenant_pools", 2)
		put("multi_tenant_idle_timeout_sec", 1)
		put("multi_tenant_circuit_breaker_threshold", 1)
		put("multi_tenant_circuit_breaker_timeout_sec", 5)
		c.Must("GET", "/v1/contexts", nil, nil)
	})
}
