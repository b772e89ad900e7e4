//go:build integration

package lifecycle_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/testkit"
)

func TestMigrate_OneBrokenTenantIsQuarantinedAlone(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	keeper, conn := api.App.Keeper(), owner(t, api.OwnerDSN)
	broken, lacking, fine := api.NewTenant("broken"), api.NewTenant("lacking"), api.NewTenant("fine")
	api.As(fine, auth.RoleAdmin).NewContext("books")
	exec := func(sql string, args ...any) {
		_, err := conn.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	var version int64
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT version FROM "`+broken+`".schema_migrations`).Scan(&version))
	exec(`DELETE FROM "` + broken + `".schema_migrations`) // its tables are there: the first file fails
	exec(`DROP SCHEMA "` + lacking + `" CASCADE`)

	done, err := keeper.Migrate(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, done.Checked, "the default tenant is one too")
	require.Equal(t, 1, done.Migrated)
	require.Zero(t, done.Remaining)
	require.Len(t, done.Failed, 1)
	require.Equal(t, broken, done.Failed[0].TenantID)
	require.Contains(t, done.Failed[0].Fault, "already exists")
	requireMe(t, api, broken, http.StatusServiceUnavailable, "TENANT_QUARANTINED")
	requireMe(t, api, lacking, http.StatusOK, "")
	requireMe(t, api, fine, http.StatusOK, "")
	record, err := keeper.Registry.Record(t.Context(), "broken")
	require.NoError(t, err)
	require.Equal(t, done.Failed[0].Fault, record.Fault)

	again, err := keeper.Migrate(t.Context())
	require.NoError(t, err)
	require.Equal(t, done.Failed, again.Failed, "it stays listed until it is mended")
	require.Zero(t, again.Migrated)
	exec(`INSERT INTO "`+broken+`".schema_migrations (version, dirty) VALUES ($1, false)`, version)
	mended, err := keeper.Migrate(t.Context())
	require.NoError(t, err)
	require.Empty(t, mended.Failed)
	requireMe(t, api, broken, http.StatusOK, "")
}

func TestMigrate_ResumesWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	keeper, conn := api.App.Keeper(), owner(t, api.OwnerDSN)
	tenantID := api.NewTenant("acme")
	_, err := conn.Exec(t.Context(), `DROP SCHEMA "`+tenantID+`" CASCADE`)
	require.NoError(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = keeper.Migrate(ended)
	require.Error(t, err)
	record, err := keeper.Registry.Record(t.Context(), tenantID)
	require.NoError(t, err)
	require.False(t, record.Quarantined, "the end of a request says nothing against a tenant")
	done, err := keeper.Migrate(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, done.Migrated)
}
