//go:build unit || !integration

package bootstrap

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
)

// The key that other installations hold reads tenants and no more, and is nobody's where this installation itself asks
// a tenant manager with it. A key that is not configured opens nothing.
func TestEachAPIKeyOpensItsOwnDoor(t *testing.T) {
	t.Parallel()
	const admin, service = "the-administrators-key-of-this-test", "the-services-key-of-this-very-test"
	app := &App{cfg: Config{Auth: AuthConfig{AdminAPIKey: admin}, Tenancy: TenancyConfig{MultiTenantServiceAPIKey: service}}}
	roles := func(key string) []auth.Role {
		who, err := app.apiKeys().Authenticate(t.Context(), []string{key}, "")
		if err != nil {
			return nil
		}
		return who.Roles
	}
	require.Equal(t, []auth.Role{auth.RolePlatformAdmin}, roles(admin))
	require.Equal(t, []auth.Role{auth.RoleTenantReader}, roles(service))
	app.cfg.Tenancy.MultiTenantURL = "https://tenants.example"
	require.Nil(t, roles(service))
	app.cfg = Config{}
	require.Nil(t, roles(""))
	require.Nil(t, roles(admin))
}
