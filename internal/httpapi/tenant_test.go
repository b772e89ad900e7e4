//go:build integration

package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/tenancy"
	"matcher/internal/testkit"
)

const (
	adminKey   = "an-administrator's-key-of-32-bytes-or-more"
	serviceKey = "another-installation's-key"
)

func withKeys(cfg *bootstrap.Config) {
	cfg.Auth.AdminAPIKey, cfg.Tenancy.MultiTenantServiceAPIKey = adminKey, serviceKey
}

func TestTenants_OverHTTP(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t, withKeys)
	platform := api.As("", auth.RolePlatformAdmin)
	var acme adapters.TenantRecord
	made := platform.Must("POST", "/admin/tenants", `{"slug":"acme","name":"Acme Ltd","connections":3}`, &acme)
	require.Equal(t, http.StatusCreated, made.Status)
	require.Equal(t, "/admin/tenants/"+acme.TenantID, made.Header.Get("Location"))
	require.Equal(t, http.StatusOK, api.As(acme.TenantID, auth.RoleViewer).Call("GET", "/v1/me", nil).Status, "usable at once")

	t.Run("read by id and slug, listed in parts", func(t *testing.T) {
		for _, key := range []string{acme.TenantID, "acme"} {
			var shown adapters.TenantRecord
			platform.Must("GET", "/admin/tenants/"+key, nil, &shown)
			require.Equal(t, acme, shown)
		}
		require.Equal(t, http.StatusNotFound, platform.Call("GET", "/admin/tenants/nobody", nil).Status)
		var page struct {
			Items      []adapters.TenantRecord
			NextCursor string
		}
		platform.Must("GET", "/admin/tenants?limit=1", nil, &page)
		require.Equal(t, "acme", page.Items[0].Slug)
		platform.Must("GET", "/admin/tenants?limit=1&cursor="+page.NextCursor, nil, &page)
		require.Equal(t, "default", page.Items[0].Slug)
		require.Equal(t, http.StatusBadRequest, platform.Call("GET", "/admin/tenants?cursor=!", nil).Status)
	})
	t.Run("limits change for whoever has read the latest version", func(t *testing.T) {
		path := "/admin/tenants/" + acme.TenantID
		changed := platform.Must("PATCH", path, `{"requestsPerSecond":7}`, &acme, "If-Match", made.Header.Get("ETag"))
		require.Equal(t, 3, acme.Connections)
		require.Equal(t, 7, acme.RequestsPerSecond)
		require.Equal(t, http.StatusPreconditionFailed, platform.Call("PATCH", path, `{"connections":1}`, "If-Match", made.Header.Get("ETag")).Status)
		require.NotEqual(t, made.Header.Get("ETag"), changed.Header.Get("ETag"))
		require.Equal(t, http.StatusUnprocessableEntity, platform.Call("PATCH", path, `{"connections":-1}`).Status)
	})
	t.Run("what cannot be is refused", func(t *testing.T) {
		for body, code := range map[string]string{
			`{"slug":"acme","name":"x"}`: "NAME_TAKEN", `{"slug":"A","name":""}`: "VALIDATION_FAILED",
			`{"id":"` + acme.TenantID + `","slug":"b","name":"x"}`:     "TENANT_EXISTS",
			`{"id":"'; DROP SCHEMA x; --","slug":"b","name":"x"}`:      "VALIDATION_FAILED",
			`{"slug":"` + strings.Repeat("a", 300) + `","name":"x"}`:   "VALIDATION_FAILED",
			`{"slug":"b","name":"x","database":"postgres"}`:            "VALIDATION_FAILED",
			`{"slug":"b","name":"x","status":"DELETED"}`:               "VALIDATION_FAILED",
			`{"slug":"b","name":"x","database":"own","cluster":"far"}`: "VALIDATION_FAILED",
		} {
			require.Equal(t, code, platform.Call("POST", "/admin/tenants", body).Problem().Code, body)
		}
	})
	t.Run("suspend, resume, delete, restore", func(t *testing.T) {
		user := api.As(acme.TenantID, auth.RoleViewer)
		for _, step := range []struct {
			method, path string
			status       int
		}{
			{"POST", "/suspend", http.StatusForbidden},
			{"POST", "/resume", http.StatusOK},
			{"DELETE", "", http.StatusNotFound},
			{"POST", "/restore", http.StatusOK},
		} {
			platform.Must(step.method, "/admin/tenants/"+acme.TenantID+step.path, nil, nil)
			require.Equal(t, step.status, user.Call("GET", "/v1/me", nil).Status, step.path)
		}
		require.Equal(t, http.StatusNotFound, platform.Call("POST", "/admin/tenants/"+uuid.NewString()+"/suspend", nil).Status)
	})
	t.Run("migrations and the audit log", func(t *testing.T) {
		var done tenancy.Migration
		platform.Must("POST", "/admin/migrations", nil, &done)
		require.Equal(t, tenancy.Migration{Checked: 2, Failed: []tenancy.MigrationFault{}}, done)
		var log struct{ Items []adapters.TenantAuditEntry }
		platform.Must("GET", "/admin/audit?about="+acme.TenantID, nil, &log)
		require.Equal(t, "tenant.restore", log.Items[0].Action)
		require.Equal(t, "tenant.create", log.Items[len(log.Items)-1].Action)
		require.Equal(t, testkit.Subject, log.Items[0].Actor)
		require.NotEmpty(t, log.Items[0].RequestID)
	})
}

func TestTenants_WhoMayChangeThem(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t, withKeys)
	tenantID := api.NewTenant("acme")
	anonymous := *api.As("")
	anonymous.Token = ""
	managed := "/tenants/" + tenantID + "/services/matcher/settings"
	for _, c := range []struct {
		why, key, path string
		client         *testkit.Client
		status         int
	}{
		{"the administrator's key", adminKey, "/admin/tenants", &anonymous, http.StatusOK},
		{"the same for settings", adminKey, "/system/matcher", &anonymous, http.StatusOK},
		{"no key", "", "/admin/tenants", &anonymous, http.StatusUnauthorized},
		{"a wrong key", adminKey + "x", "/admin/tenants", &anonymous, http.StatusUnauthorized},
		{"a wrong key beside a good token", "wrong", "/admin/tenants", api.As("", auth.RolePlatformAdmin), http.StatusUnauthorized},
		{"a viewer", "", "/admin/tenants", api.As(tenantID, auth.RoleViewer), http.StatusForbidden},
		{"a tenant's administrator", "", "/admin/tenants", api.As(tenantID, auth.RoleAdmin), http.StatusForbidden},
		{"the other installation's key", serviceKey, "/admin/tenants", &anonymous, http.StatusForbidden},
		{"the administrator's key and a tenant's data", adminKey, "/v1/contexts", &anonymous, http.StatusUnauthorized},
		{"the other installation's key, for what it is for", serviceKey, managed, &anonymous, http.StatusOK},
		{"a wrong one", "wrong", managed, &anonymous, http.StatusUnauthorized},
		{"a viewer, there", "", managed, api.As(tenantID, auth.RoleViewer), http.StatusForbidden},
	} {
		var headers []string
		if c.key != "" {
			headers = []string{"X-API-Key", c.key}
		}
		answer := c.client.Call("GET", c.path, nil, headers...)
		require.Equal(t, c.status, answer.Status, "%s: %s", c.why, answer.Body)
		require.NotContains(t, string(answer.Body), adminKey, c.why)
	}
	t.Run("where no key is set, none opens", func(t *testing.T) {
		bare := testkit.Server(t)
		nobody := *bare.As("")
		nobody.Token = ""
		for _, key := range []string{adminKey, ""} {
			require.Equal(t, http.StatusUnauthorized, nobody.Call("GET", "/admin/tenants", nil, "X-API-Key", key).Status)
		}
	})
}

func TestTenantManager_OneMatcherIsAnothers(t *testing.T) {
	t.Parallel()
	redis := testkit.Redis(t)
	onRedis := func(cfg *bootstrap.Config) { cfg.Redis.URL = redis }
	first := testkit.Server(t, withKeys, onRedis)
	second := testkit.Server(t, onRedis, func(cfg *bootstrap.Config) {
		cfg.Tenancy.MultiTenantURL, cfg.Tenancy.MultiTenantServiceAPIKey = first.URL, serviceKey
	})
	operator := first.As("", auth.RolePlatformAdmin)
	var acme adapters.TenantRecord
	operator.Must("POST", "/admin/tenants", `{"slug":"acme","name":"Acme Ltd","connections":3,"requestsPerSecond":50}`, &acme)

	service := *first.As("")
	service.Token = ""
	paths := []string{"/tenants/" + acme.TenantID + "/services/matcher/settings", "/v1/tenants/" + acme.TenantID + "/associations/matcher/connections"}
	asked := func(path string) (config ports.TenantConfig) {
		service.Must("GET", path+"?environment=production", nil, &config, "X-API-Key", serviceKey)
		return config
	}
	for _, path := range paths {
		require.Equal(t, acme.TenantConfig, asked(path))
	}
	user := second.As(acme.TenantID, auth.RoleAdmin)
	status := func() int { return user.Call("GET", "/v1/contexts", nil).Status }
	becomes := func(want int, why string) {
		t.Helper()
		require.Eventually(t, func() bool { return status() == want }, time.Minute, 20*time.Millisecond, why)
	}
	becomes(http.StatusOK, "a tenant of the first is usable at the second without a restart")
	user.NewContext("books")
	step := func(method, path string) { operator.Must(method, "/admin/tenants/"+acme.TenantID+path, nil, nil) }
	step("POST", "/suspend")
	becomes(http.StatusForbidden, "suspended")
	for _, path := range paths {
		require.Equal(t, http.StatusForbidden, service.Call("GET", path, nil, "X-API-Key", serviceKey).Status)
	}
	step("POST", "/resume")
	becomes(http.StatusOK, "resumed")
	step("DELETE", "")
	becomes(http.StatusNotFound, "deleted")
	require.Equal(t, http.StatusNotFound, service.Call("GET", paths[0], nil, "X-API-Key", serviceKey).Status)
	require.Equal(t, http.StatusNotFound, second.As(uuid.NewString(), auth.RoleAdmin).Call("GET", "/v1/contexts", nil).Status, "unknown")
	require.Equal(t, "TENANTS_ELSEWHERE", second.As("", auth.RolePlatformAdmin).Call("GET", "/admin/tenants", nil).Problem().Code)
}
