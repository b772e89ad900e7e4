//go:build unit || !integration

package adapters_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

func TestRedisTenantEventPublisher(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	client := redisClient(t, "redis://"+server.Addr())
	h := listen(t, client, nil)
	publisher, err := tenancy.NewRedisTenantEventPublisher(client, channel)
	require.NoError(t, err)
	event := ports.TenantEvent{Type: ports.TenantEventSuspended, TenantID: idOf(1), Version: 9}
	require.NoError(t, publisher.Publish(t.Context(), event))
	require.Equal(t, event, <-h.events)

	_, err = tenancy.NewRedisTenantEventPublisher(client, "")
	require.Error(t, err)
	_, err = tenancy.NewRedisTenantEventPublisher(nil, channel)
	require.Error(t, err)
	gone := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer gone.Close()
	publisher, err = tenancy.NewRedisTenantEventPublisher(gone, channel)
	require.NoError(t, err)
	require.Error(t, publisher.Publish(t.Context(), event))
}
