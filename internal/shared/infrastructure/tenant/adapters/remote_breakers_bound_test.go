//go:build unit || !integration

package adapters

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRemoteBreakers_RememberNoMoreTenantsThanTheyMay(t *testing.T) {
	t.Parallel()
	b := newRemoteBreakers(RemoteConfiguration{BreakerThreshold: 1 << 30})
	for n := range maxTenantBreakers + 100 {
		done, err := b.allow(tenantNumber(n))
		require.NoError(t, err)
		done(&managerError{reason: "status 500"})
	}
	require.Len(t, b.tenants, maxTenantBreakers)
	require.LessOrEqual(t, len(b.failing), maxTenantBreakers)
	done, err := b.allow(tenantNumber(1))
	require.NoError(t, err)
	done(nil)
	require.Empty(t, b.failing, "a good answer ends the streak")
	require.NotContains(t, b.tenants, tenantNumber(1), "and what was remembered of its tenant")
}
