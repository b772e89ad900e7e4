//go:build unit || !integration

package objectstore

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A link below the directory, however it came there, leads nowhere.
func TestDirectory_FollowsNoLinkOutOfItsDirectory(t *testing.T) {
	s, dir, a, _ := setup(t)
	outside := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, tenantA), 0o700))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, tenantA, "link")))
	_, err := s.Get(a, Sum(sha256.Sum256([]byte("secret"))), "link")
	require.Error(t, err)
}

func TestOpenDirectory_RefusesAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := openDirectory(file)
	require.Error(t, err)
}
