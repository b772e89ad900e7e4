//go:build unit || !integration

package auth

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequestID_IsNoTenantAndNoCaller(t *testing.T) {
	t.Parallel()
	require.Empty(t, RequestID(context.Background()))
	ctx := WithRequestID(context.Background(), tenantA)
	require.Equal(t, tenantA, RequestID(ctx))
	_, err := TenantID(ctx)
	require.ErrorIs(t, err, ErrNoTenant)
	_, ok := PrincipalFrom(ctx)
	require.False(t, ok)
	require.Empty(t, RequestID(WithTenant(context.Background(), tenantA)))
}
