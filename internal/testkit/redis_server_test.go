//go:build integration

package testkit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRedisServer_ComesBackEmptyUnderItsAddress(t *testing.T) {
	t.Parallel()
	server := StartRedisServer(t)
	client := server.Client()
	require.NoError(t, client.Set(t.Context(), "a", "b", 0).Err())
	server.Stop()
	require.Error(t, client.Ping(t.Context()).Err())
	server.Start()
	require.NoError(t, client.Ping(t.Context()).Err())
	require.Zero(t, client.DBSize(t.Context()).Val())
}
