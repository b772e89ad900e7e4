//go:build integration

package httpapi_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/testkit"
)

func TestMe(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	t.Run("me says who and how much", func(t *testing.T) {
		tenantID := api.NewTenant("acme")
		var getMe struct {
			Subject, TenantID string
			Roles             []auth.Role
		}
		api.As(tenantID, auth.RoleViewer).Must("GET", "/v1/me", nil, &getMe)
		require.Equal(t, tenantID, getMe.TenantID)
		require.Equal(t, []auth.Role{auth.RoleViewer}, getMe.Roles)
	})
	t.Run("a tenant that nobody knows is told so", func(t *testing.T) {
		require.Equal(t, 404, api.As(uuid.NewString(), auth.RoleViewer).Call("GET", "/v1/me", nil).Status)
	})
}
