//go:build unit || !integration

package inbox

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

func TestFolder(t *testing.T) {
	root := t.TempDir()
	ctx := auth.WithTenant(t.Context(), tenantA)
	at := recon.Fetch{Kind: recon.FetchFolder, Folder: "bank", Files: "*.csv*"}
	_, err := Opener{Root: root}.Open(ctx, at, recon.FetchCredentials{})
	require.ErrorIs(t, err, fs.ErrNotExist, "the folder is made by who puts files there")
	_, err = Opener{}.Open(ctx, at, recon.FetchCredentials{})
	require.ErrorContains(t, err, "MATCHER_WATCH_ROOT")
	dir := filepath.Join(root, tenantA, "bank")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	open := func() Place {
		p, err := Opener{Root: root}.Open(ctx, at, recon.FetchCredentials{})
		require.NoError(t, err)
		return p
	}
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	requirePlace(t, open(), write)

	t.Run("neither a link nor a pipe is a file, and no folder of another tenant is reached", func(t *testing.T) {
		other := filepath.Join(root, "bbbbbbbb-0000-4000-8000-000000000002")
		require.NoError(t, os.MkdirAll(other, 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(other, "secret.csv"), []byte("x"), 0o600))
		require.NoError(t, os.Symlink(filepath.Join(other, "secret.csv"), filepath.Join(dir, "link.csv")))
		require.NoError(t, os.Symlink(other, filepath.Join(root, tenantA, "theirs")))
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe.csv"), 0o600))
		p := open()
		defer p.Close()
		require.Empty(t, names(t, p))
		for _, name := range []string{"link.csv", "pipe.csv", "../../" + filepath.Base(other) + "/secret.csv"} {
			_, err := p.Open(ctx, name)
			require.Error(t, err, name)
		}
		_, err := Opener{Root: root}.Open(ctx, recon.Fetch{Kind: recon.FetchFolder, Folder: "theirs"}, recon.FetchCredentials{})
		require.Error(t, err, "a link to another tenant's folder")
	})
}
