//go:build unit || !integration

package auth

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// The table is the published one: rows are what the caller holds, columns what the operation needs.
func TestAllows_RoleTable(t *testing.T) {
	t.Parallel()
	needed := []Role{RoleViewer, RoleAnalyst, RoleApprover, RoleAdmin, RolePlatformAdmin, "", "owner", "Viewer"}
	for _, tc := range []struct {
		held []Role
		want string // y or n, one a column
	}{
		{nil, "nnnnnnnn"},
		{[]Role{RoleViewer}, "ynnnnnnn"},
		{[]Role{RoleAnalyst}, "yynnnnnn"},
		{[]Role{RoleApprover}, "yyynnnnn"},
		{[]Role{RoleAdmin}, "yyyynnnn"},
		{[]Role{RolePlatformAdmin}, "nnnnynnn"},
		{[]Role{RoleViewer, RolePlatformAdmin}, "ynnnynnn"},
		{[]Role{RoleApprover, RoleViewer}, "yyynnnnn"},
		{[]Role{"owner", "Admin", ""}, "nnnnnnnn"},
	} {
		for i, role := range needed {
			require.Equal(t, tc.want[i] == 'y', Allows(tc.held, role), "%v holds, %q needed", tc.held, role)
		}
	}
}

func TestRequireRole(t *testing.T) {
	t.Parallel()
	requireUnauthorized(t, RequireRole(context.Background(), RoleViewer))
	ctx := WithPrincipal(context.Background(), Principal{Subject: "user-1", Roles: []Role{RoleAnalyst}})
	require.NoError(t, RequireRole(ctx, RoleAnalyst))
	err := RequireRole(ctx, RoleApprover)
	require.Equal(t, recon.KindForbidden, recon.KindOf(err))
	require.ErrorContains(t, err, "approver", "the caller learns which role to ask for")
}
