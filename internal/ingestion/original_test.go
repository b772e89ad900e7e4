//go:build integration

package ingestion_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

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

func TestOriginalsAreNotKeptForever(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	dir := keeping(t, s)
	objects := func() int {
		found, err := filepath.Glob(filepath.Join(dir, b.tenantID, "originals", "*"))
		require.NoError(t, err)
		return len(found)
	}
	planned := func() (at *time.Time) {
		require.NoError(t, b.Owner(t).QueryRow(t.Context(), `SELECT forget_at FROM "`+b.tenantID+`".retention`).Scan(&at))
		return at
	}
	run := func() {
		at := planned()
		require.NotNil(t, at)
		require.NoError(t, s.Forget(b.ctx, recon.Job{Kind: recon.JobForget, At: *at}))
	}
	old := b.load(t, s, header+lines(0, 3))
	first := *planned()
	require.WithinDuration(t, old.CreatedAt.AddDate(0, 0, 30), first, time.Second)
	fresh := b.load(t, s, header+lines(10, 13))
	require.Equal(t, first, *planned(), "one look is planned, for the oldest")
	run()
	require.Equal(t, 2, objects(), "their time is not over")
	require.Equal(t, old.CreatedAt.AddDate(0, 0, 30), planned().UTC())

	_, err := b.Owner(t).Exec(t.Context(), `UPDATE "`+b.tenantID+`".imports SET created_at = now() - interval '31 days' WHERE id = $1`, old.ID)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(filepath.Join(dir, b.tenantID), 0o700))
	run()
	require.Equal(t, 1, objects())
	_, _, err = s.Original(b.ctx, old.ID)
	require.Equal(t, recon.KindNotFound, recon.KindOf(err))
	_, body, err := s.Original(b.ctx, fresh.ID)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	require.WithinDuration(t, fresh.CreatedAt.AddDate(0, 0, 30), *planned(), time.Second)

	s.KeepDays = 1
	b.load(t, s, header+lines(20, 23))
	require.WithinDuration(t, time.Now().AddDate(0, 0, 1), *planned(), time.Minute, "a shorter time is looked for sooner")
	s.KeepDays = -1
	run()
	require.Zero(t, objects())
	require.Nil(t, planned(), "nothing is kept, so nothing is planned")
}

func TestOriginal_BytesThatChangedInTheStore(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	dir := keeping(t, s)
	b.mapped(t)
	b.tolerates(t, 5)
	kept := b.load(t, s, header+lines(0, 10)+"X,2026-03-01,no amount,EUR,r,x\n")
	found, err := filepath.Glob(filepath.Join(dir, b.tenantID, "originals", "*"))
	require.NoError(t, err)
	for why, text := range map[string]string{
		"a digit":                       header + lines(1, 11),
		"no table":                      "nothing",
		"behind the row that is mended": header + lines(0, 10) + "X,2026-03-01,no amount,EUR,r,x\nZ,2026-03-01,1.00,EUR,r,x\n",
	} {
		require.NoError(t, os.WriteFile(found[0], []byte(text), 0o600))
		_, err = s.ParseAgain(b.ctx, kept.ID, ingestion.Again{Reason: "x"})
		require.Equal(t, recon.CodeOriginalCorrupt, recon.CodeOf(err), why)
		_, err = s.Mend(b.ctx, kept.ID, ingestion.Mend{Row: 11, Fields: map[string]string{"amount": "1.00"}, Reason: "x"})
		require.Equal(t, recon.CodeOriginalCorrupt, recon.CodeOf(err), why)
	}
}
