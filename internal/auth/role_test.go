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
	needed := []Role{
		RoleViewer, RolePreparer, RoleApprover, RoleReviewer, RoleController, RoleConfigurator, RolePlatformAdmin,
		RoleTenantReader, "", "owner", "Viewer",
	}
	for _, tc := range []struct {
		held []Role
		want string // y or n, one a column
	}{
		{nil, "nnnnnnnnnnn"},
		{[]Role{RoleViewer}, "ynnnnnnnnnn"},
		{[]Role{RoleAuditor}, "ynnnnnnnnnn"},
		{[]Role{RolePreparer}, "yynnnnnnnnn"},
		{[]Role{RoleApprover}, "ynynnnnnnnn"},
		{[]Role{RoleReviewer}, "ynnynnnnnnn"},
		{[]Role{RoleController}, "ynnnynnnnnn"},
		{[]Role{RoleConfigurator}, "ynnnnynnnnn"},
		{[]Role{RoleAdmin}, "yyyyyynnnnn"},
		{[]Role{RoleAdmin, RoleAuditor}, "ynnnnnnnnnn"},
		{[]Role{RolePlatformAdmin}, "nnnnnnyynnn"},
		{[]Role{RoleTenantReader}, "nnnnnnnynnn"},
		{[]Role{RoleViewer, RolePlatformAdmin}, "ynnnnnyynnn"},
		{[]Role{RoleApprover, RolePreparer}, "yyynnnnnnnn"},
		{[]Role{"owner", "Admin", ""}, "nnnnnnnnnnn"},
	} {
		for i, role := range needed {
			require.Equal(t, tc.want[i] == 'y', Allows(tc.held, role), "%v holds, %q needed", tc.held, role)
		}
	}
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ held, listed, want []Role }{
		{[]Role{RoleApprover}, nil, []Role{RoleApprover}},
		{[]Role{RoleApprover, RolePreparer}, []Role{RolePreparer}, []Role{RoleViewer, RolePreparer}},
		{[]Role{RoleViewer}, []Role{RoleApprover, RoleAdmin}, []Role{RoleViewer}},
		{[]Role{RoleAdmin}, []Role{RoleApprover}, []Role{RoleViewer, RoleApprover}},
		{[]Role{RoleAuditor, RoleAdmin}, []Role{RoleApprover}, []Role{RoleViewer, RoleAuditor, RoleApprover}},
		{[]Role{RoleApprover}, []Role{RoleAuditor, RoleApprover}, []Role{RoleViewer, RoleAuditor, RoleApprover}},
	} {
		require.Equal(t, tc.want, Narrow(tc.held, tc.listed), "%v listed with %v", tc.held, tc.listed)
	}
}

func TestRequireRole(t *testing.T) {
	t.Parallel()
	requireUnauthorized(t, RequireRole(context.Background(), RoleViewer))
	ctx := WithPrincipal(context.Background(), Principal{Subject: "user-1", Roles: []Role{RolePreparer}})
	require.NoError(t, RequireRole(ctx, RolePreparer))
	err := RequireRole(ctx, RoleApprover)
	require.Equal(t, recon.KindForbidden, recon.KindOf(err))
	require.ErrorContains(t, err, "approver", "the caller learns which role to ask for")
}
