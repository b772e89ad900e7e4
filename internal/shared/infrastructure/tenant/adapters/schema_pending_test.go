//go:build integration

package adapters_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/testkit"
)

func TestPendingTenants(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	_, complete := in.NewTenant(t)
	_, behind := in.NewTenant(t)
	_, empty := in.NewTenant(t)
	missing := uuid.NewString()
	owner := in.Owner(t)
	for _, sql := range []string{
		`UPDATE ` + auth.QuoteIdentifier(behind) + `.schema_migrations SET version = 0`,
		`DELETE FROM ` + auth.QuoteIdentifier(empty) + `.schema_migrations`,
	} {
		_, err := owner.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	pending, err := in.Provisioner.PendingTenants(t.Context(), []string{missing, complete, behind, empty})
	require.NoError(t, err)
	require.Equal(t, []string{missing, behind, empty}, pending)

	pending, err = in.Provisioner.PendingTenants(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, pending)
}

func TestPendingTenants_AThousand(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	_, tenantID := in.NewTenant(t)
	owner := in.Owner(t)
	ids := []string{tenantID}
	for range 999 { // a schema with the version alone: what is read is the same
		id := uuid.NewString()
		ids = append(ids, id)
	}
	for chunk := range slices.Chunk(ids[1:], 100) {
		sql := ""
		for _, id := range chunk {
			schema := auth.QuoteIdentifier(id)
			sql += `CREATE SCHEMA ` + schema + `; CREATE TABLE ` + schema + `.schema_migrations AS SELECT version, dirty, baseline FROM ` + auth.QuoteIdentifier(tenantID) + `.schema_migrations;`
		}
		_, err := owner.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	start := time.Now()
	pending, err := in.Provisioner.PendingTenants(t.Context(), ids)
	require.NoError(t, err)
	require.Empty(t, pending)
	t.Logf("the versions of 1,000 tenants: %v, 2 s at most on a quiet machine", time.Since(start).Round(time.Millisecond))
}
