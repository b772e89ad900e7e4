//go:build unit || !integration

package pgserver

import (
	"os"
	"path/filepath"
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
}

func TestFitting_TheLogIsCompressedByWhatTheServerHas(t *testing.T) {
	l := testLayout(t)
	require.NoError(t, os.MkdirAll(l.cluster, 0o700))
	server := func(t *testing.T, script string, settings map[string]string) string {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres"), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
		s := &Server{cfg: Config{Settings: settings}, layout: l, bin: binaries{dir: dir}}
		return strings.Join(arguments(s.fitting(identity{}), l), " ")
	}
	const withoutLZ4 = `case "$*" in *lz4*) exit 1; esac`

	require.Contains(t, server(t, "exit 0", nil), "-c wal_compression=lz4")
	require.Contains(t, server(t, withoutLZ4, map[string]string{"work_mem": "1MB"}), "-c wal_compression=off -c work_mem=1MB")
	require.Contains(t, server(t, withoutLZ4, map[string]string{"wal_compression": "zstd"}), "-c wal_compression=zstd")
}
