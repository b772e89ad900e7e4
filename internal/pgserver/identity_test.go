//go:build unit || !integration

package pgserver

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReaches_NeedsEveryFolderOnTheWay(t *testing.T) {
	id := identity{mode: asAccount, uid: 65534, gid: 65534}
	require.True(t, id.reaches("/"))

	private := t.TempDir() // 0700 somewhere above
	open := filepath.Join(private, "open")
	require.NoError(t, os.Mkdir(open, 0o755))
	require.NoError(t, os.Chmod(private, 0o700))
	require.False(t, id.reaches(open))
	require.False(t, id.reaches(filepath.Join(open, "absent")))
}

func TestMustOwn(t *testing.T) {
	l := testLayout(t)
	require.NoError(t, mustOwn(l, identity{}, false))
	require.NoError(t, mustOwn(l, identity{uid: uint32(os.Geteuid())}, true))
	require.Equal(t, ReasonNoAccess, reason(mustOwn(l, identity{uid: uint32(os.Geteuid()) + 1}, true)))
}

func TestOwnerOf(t *testing.T) {
	dir := t.TempDir()
	owner, exists, err := ownerOf(dir)
	require.NoError(t, err)
	require.True(t, exists)
	require.Equal(t, os.Geteuid(), int(owner.uid))

	_, exists, err = ownerOf(filepath.Join(dir, "absent"))
	require.NoError(t, err)
	require.False(t, exists)
}
