//go:build unit || !integration

package inbox

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestBucket(t *testing.T) {
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("files"))
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	at := recon.Fetch{Kind: recon.FetchS3, Endpoint: server.URL, Region: "eu", Bucket: "files", Folder: "in/bank", Files: "*.csv*"}
	with := recon.FetchCredentials{AccessKey: "a", SecretKey: "s"}
	put := func(name, text string) {
		_, err := backend.PutObject("files", "in/bank/"+name, map[string]string{"Last-Modified": "Wed, 25 Nov 2026 10:00:00 GMT"}, strings.NewReader(text), int64(len(text)), nil)
		require.NoError(t, err)
	}
	p, err := Opener{Networks: here}.Open(t.Context(), at, with)
	require.NoError(t, err)
	requirePlace(t, p, put)

	t.Run("an address inside is not dialed", func(t *testing.T) {
		p, err := Opener{}.Open(t.Context(), at, with)
		require.NoError(t, err)
		_, err = p.List(t.Context())
		require.ErrorContains(t, err, "no public address")
	})
}
