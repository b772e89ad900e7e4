//go:build unit || !integration

package auth

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTenantID_FailsClosed(t *testing.T) {
	t.Parallel()
	_, err := TenantID(context.Background())
	require.ErrorIs(t, err, ErrNoTenant)
	require.Empty(t, LookupTenantID(context.Background()))
	for _, hostile := range hostileTenantIDs() {
		ctx := WithTenant(context.Background(), hostile)
		_, err := TenantID(ctx)
		require.ErrorIs(t, err, ErrNoTenant, "%q", hostile)
		require.Empty(t, LookupTenantID(ctx))
	}
	//nolint:staticcheck // a string key is the point: no other package's value can pass for a tenant
	_, err = TenantID(context.WithValue(context.Background(), "tenantId", tenantA))
	require.ErrorIs(t, err, ErrNoTenant)
}

func TestTenantID_IsTheInnermost(t *testing.T) {
	t.Parallel()
	ctx := WithTenant(context.Background(), tenantA)
	inner := WithTenant(ctx, tenantB)
	for ctx, want := range map[context.Context]string{ctx: tenantA, inner: tenantB} {
		got, err := TenantID(ctx)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, want, LookupTenantID(ctx))
	}
	broken := WithTenant(ctx, "")
	_, err := TenantID(broken)
	require.ErrorIs(t, err, ErrNoTenant, "a tenant that was taken away does not fall back to the outer one")
}
