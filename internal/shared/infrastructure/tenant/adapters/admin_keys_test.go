//go:build integration

package adapters_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

func TestAdminKeys(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	pool, err := tenancy.OpenRolePool(t.Context(), tenancy.ConnectionSettings{DSN: in.AppDSN, Database: in.Database}, "", tenancy.RoleControl)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	keys := tenancy.NewAdminKeys(pool)
	ctx := auth.WithPrincipal(t.Context(), auth.Principal{Subject: "ann"})
	key, made, err := keys.Create(ctx, "ci", []string{"tenants:read"}, nil)
	require.NoError(t, err)
	hash := sha256.Sum256([]byte(key))

	holder, known, err := keys.Holder(ctx, hash[:])
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, auth.Principal{Subject: "key:ci", Roles: []auth.Role{auth.RolePlatformAdmin}, Scopes: []string{"tenants:read"}}, holder)
	all, err := keys.List(ctx)
	require.NoError(t, err)
	require.NotNil(t, all[0].LastUsedAt)
	require.Equal(t, "ann", all[0].CreatedBy)
	var stored int
	require.NoError(t, in.Owner(t).QueryRow(ctx, `SELECT count(*) FROM control.admin_keys WHERE to_jsonb(admin_keys)::text LIKE '%' || $1 || '%'`, key).Scan(&stored))
	require.Zero(t, stored, "the key itself is nowhere")
	_, _, err = keys.Create(ctx, "ci", []string{"keys"}, nil)
	require.Equal(t, recon.CodeNameTaken, recon.CodeOf(err))

	require.NoError(t, keys.Revoke(ctx, made.ID))
	require.NoError(t, keys.Revoke(ctx, made.ID), "twice is once")
	_, known, err = keys.Holder(ctx, hash[:])
	require.NoError(t, err)
	require.False(t, known)

	require.NoError(t, keys.RevokeToken(ctx, "j", time.Hour))
	require.NoError(t, keys.RevokeToken(ctx, "j", time.Hour))
	revoked, err := keys.Revoked(ctx, "j")
	require.NoError(t, err)
	require.True(t, revoked)
	revoked, err = keys.Revoked(ctx, "k")
	require.NoError(t, err)
	require.False(t, revoked)
	pool.Close()
	_, err = keys.Revoked(ctx, "k")
	require.Error(t, err)
}
