//go:build integration

package testkit

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func TestRedis_IsTheTestsOwn(t *testing.T) {
	t.Parallel()
	first, second := client(t, Redis(t)), client(t, Redis(t))
	require.NotContains(t, first.Options().Addr, ":6379")
	require.NoError(t, first.Set(t.Context(), "tenant:a:k", "v", time.Minute).Err())
	require.ErrorIs(t, second.Get(t.Context(), "tenant:a:k").Err(), redis.Nil)
}

func TestRedis_EndsWithItsTest(t *testing.T) {
	var c *redis.Client
	t.Run("inner", func(t *testing.T) { c = client(t, Redis(t)) })
	require.Error(t, c.Ping(t.Context()).Err())
}

func client(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	require.NoError(t, err)
	options.MaxRetries = -1
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
