//go:build integration

package adapters_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

func TestListRegistry_ReadsPageByPage(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	_, err := in.Owner(t).Exec(t.Context(), `
		INSERT INTO control.tenants (id, slug, name, config)
		SELECT gen_random_uuid(), 'tenant-' || n, 'Tenant', '{}' FROM generate_series(1, 2001) AS n`)
	require.NoError(t, err)
	all, complete, err := tenancy.ListRegistry(in.Registry)(t.Context())
	require.NoError(t, err)
	require.True(t, complete)
	require.Len(t, all, 2001)
}
