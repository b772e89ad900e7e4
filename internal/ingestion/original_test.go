//go:build integration

package ingestion_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/objectstore"
	"matcher/internal/recon"
)

// keeping lets the service keep originals in a folder.
func keeping(t *testing.T, s *ingestion.Service) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var err error
	s.Objects, err = objectstore.Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Objects.Close() })
	s.KeepDays = 30
	return dir
}

func TestOriginal(t *testing.T) {
	t.Parallel()

	t.Run("is kept with the import, after a refused file too", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		dir := keeping(t, s)
		_, err := s.Import(b.ctx, b.source.ID, file("id,date\n1,2026-03-01\n"))
		require.Error(t, err)
		text := header + lines(0, 10)
		kept := b.load(t, s, text)
		require.True(t, kept.Original)
		_, body, err := s.Original(b.ctx, kept.ID)
		require.NoError(t, err)
		defer body.Close()
		got, err := io.ReadAll(body)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
		found, err := filepath.Glob(filepath.Join(dir, b.tenantID, "originals", "*"))
		require.NoError(t, err)
		require.Len(t, found, 1)
	})

	t.Run("is not there where nothing is kept", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		imported := b.load(t, s, header+lines(0, 10))
		require.False(t, imported.Original)
		_, _, err := s.Original(b.ctx, imported.ID)
		require.Equal(t, recon.KindNotFound, recon.KindOf(err))
	})

	t.Run("that cannot be kept lets no row in, and a commit that fails leaves none", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		dir := keeping(t, s)
		require.NoError(t, os.WriteFile(filepath.Join(dir, b.tenantID), nil, 0o600)) // where a folder is due
		_, err := s.Import(b.ctx, b.source.ID, file(header+lines(0, 10)))
		require.Equal(t, recon.CodeObjectsUnavailable, recon.CodeOf(err))
		require.Empty(t, b.imports(t))

		require.NoError(t, os.Remove(filepath.Join(dir, b.tenantID)))
		parsed, err := s.Parse(b.ctx, b.source.ID, file(header+lines(0, 10)))
		require.NoError(t, err)
		require.NoError(t, parsed.Failed(b.ctx, nil))
		parsed.Close()
		found, err := filepath.Glob(filepath.Join(dir, b.tenantID, "originals", "*"))
		require.NoError(t, err)
		require.Empty(t, found)
	})
}
