//go:build integration

package adapters_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

func TestRemoveTenantSchema(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	owner := in.Owner(t)

	t.Run("goes in chunks that each hold few locks", func(t *testing.T) {
		_, tenantID := in.NewTenant(t)
		tables := len(testkit.TableNames(t, owner, tenantID))
		chunks, most := 0, 0
		tenancy.ObserveDrops(in.Provisioner, func(ctx context.Context, tx pgx.Tx) {
			var locks int
			require.NoError(t, tx.QueryRow(ctx, `SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()`).Scan(&locks))
			chunks, most = chunks+1, max(most, locks)
		})
		defer tenancy.ObserveDrops(in.Provisioner, nil)
		require.NoError(t, in.Provisioner.RemoveTenantSchema(t.Context(), tenantID))
		require.GreaterOrEqual(t, chunks, tables/5)
		require.LessOrEqual(t, most, 120, "a table of locks is every tenant's")
		require.NotContains(t, testkit.SchemaNames(t, owner), tenantID)
	})
	t.Run("one that was cut off is completed by the next, and a third changes nothing", func(t *testing.T) {
		_, tenantID := in.NewTenant(t)
		ctx, cancel := context.WithCancel(t.Context())
		tenancy.ObserveDrops(in.Provisioner, func(context.Context, pgx.Tx) { cancel() })
		require.Error(t, in.Provisioner.RemoveTenantSchema(ctx, tenantID))
		tenancy.ObserveDrops(in.Provisioner, nil)
		for range 2 {
			require.NoError(t, in.Provisioner.RemoveTenantSchema(t.Context(), tenantID))
			require.NoError(t, in.Provisioner.RemoveTenantRole(t.Context(), tenantID))
		}
		var left int
		require.NoError(t, owner.QueryRow(t.Context(), `SELECT count(*) FROM pg_roles WHERE rolname = $1`, tenancy.TenantRole(in.Database, tenantID)).Scan(&left))
		require.Zero(t, left)
	})
	t.Run("takes a tenant's id and nothing else", func(t *testing.T) {
		for _, id := range []string{"", "public", "work", `x"; DROP SCHEMA control CASCADE; --`} {
			require.Equal(t, recon.KindInvalid, recon.KindOf(in.Provisioner.RemoveTenantSchema(t.Context(), id)), id)
			require.Equal(t, recon.KindInvalid, recon.KindOf(in.Provisioner.RemoveTenantRole(t.Context(), id)), id)
		}
	})
	t.Run("a database that is gone holds nothing", func(t *testing.T) {
		_, tenantID := in.NewTenant(t)
		gone, err := tenancy.NewPostgresTenantSchemaProvisioner(func() string { return in.OwnerDSN }, "gone_for_good")
		require.NoError(t, err)
		require.NoError(t, gone.RemoveTenantSchema(t.Context(), tenantID))
	})
}

func TestTransient(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"08006", "40P01", "53300", "55P03", "57P01"} {
		require.True(t, tenancy.Transient(&pgconn.PgError{Code: code}), code)
	}
	require.True(t, tenancy.Transient(context.DeadlineExceeded))
	require.False(t, tenancy.Transient(&pgconn.PgError{Code: "42P07"}))
	require.False(t, tenancy.Transient(errors.New("a table is missing")))
}

func TestEraseTenantKeys(t *testing.T) {
	t.Parallel()
	options, err := redis.ParseURL(testkit.Redis(t))
	require.NoError(t, err)
	client := redis.NewClient(options)
	defer client.Close()
	const own, other = "0190f3c2-7d1e-7c3a-9b1f-0a1b2c3d4e5f", "0190f3c2-7d1e-7c3a-9b1f-0a1b2c3d4e50"
	for n := range 3000 {
		require.NoError(t, client.Set(t.Context(), "tenant:"+own+":k:"+string(rune('a'+n%26))+string(rune('0'+n/26%10))+string(rune('A'+n/260)), 1, 0).Err())
	}
	kept := []string{"tenant:" + other + ":a", "tenant:" + own + "x:a", "x:tenant:" + own + ":a"}
	for _, key := range kept {
		require.NoError(t, client.Set(t.Context(), key, 1, 0).Err())
	}
	require.NoError(t, tenancy.EraseTenantKeys(t.Context(), client, own))
	left, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.ElementsMatch(t, kept, left)
	require.Equal(t, recon.KindInvalid, recon.KindOf(tenancy.EraseTenantKeys(t.Context(), client, "*")))
	require.NoError(t, tenancy.EraseTenantKeys(t.Context(), client, own))
}
