//go:build integration

package adapters_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/testkit"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	r, ctx := in.Registry, t.Context()
	created, err := r.Create(ctx, tenancy.NewTenant{Slug: "acme", Name: " Acme Ltd ", Connections: 3, RequestsPerSecond: 5})
	require.NoError(t, err)

	t.Run("create gives what show reads, by id and by slug", func(t *testing.T) {
		require.Equal(t, "Acme Ltd", created.Name)
		require.Equal(t, ports.TenantActive, created.Status)
		require.EqualValues(t, 1, created.Version)
		require.WithinDuration(t, time.Now(), created.CreatedAt, time.Minute)
		for _, key := range []string{created.TenantID, "acme"} {
			shown, err := r.Show(ctx, key)
			require.NoError(t, err)
			require.Equal(t, created, shown)
		}
		require.Equal(t, 3, created.Connections)
		require.Equal(t, 5, created.RequestsPerSecond)
	})
	t.Run("an id or slug that exists is a conflict which says so", func(t *testing.T) {
		_, err := r.Create(ctx, tenancy.NewTenant{ID: created.TenantID, Slug: "other", Name: "x"})
		require.Equal(t, "TENANT_EXISTS", recon.CodeOf(err))
		_, err = r.Create(ctx, tenancy.NewTenant{Slug: "acme", Name: "x"})
		require.Equal(t, "NAME_TAKEN", recon.CodeOf(err))
	})
	t.Run("of many at once with one slug, one is created", func(t *testing.T) {
		var all sync.WaitGroup
		codes := make(chan string, 16)
		for range cap(codes) {
			all.Go(func() {
				_, err := r.Create(ctx, tenancy.NewTenant{Slug: "raced", Name: "x"})
				codes <- recon.CodeOf(err)
			})
		}
		all.Wait()
		close(codes)
		count := map[string]int{}
		for code := range codes {
			count[code]++
		}
		require.Equal(t, map[string]int{"": 1, "NAME_TAKEN": 15}, count)
	})
	t.Run("what cannot be is refused field by field", func(t *testing.T) {
		for _, slug := range []string{"", "Acme", "-a", "a-", "a--b", "a_b", "ä", strings.Repeat("a", 64), uuid.NewString()} {
			_, err := r.Create(ctx, tenancy.NewTenant{Slug: slug, Name: "x"})
			require.Equal(t, recon.KindUnprocessable, recon.KindOf(err), slug)
		}
		for _, name := range []string{"", "  ", "a\nb", "a\x00", "\xff", strings.Repeat("ä", 201)} {
			_, err := r.Create(ctx, tenancy.NewTenant{Slug: "ok", Name: name})
			require.Equal(t, recon.KindUnprocessable, recon.KindOf(err), name)
		}
		_, err := r.Create(ctx, tenancy.NewTenant{ID: "x", Slug: "X", Connections: -1, RequestsPerSecond: -1})
		var facing *recon.Error
		require.ErrorAs(t, err, &facing)
		require.Len(t, facing.Fields, 5)
	})
	t.Run("unknown ones are not found, whatever was asked", func(t *testing.T) {
		for _, key := range []string{"", "nobody", uuid.NewString(), "'; DROP TABLE control.tenants; --", "\x00"} {
			_, err := r.Show(ctx, key)
			require.Equal(t, recon.KindNotFound, recon.KindOf(err), key)
			_, err = r.GetTenantConfig(ctx, key)
			require.Equal(t, recon.KindNotFound, recon.KindOf(err), key)
		}
	})
	t.Run("a status changes once and raises the version; deleted is for good", func(t *testing.T) {
		suspended, err := r.SetStatus(ctx, created.TenantID, ports.TenantSuspended)
		require.NoError(t, err)
		require.Equal(t, ports.TenantSuspended, suspended.Status)
		require.EqualValues(t, 2, suspended.Version)
		again, err := r.SetStatus(ctx, created.TenantID, ports.TenantSuspended)
		require.NoError(t, err)
		require.EqualValues(t, 2, again.Version)
		_, err = r.SetStatus(ctx, created.TenantID, "PAUSED")
		require.Equal(t, recon.KindUnprocessable, recon.KindOf(err))
		_, err = r.SetStatus(ctx, created.TenantID, ports.TenantDeleted)
		require.NoError(t, err)
		_, err = r.SetStatus(ctx, created.TenantID, ports.TenantActive)
		require.Equal(t, "TENANT_DELETED", recon.CodeOf(err))
		_, err = r.SetStatus(ctx, uuid.NewString(), ports.TenantActive)
		require.Equal(t, recon.KindNotFound, recon.KindOf(err))
	})
	t.Run("lists by slug, in parts", func(t *testing.T) {
		first, err := r.Records(ctx, "", "", 1)
		require.NoError(t, err)
		require.Equal(t, "acme", first[0].Slug)
		rest, err := r.Records(ctx, "", "acme", 0)
		require.NoError(t, err)
		require.Len(t, rest, 1)
		require.Equal(t, "raced", rest[0].Slug)
	})
}

func TestRegistry_DatabaseGone_IsUnavailable(t *testing.T) {
	t.Parallel()
	settings := tenancy.ConnectionSettings{DSN: "postgres://x:hunter2@127.0.0.1:1/matcher?connect_timeout=1", Database: "matcher"}
	pool, err := tenancy.OpenRolePool(t.Context(), settings, "", tenancy.RoleControl)
	require.NoError(t, err)
	defer pool.Close()
	_, err = tenancy.NewRegistry(pool).Show(t.Context(), "acme")
	require.Equal(t, "DATABASE_UNAVAILABLE", recon.CodeOf(err))
	require.NotContains(t, err.Error(), "hunter2")
}
