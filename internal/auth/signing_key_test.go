//go:build unit || !integration

package auth

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSigningKey_IsMadeOnceForTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	key, err := SigningKey(dir)
	require.NoError(t, err)
	again, err := SigningKey(dir)
	require.NoError(t, err)
	require.Equal(t, key, again)
	info, err := os.Stat(filepath.Join(dir, "signing.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = SigningKey(file)
	require.Error(t, err)
}
