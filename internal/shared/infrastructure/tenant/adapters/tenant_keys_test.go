//go:build integration

package adapters_test

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

func TestEraseTenantKeys_LeavesEveryoneElsesAlone(t *testing.T) {
	t.Parallel()
	options, err := redis.ParseURL(testkit.Redis(t))
	require.NoError(t, err)
	client := redis.NewClient(options)
	defer client.Close()
	const mine, other = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	for i := range 2500 { // more than two chunks
		require.NoError(t, client.Set(t.Context(), fmt.Sprintf("tenant:%s:rate:%d", mine, i), 1, 0).Err())
	}
	kept := []string{"tenant:" + other + ":rate:1", "tenant:" + mine, "tenants:" + mine + ":x", "x:tenant:" + mine + ":y"}
	for _, key := range kept {
		require.NoError(t, client.Set(t.Context(), key, 1, 0).Err())
	}
	for range 2 { // the second finds nothing to do
		require.NoError(t, tenancy.EraseTenantKeys(t.Context(), client, mine))
		left, err := client.Keys(t.Context(), "*").Result()
		require.NoError(t, err)
		require.ElementsMatch(t, kept, left)
	}
	require.Equal(t, recon.KindInvalid, recon.KindOf(tenancy.EraseTenantKeys(t.Context(), client, "*")))
}
