//go:build unit || !integration

package pgserver

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bundleArchive is laid out like a published bundle: fake programs that only
// tell their version, since real ones are 10 MB.
//
//go:embed testdata/bundle.txz
var bundleArchive []byte

func TestFetchBundle(t *testing.T) {
	t.Run("the binaries end up below the data folder and nothing else stays", func(t *testing.T) {
		l := testLayout(t)
		require.NoError(t, fetchBundle(t.Context(), l, 0, repository(t, http.StatusOK)))
		bin, err := inspect(t.Context(), filepath.Join(l.bundle, "bin"))
		require.NoError(t, err)
		require.Equal(t, 17, bin.major)
		require.NoDirExists(t, filepath.Join(l.dir, "download"))
	})
	t.Run("a refusal is told", func(t *testing.T) {
		l := testLayout(t)
		require.Error(t, fetchBundle(t.Context(), l, 17, repository(t, http.StatusNotFound)))
		require.NoDirExists(t, l.bundle)
	})
	t.Run("a version nobody offers is told before any download", func(t *testing.T) {
		require.ErrorContains(t, fetchBundle(t.Context(), testLayout(t), 12, "http://127.0.0.1:1"), "12")
	})
	t.Run("a cancelled start does not wait for it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		never := make(chan struct{})
		defer close(never)
		err := fetched(ctx, testLayout(t), func() error { <-never; return nil })
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestFindBinaries_FetchesWhatIsMissing(t *testing.T) {
	m := newMachine(t) // no PATH, so no apt-get either
	bin, err := findBinaries(t.Context(), Config{AllowDownload: true, repository: repository(t, http.StatusOK)}, m.layout, 0)
	if os.Geteuid() == 0 { // what root runs comes from its system or not at all
		require.True(t, Is(err, ReasonNoBinaries))
		require.ErrorContains(t, err, "fetching it failed: this system has no apt-get")
		return
	}
	require.NoError(t, err)
	require.Equal(t, filepath.Join(m.layout.bundle, "bin"), bin.dir)
}

// repository serves one bundle for every name, as the published ones are: a
// jar, which is a zip, holding the archive.
func repository(t *testing.T, status int) string {
	t.Helper()
	var jar bytes.Buffer
	z := zip.NewWriter(&jar)
	w, err := z.Create("postgres.txz")
	require.NoError(t, err)
	_, err = w.Write(bundleArchive)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") || status != http.StatusOK {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(jar.Bytes())
	}))
	t.Cleanup(server.Close)
	return server.URL
}
