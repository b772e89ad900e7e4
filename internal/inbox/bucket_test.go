//go:build unit || !integration

package inbox

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
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

// TestALargeObjectIsMovedInParts moves an object that S3 does not copy at once, in a store that keeps no bytes.
func TestALargeObjectIsMovedInParts(t *testing.T) {
	const size = 6 << 30
	var copied int64
	removed := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		switch r.Method {
		case http.MethodHead:
			w.Header().Set("Content-Length", strconv.Itoa(size))
			w.Header().Set("ETag", `"e"`)
			w.Header().Set("Last-Modified", "Wed, 25 Nov 2026 10:00:00 GMT")
		case http.MethodPost:
			text := `<CompleteMultipartUploadResult><Bucket>files</Bucket><ETag>"e"</ETag></CompleteMultipartUploadResult>`
			if query.Has("uploads") {
				text = `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`
			}
			_, _ = io.WriteString(w, text)
		case http.MethodPut:
			var first, last int64
			if _, err := fmt.Sscanf(r.Header.Get("X-Amz-Copy-Source-Range"), "bytes=%d-%d", &first, &last); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `<Error><Code>InvalidRequest</Code><Message>larger than 5368709120</Message></Error>`)
				return
			}
			copied += last - first + 1
			_, _ = io.WriteString(w, `<CopyPartResult><ETag>"e"</ETag></CopyPartResult>`)
		case http.MethodDelete:
			removed = r.URL.Path == "/files/in/bank/year.csv"
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(server.Close)
	p, err := Opener{Networks: here}.Open(t.Context(), recon.Fetch{
		Kind: recon.FetchS3, Endpoint: server.URL, Region: "eu", Bucket: "files", Folder: "in/bank", Files: "*",
	}, recon.FetchCredentials{AccessKey: "a", SecretKey: "s"})
	require.NoError(t, err)
	require.NoError(t, p.Move(t.Context(), "year.csv", "done", "year.csv"))
	require.EqualValues(t, size, copied)
	require.True(t, removed)
}
