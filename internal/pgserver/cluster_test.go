//go:build integration

package pgserver

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEnsureCluster_AnInterruptedOneIsNeverTakenForADatabase(t *testing.T) {
	dir := dataFolder(t)
	l, err := newLayout(dir)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(l.fresh, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(l.fresh, "PG_VERSION"), []byte("15\n"), 0o600))

	s := startServer(t, Config{DataDir: dir})
	require.NoDirExists(t, l.fresh)
	require.Equal(t, "1", queryOne(t, s, "SELECT 1"))
}

func TestInitdb_MakesWhatMatcherRestsOn(t *testing.T) {
	s := startServer(t, Config{DataDir: dataFolder(t)})
	for show, want := range map[string]string{
		"server_encoding": "UTF8", "data_checksums": "on", "synchronous_commit": "on", "fsync": "on",
		"max_locks_per_transaction": "256", "jit": "off", "listen_addresses": "",
		"TimeZone": "UTC",
	} {
		require.Equal(t, want, queryOne(t, s, "SHOW "+show), show)
	}
	// A server without lz4 would be built so on purpose; pglz is what must never come back.
	require.Contains(t, []string{"lz4", "off"}, queryOne(t, s, "SHOW wal_compression"))
	require.Equal(t, "é", queryOne(t, s, "SELECT lower('É')"), "case of letters beyond ASCII")
	require.Equal(t, "true", queryOne(t, s, "SELECT ('Z' < 'a')::text"), "byte order")
}
