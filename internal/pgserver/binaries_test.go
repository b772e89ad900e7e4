//go:build unit || !integration

package pgserver

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFindBinaries_Order(t *testing.T) {
	m := newMachine(t)
	m.install(t, "usr/lib/postgresql/9.6/bin", "9.6.24")
	m.install(t, "usr/lib/postgresql/15/bin", "15.20 (Debian 15.20-0+deb12u1)")
	m.install(t, "usr/lib/postgresql/17/bin", "17.5")
	m.install(t, "opt/postgresql@18/bin", "18beta2")

	t.Run("a new cluster gets the highest version of the first kind", func(t *testing.T) {
		require.Equal(t, 17, m.find(t, Config{}, 0).major)
	})
	t.Run("an existing one gets its own version", func(t *testing.T) {
		require.Equal(t, 15, m.find(t, Config{}, 15).major)
		require.Equal(t, 18, m.find(t, Config{}, 18).major)
	})
	t.Run("PATH goes before", func(t *testing.T) {
		t.Setenv("PATH", m.install(t, "somewhere", "16.1"))
		require.Equal(t, 16, m.find(t, Config{}, 0).major)
	})
	t.Run("the configured folder goes before PATH", func(t *testing.T) {
		t.Setenv("PATH", m.install(t, "somewhere", "16.1"))
		dir := m.install(t, "mine", "15.1")
		require.Equal(t, dir, m.find(t, Config{BinDir: dir}, 0).dir)
	})
	t.Run("a configured folder is never replaced by another", func(t *testing.T) {
		for _, c := range []struct {
			dir  string
			want Reason
		}{
			{filepath.Join(m.root, "empty"), ReasonNoBinaries},
			{m.install(t, "old", "14.9"), ReasonNoBinaries},
			{m.install(t, "broken", "from nowhere"), ReasonNoBinaries},
		} {
			_, err := findBinaries(t.Context(), Config{BinDir: c.dir}, m.layout, 0)
			require.Equal(t, c.want, reason(err))
		}
		_, err := findBinaries(t.Context(), Config{BinDir: m.install(t, "mine", "15.1")}, m.layout, 17)
		require.Equal(t, ReasonWrongVersion, reason(err))
	})
	t.Run("none of the cluster's version is refused with what was seen", func(t *testing.T) {
		_, err := findBinaries(t.Context(), Config{}, m.layout, 16)
		require.Equal(t, ReasonWrongVersion, reason(err))
		require.ErrorContains(t, err, "PostgreSQL 16")
		require.ErrorContains(t, err, "17 in ")
	})
}

func TestFindBinaries_NoneNamesTheWays(t *testing.T) {
	m := newMachine(t)
	m.install(t, "usr/lib/postgresql/13/bin", "13.4")
	_, err := findBinaries(t.Context(), Config{}, m.layout, 0)
	require.Equal(t, ReasonNoBinaries, reason(err))
	for _, way := range []string{"MATCHER_PG_BIN", "apt-get install", "dnf install", "apk add", "pacman -S", "brew install", "POSTGRES_HOST", "13 in "} {
		require.ErrorContains(t, err, way)
	}
}

func TestFindBinaries_WithoutDebiansInstallerNothingIsInstalled(t *testing.T) {
	m := newMachine(t) // no PATH, so no apt-get
	_, err := findBinaries(t.Context(), Config{AllowInstall: true}, m.layout, 0)
	require.Equal(t, ReasonNoBinaries, reason(err))
	if os.Geteuid() == 0 {
		require.ErrorContains(t, err, "installing it failed: this system has no apt-get")
	}
}

func TestVersionIn(t *testing.T) {
	for dir, want := range map[string]int{
		"/usr/lib/postgresql/17/bin": 17, "/usr/libexec/postgresql16": 16, "/usr/pgsql-18/bin": 18,
		"/home/u1/opt/postgresql@15/bin": 15, "/nowhere": 0,
	} {
		require.Equal(t, want, versionIn(dir), dir)
	}
}

func TestClusterMajor(t *testing.T) {
	l := testLayout(t)
	major, err := clusterMajor(l)
	require.NoError(t, err)
	require.Zero(t, major)

	t.Run("a folder that is none is refused and kept", func(t *testing.T) {
		require.NoError(t, os.Mkdir(l.cluster, 0o700))
		file := filepath.Join(l.cluster, "notes.txt")
		require.NoError(t, os.WriteFile(file, []byte("mine"), 0o600))
		_, err := clusterMajor(l)
		require.Equal(t, ReasonWrongVersion, reason(err))
		require.FileExists(t, file)
	})
	t.Run("one is read", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(l.cluster, "PG_VERSION"), []byte("15\n"), 0o600))
		major, err := clusterMajor(l)
		require.NoError(t, err)
		require.Equal(t, 15, major)
	})
}

// machine is one on which only fake installations exist.
type machine struct {
	root   string
	layout layout
}

func newMachine(t *testing.T) machine {
	t.Helper()
	root := t.TempDir()
	before := installations
	t.Cleanup(func() { installations = before })
	installations = []string{root + "/usr/lib/postgresql/*/bin", root + "/opt/postgresql@*/bin"}
	t.Setenv("PATH", "")
	return machine{root: root, layout: testLayout(t)}
}

func (m machine) install(t *testing.T, dir, version string) string {
	t.Helper()
	dir = filepath.Join(m.root, dir)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres"), []byte(script), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "initdb"), nil, 0o755))
	return dir
}

func (m machine) find(t *testing.T, cfg Config, major int) binaries {
	t.Helper()
	bin, err := findBinaries(t.Context(), cfg, m.layout, major)
	require.NoError(t, err)
	return bin
}
