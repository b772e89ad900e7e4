//go:build unit || !integration

package objectstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

const (
	tenantA = "aaaaaaaa-0000-4000-8000-000000000001"
	tenantB = "bbbbbbbb-0000-4000-8000-000000000002"
)

func setup(t *testing.T) (s *Store, dir string, a, b context.Context) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "objects")
	s, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, dir, auth.WithTenant(t.Context(), tenantA), auth.WithTenant(t.Context(), tenantB)
}

func put(t *testing.T, s *Store, ctx context.Context, text string, segments ...string) Sum {
	t.Helper()
	sum, err := s.Put(ctx, strings.NewReader(text), segments...)
	require.NoError(t, err)
	return sum
}

func TestStore(t *testing.T) {
	s, dir, a, b := setup(t)
	sum := put(t, s, a, "one", "exports", "x.csv")
	put(t, s, a, "two", "exports2", "x.csv")
	put(t, s, b, "other", "exports", "x.csv")
	r, err := s.Get(a, sum, "exports", "x.csv")
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, "one", string(text))
	keys, err := s.List(a, "exports")
	require.NoError(t, err)
	require.Equal(t, []string{"exports/x.csv"}, keys, "a prefix ends at its segment")

	t.Run("a body that breaks off leaves nothing", func(t *testing.T) {
		body := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("reset")))
		_, err := s.Put(a, body, "broken")
		require.ErrorContains(t, err, "reset")
		_, err = s.Get(a, Sum{}, "broken")
		require.Equal(t, recon.KindNotFound, recon.KindOf(err))
	})
	t.Run("without a tenant there is nothing", func(t *testing.T) {
		_, err := s.Put(t.Context(), strings.NewReader(""), "x")
		require.ErrorIs(t, err, auth.ErrNoTenant)
		_, err = s.List(t.Context())
		require.ErrorIs(t, err, auth.ErrNoTenant)
	})
	t.Run("everything of one tenant goes, and nothing of another's", func(t *testing.T) {
		deleted, err := s.DeleteAll(a)
		require.NoError(t, err)
		require.Equal(t, 2, deleted)
		require.NoError(t, s.Delete(a, "exports", "x.csv"), "gone already")
		keys, err := s.List(b)
		require.NoError(t, err)
		require.Equal(t, []string{"exports/x.csv"}, keys)
	})
	require.NoDirExists(t, filepath.Join(dir, tenantA), "an erased tenant's name goes too")
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestT14_NoNameLeavesTheTenantsPrefix(t *testing.T) {
	s, dir, a, b := setup(t)
	sum := put(t, s, b, "secret", "x")
	for _, segment := range []string{
		"..", ".", "../" + tenantB + "/x", "/etc/passwd", `..\x`, "%2e%2e", "%2E%2e%2f" + tenantB, "a\x00b", "", strings.Repeat("n", 1025), "\xff", "a/b",
	} {
		_, err := s.Put(a, strings.NewReader("x"), segment)
		require.ErrorIs(t, err, auth.ErrBadSegment, "%q", segment)
		_, err = s.Put(a, strings.NewReader("x"), "ok", segment)
		require.ErrorIs(t, err, auth.ErrBadSegment, "%q", segment)
		_, err = s.Get(a, Sum{}, segment)
		require.ErrorIs(t, err, auth.ErrBadSegment)
		require.ErrorIs(t, s.Delete(a, segment), auth.ErrBadSegment)
		_, err = s.List(a, segment)
		require.ErrorIs(t, err, auth.ErrBadSegment)
	}
	_, err := s.Get(a, sum, "x")
	require.Equal(t, recon.KindNotFound, recon.KindOf(err), "another's object is one that is not there")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestOpen_RefusesOtherPlaces(t *testing.T) {
	_, err := Open("https://example.com/x")
	require.ErrorContains(t, err, "https://")
}

func TestGet_RefusesBytesThatWereNotStored(t *testing.T) {
	s, dir, a, _ := setup(t)
	sum := put(t, s, a, "120.00", "statement.csv")
	require.Equal(t, Sum(sha256.Sum256([]byte("120.00"))), sum, "a plain SHA-256")
	path := filepath.Join(dir, tenantA, "statement.csv")
	for why, text := range map[string]string{"a byte changed": "720.00", "the end is missing": "120.0", "all of it is": "", "something was added": "120.00\n"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		r, err := s.Get(a, sum, "statement.csv")
		require.NoError(t, err)
		_, err = io.ReadAll(r)
		require.ErrorIs(t, err, ErrCorrupt, why)
		require.NoError(t, r.Close())
	}
}
