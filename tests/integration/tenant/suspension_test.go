//go:build integration

package tenant

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/testkit"
)

// A token outlives what its tenant may do, so every instance has to stop believing it: at once where events arrive, and
// within the sweep's minute where none ever does.
func TestT27_ALiveTokenOfASuspendedOrDeletedTenantIsRefusedOnEveryInstance(t *testing.T) {
	t.Parallel()
	database, redis := testkit.Database(t), testkit.Redis(t)
	deaf := func(cfg *bootstrap.Config) { cfg.Tenancy.MultiTenantEventChannel = "" }
	instances := []struct {
		name string
		api  *testkit.APIServer
		most time.Duration
	}{
		{"the one that was told", testkit.ServerOn(t, database, testkit.OnRedis(redis)), 5 * time.Second},
		{"another that hears events", testkit.ServerOn(t, database, testkit.OnRedis(redis)), 5 * time.Second},
		{"one that hears none", testkit.ServerOn(t, database, testkit.OnRedis(redis), deaf), time.Minute},
	}
	first := instances[0].api
	operator := first.As("", auth.RolePlatformAdmin)
	for i, c := range []struct {
		what, method, path string
		status             int
	}{
		{"suspended", http.MethodPost, "/suspend", http.StatusForbidden},
		{"deleted", http.MethodDelete, "", http.StatusNotFound},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			tenantID := first.NewTenant([]string{"acme", "globex"}[i])
			clients := make([]*testkit.Client, len(instances))
			for n, instance := range instances {
				clients[n] = instance.api.As(tenantID, auth.RoleViewer)
				require.Equal(t, http.StatusOK, clients[n].Call("GET", "/v1/contexts", nil).Status, "the cache of each is warm")
			}
			operator.Must(c.method, "/admin/tenants/"+tenantID+c.path, nil, nil)
			start := time.Now()
			for n, instance := range instances {
				require.Eventually(t, func() bool { return clients[n].Call("GET", "/v1/contexts", nil).Status == c.status },
					instance.most, 20*time.Millisecond, instance.name)
				t.Logf("%s: refused after %v", instance.name, time.Since(start).Round(time.Millisecond))
			}
		})
	}
}
