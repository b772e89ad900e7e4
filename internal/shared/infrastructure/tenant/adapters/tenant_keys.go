package adapters

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// keysChunk is how many keys one step looks at: it takes Redis under a millisecond.
const keysChunk = 1000

// EraseTenantKeys removes every key of a tenant, tenant:{id}:…, and leaves the others'. It is idempotent.
func EraseTenantKeys(ctx context.Context, client redis.UniversalClient, tenantID string) error {
	if !auth.IsUUID(tenantID) { // a glob would reach further
		return recon.Invalid(recon.CodeInvalidValue, "a tenant id is a lower-case UUID")
	}
	if cluster, ok := client.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx,
			func(ctx context.Context, node *redis.Client) error { return eraseKeys(ctx, node, tenantID) })
	}
	return eraseKeys(ctx, client, tenantID)
}

func eraseKeys(ctx context.Context, client redis.Cmdable, tenantID string) error {
	for cursor := uint64(0); ; {
		keys, next, err := client.Scan(ctx, cursor, "tenant:"+tenantID+":*", keysChunk).Result()
		if err != nil {
			return fmt.Errorf("looking for the tenant's keys: %w", err)
		}
		for _, key := range keys { // one by one in a batch: keys of a cluster are in different slots
			if err := client.Unlink(ctx, key).Err(); err != nil {
				return fmt.Errorf("removing the tenant's keys: %w", err)
			}
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}
