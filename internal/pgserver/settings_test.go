//go:build unit || !integration

package pgserver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestArguments(t *testing.T) {
	l := testLayout(t)
	line := func(cfg Config) string { return strings.Join(arguments(cfg, l), " ") }

	require.Contains(t, line(Config{}), "-c synchronous_commit=on")
	require.NotContains(t, line(Config{}), "fsync=off")
	require.Contains(t, line(Config{Settings: map[string]string{"work_mem": "1MB"}}), "-c work_mem=1MB")

	t.Run("no setting opens the server to others", func(t *testing.T) {
		got := line(Config{Settings: map[string]string{"listen_addresses": "*", "unix_socket_permissions": "0777", "port": "1"}})
		require.Contains(t, got, "-c listen_addresses= ")
		require.Contains(t, got, "-c unix_socket_permissions=0700")
		require.Contains(t, got, "-c port=5432")
	})
	t.Run("a port opens it to this machine", func(t *testing.T) {
		require.Contains(t, line(Config{Port: 6000}), "-c listen_addresses=127.0.0.1 ")
	})
}
