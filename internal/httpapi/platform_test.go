//go:build unit || !integration

package httpapi

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
)

func TestPlatform_IsForNobodyOfATenant(t *testing.T) {
	op := platform("PUT /system/x/{key}", "put-x", "Change x", http.StatusOK, func(*API, context.Context, *struct{}) (*none, error) { return new(none), nil })
	require.Equal(t, []string{"PUT", "/system/x/{key}", "system"}, []string{op.method, op.path, op.tag()})
	require.Equal(t, []auth.Role{auth.RolePlatformAdmin}, rolesFrom(op.role))
	require.Equal(t, auth.RoleViewer, op.heldBy(auth.RoleViewer).role)
}
