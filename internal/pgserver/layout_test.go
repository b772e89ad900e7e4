//go:build unit || !integration

package pgserver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrepareSocket_ClearsWhatAKilledServerLeft(t *testing.T) {
	l, err := newLayout(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(l.socket, 0o700))
	stale := filepath.Join(l.socket, ".s.PGSQL.5432.lock")
	require.NoError(t, os.WriteFile(stale, []byte("1\n"), 0o600))

	got, err := l.prepareSocket(identity{})
	require.NoError(t, err)
	require.NoFileExists(t, stale)
	info, err := os.Stat(got.socket)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestPrepareSocket_LongPathGetsAShortFolderThatIsForgottenAgain(t *testing.T) {
	l, err := newLayout(filepath.Join(t.TempDir(), strings.Repeat("long-", 20)))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(l.dir, 0o711))

	first, err := l.prepareSocket(identity{})
	require.NoError(t, err)
	require.LessOrEqual(t, len(filepath.Join(first.socket, socketName)), maxSocketPath)
	require.DirExists(t, first.socket)

	// A killed process forgets nothing; the next start does it for it.
	second, err := l.prepareSocket(identity{})
	require.NoError(t, err)
	require.NoDirExists(t, first.socket)
	second.forgetSocket()
	require.NoDirExists(t, second.socket)
}

func TestForgetSocket_NeverFollowsANoteElsewhere(t *testing.T) {
	l, err := newLayout(t.TempDir())
	require.NoError(t, err)
	precious := filepath.Join(t.TempDir(), "precious")
	require.NoError(t, os.Mkdir(precious, 0o700))
	require.NoError(t, os.WriteFile(l.socketNote, []byte(precious), 0o600))
	l.forgetSocket()
	require.DirExists(t, precious)
}

func TestShortFolder_AvoidsALongTemporaryFolder(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("t", 100))
	require.NoError(t, os.Mkdir(long, 0o700))
	t.Setenv("TMPDIR", long)
	dir, err := shortFolder()
	require.NoError(t, err)
	defer os.Remove(dir)
	require.LessOrEqual(t, len(filepath.Join(dir, socketName)), maxSocketPath)
	entries, err := os.ReadDir(long)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestNewLayout_FollowsTheNoteOfAnEarlierStart(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "location"), []byte("/elsewhere/x\n"), 0o600))
	l, err := newLayout(dir)
	require.NoError(t, err)
	require.Equal(t, "/elsewhere/x/cluster", l.cluster)
	require.Equal(t, dir, l.dir)
}

func TestLockFolder_NamesTheFolderItMayNotMake(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	l, err := newLayout(filepath.Join(t.TempDir(), "data"))
	require.NoError(t, err)
	l.dir = filepath.Join(file, "data")
	_, err = lockFolder(l)
	require.Equal(t, ReasonNoAccess, reason(err))
	require.ErrorContains(t, err, file)
}
