package testkit

import (
	"os"
	"path/filepath"
	"testing"

	"matcher/internal/pgserver"
)

// fakeClocks are where packages put libfaketime.
var fakeClocks = []string{
	"/usr/lib/*/faketime/libfaketime.so.1", // Debian, Ubuntu
	"/usr/lib*/faketime/libfaketime.so.1",  // Fedora, Alpine, Arch
}

// DatabaseAt returns the superuser's DSN of a new database whose server's clock is off from this process's, "-1h" for
// one that is an hour behind. The server is the test's own. Without libfaketime the test fails on Debian, where
// scripts/install-deps installs it, and is skipped elsewhere.
func DatabaseAt(t testing.TB, offset string) string {
	t.Helper()
	var library []string
	for _, pattern := range fakeClocks {
		found, _ := filepath.Glob(pattern)
		library = append(library, found...)
	}
	if len(library) == 0 {
		if _, err := os.Stat("/etc/debian_version"); err == nil {
			t.Fatal("libfaketime is not installed: run scripts/install-deps")
		}
		t.Skip("libfaketime is not installed, and without it no server has another clock")
	}
	var bin string
	err := Dial(t, serverURL(t).String()).QueryRow(t.Context(), `SELECT setting FROM pg_config WHERE name = 'BINDIR'`).Scan(&bin)
	if err != nil {
		t.Fatalf("looking for PostgreSQL's programs: %v", err)
	}
	server := PostgresServer(t, func(cfg *pgserver.Config) {
		cfg.BinDir = filepath.Join(cfg.DataDir, "fake")
		script := "#!/bin/sh\nLD_PRELOAD=" + library[0] + " FAKETIME=" + offset + " FAKETIME_DONT_FAKE_MONOTONIC=1 exec " +
			filepath.Join(bin, "postgres") + " \"$@\"\n"
		err := os.Mkdir(cfg.BinDir, 0o711)
		if err == nil {
			err = os.WriteFile(filepath.Join(cfg.BinDir, "postgres"), []byte(script), 0o755)
		}
		if err == nil {
			err = os.Symlink(filepath.Join(bin, "initdb"), filepath.Join(cfg.BinDir, "initdb"))
		}
		if err != nil {
			t.Fatalf("making a PostgreSQL with another clock: %v", err)
		}
	})
	return server.DSN("postgres", "")
}
