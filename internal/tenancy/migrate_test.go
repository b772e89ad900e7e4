//go:build integration

package tenancy_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/tenancy"
	"matcher/internal/testkit"
	"matcher/migrations"
)

func TestMigrate_OneBrokenTenantIsQuarantinedAlone(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenants, conn := api.App.Tenants(), owner(t, api.OwnerDSN)
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

	done, err := tenants.Migrate(t.Context())
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
	record, err := tenants.Registry.Record(t.Context(), "broken")
	require.NoError(t, err)
	require.Equal(t, done.Failed[0].Fault, record.Fault)

	again, err := tenants.Migrate(t.Context())
	require.NoError(t, err)
	require.Equal(t, done.Failed, again.Failed, "it stays listed until it is mended")
	require.Zero(t, again.Migrated)
	exec(`INSERT INTO "`+broken+`".schema_migrations (version, dirty) VALUES ($1, false)`, version)
	mended, err := tenants.Migrate(t.Context())
	require.NoError(t, err)
	require.Empty(t, mended.Failed)
	requireMe(t, api, broken, http.StatusOK, "")
}

func TestMigrate_ResumesWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenants, conn := api.App.Tenants(), owner(t, api.OwnerDSN)
	tenantID := api.NewTenant("acme")
	_, err := conn.Exec(t.Context(), `DROP SCHEMA "`+tenantID+`" CASCADE`)
	require.NoError(t, err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = tenants.Migrate(ended)
	require.Error(t, err)
	record, err := tenants.Registry.Record(t.Context(), tenantID)
	require.NoError(t, err)
	require.False(t, record.Quarantined, "the end of a request says nothing against a tenant")
	done, err := tenants.Migrate(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, done.Migrated)
}

// One additive file goes over all tenants while one of them is at work: none fails and no request of it does.
func TestT105_AnAdditiveMigrationOverAllTenants(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenants := api.App.Tenants()
	ids := make([]string, 12)
	for n := range ids {
		ids[n] = api.NewTenant(fmt.Sprint("tenant-", n))
	}
	baseline, err := fs.ReadFile(migrations.FS, "000001_baseline.up.sql")
	require.NoError(t, err)
	files := fstest.MapFS{
		"000001_baseline.up.sql": {Data: baseline},
		"000002_next.up.sql":     {Data: []byte("ALTER TABLE contexts ADD COLUMN next text;\nCREATE TABLE next (id bigint PRIMARY KEY);\n")},
	}
	tenants.Options = append(tenants.Options, func(o *adapters.ProvisionerOptions) { o.Migrations = files })
	migrated := make(chan tenancy.Migration, 1)
	go func() {
		done, err := tenants.Migrate(t.Context())
		if err != nil {
			t.Error(err)
		}
		migrated <- done
	}()
	busy := api.As(ids[0], auth.RoleAdmin)
	var done tenancy.Migration
	for n := 0; done.Checked == 0; n++ {
		busy.NewContext(fmt.Sprint("context ", n)) // fails the test unless it is made
		select {
		case done = <-migrated:
		default:
		}
	}
	require.Empty(t, done.Failed)
	require.Equal(t, len(ids)+1, done.Migrated, "the default tenant is one too")
	again, err := tenants.Migrate(t.Context())
	require.NoError(t, err)
	require.Zero(t, again.Migrated)
}
