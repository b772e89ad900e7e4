//go:build integration

package httpapi_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// T79: one tenant opens more uploads than there are places and sends them slowly; another one's is taken at once.
func TestT79_SlowUploadsOfOneTenantLeaveOthersTheirPlaces(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	a, b := api.As(api.NewTenant("flood"), auth.RoleAdmin), api.As(api.NewTenant("calm"), auth.RoleAdmin)
	source := a.NewSource(a.NewContext("cash"), "bank", recon.Left)
	open := func() (body *io.PipeWriter, answered chan *http.Response) {
		read, body := io.Pipe()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.URL+"/v1/sources/"+source+"/imports", read)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+a.Token)
		request.Header.Set("Content-Type", "text/csv")
		request.Header.Set("Expect", "100-continue") // the body is asked for when the upload has its place
		answered = make(chan *http.Response, 1)
		go func() {
			response, err := (&http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: time.Minute}).RoundTrip(request)
			if err == nil {
				answered <- response
			}
		}()
		return body, answered
	}
	var slow []*io.PipeWriter
	refused := 0
	for range 40 {
		body, answered := open()
		begun := make(chan struct{})
		go func() {
			if _, err := io.WriteString(body, "id,date,amount,currency\n"); err == nil {
				close(begun)
			}
		}()
		select {
		case <-begun:
			slow = append(slow, body)
		case response := <-answered:
			require.Equal(t, http.StatusTooManyRequests, response.StatusCode)
			require.NotEmpty(t, response.Header.Get("Retry-After"))
			response.Body.Close()
			refused++
		}
	}
	require.Len(t, slow, 16, "half of the places")
	require.Equal(t, 24, refused)
	calm := b.Upload(b.NewSource(b.NewContext("cash"), "bank", recon.Left), "b.csv", "id,date,amount,currency\n1,2026-01-02,1.00,EUR\n")
	require.EqualValues(t, 1, calm.RowsInserted)
	for _, body := range slow {
		body.CloseWithError(io.ErrUnexpectedEOF)
	}
}
