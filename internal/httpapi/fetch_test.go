//go:build integration

package httpapi_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestFetches(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	api := testkit.Server(t, func(cfg *bootstrap.Config) {
		cfg.Fetch.WatchRoot = root
	})
	tenantID := api.NewTenant("a")
	c := api.As(tenantID, auth.RoleAdmin)
	contextID := c.NewContext("Cash")
	source := c.NewSource(contextID, "bank", recon.Right)
	at := "/v1/sources/" + source + "/fetch"
	dir := filepath.Join(root, tenantID, "bank")
	require.NoError(t, os.MkdirAll(dir, 0o750))

	t.Run("a file that is put into the folder is imported and listed", func(t *testing.T) {
		require.Equal(t, 404, c.Call("GET", at, nil).Status)
		var stored recon.StoredFetch
		put := c.Must("PUT", at, `{"kind":"FOLDER","folder":"bank","cron":"0 7 * * *"}`, &stored)
		require.Equal(t, `"1"`, put.Header.Get("ETag"))
		require.Equal(t, 7, stored.NextAt.Hour())
		path := filepath.Join(dir, "bank.csv")
		require.NoError(t, os.WriteFile(path, []byte(bank), 0o600))
		hour := time.Now().Add(-time.Hour)
		require.NoError(t, os.Chtimes(path, hour, hour))
		require.Equal(t, 202, c.Call("POST", at+"/start", nil).Status)
		require.Eventually(t, func() bool {
			files := items[recon.FetchedFile](t, c, at+"/files")
			return len(files) == 1 && files[0].Moved
		}, time.Minute, 20*time.Millisecond)
		file := first[recon.FetchedFile](t, c, at+"/files")
		require.Equal(t, recon.FileImported, file.Status)
		var imported recon.Import
		c.Must("GET", "/v1/imports/"+file.ImportID, nil, &imported)
		require.EqualValues(t, 3, imported.RowsInserted)
		seen := first[recon.StoredFetch](t, c, "/v1/fetches")
		require.Equal(t, "OK", seen.LastResult, seen.LastMessage)
	})
	t.Run("credentials are taken and never shown", func(t *testing.T) {
		other := "/v1/sources/" + c.NewSource(contextID, "other bank", recon.Right) + "/fetch"
		body := `{"kind":"S3","endpoint":"https://10.0.0.1","bucket":"files","credentials":{"accessKey":"access-7","secretKey":"secret-7"}}`
		put := c.Must("PUT", other, body, nil)
		for _, answer := range []testkit.Answer{put, c.Call("GET", other, nil), c.Call("GET", "/v1/audit", nil)} {
			require.NotContains(t, string(answer.Body), "secret-7")
			require.NotContains(t, string(answer.Body), "access-7")
		}
		require.Contains(t, string(put.Body), `"credentials":true`)
		require.Equal(t, "/credentials", c.Call("PUT", other, `{"kind":"S3","endpoint":"https://10.0.0.2","bucket":"files"}`).Problem().Errors[0].Pointer)
	})
	t.Run("what cannot be is refused by pointer", func(t *testing.T) {
		for body, pointer := range map[string]string{
			`{"kind":"FOLDER","folder":"../x"}`:                "/folder",
			`{"kind":"FOLDER","cron":"daily"}`:                 "/cron",
			`{"kind":"SFTP","host":"h","user":"u"}`:            "/hostKeys",
			`{"kind":"FTP"}`:                                   "/kind",
			`{"kind":"FOLDER","credentials":{"password":"x"}}`: "/credentials",
		} {
			require.Equal(t, pointer, c.Call("PUT", at, body).Problem().Errors[0].Pointer, body)
		}
	})
	t.Run("one that is paused is not started, and one that is gone is gone", func(t *testing.T) {
		c.Must("PUT", at, `{"kind":"FOLDER","folder":"bank","paused":true}`, nil, "If-Match", `"1"`)
		require.Equal(t, 412, c.Call("PUT", at, `{"kind":"FOLDER"}`, "If-Match", `"1"`).Status)
		require.Equal(t, "FETCH_PAUSED", c.Call("POST", at+"/start", nil).Problem().Code)
		c.Must("DELETE", at, nil, nil)
		require.Equal(t, 404, c.Call("GET", at, nil).Status)
		require.Len(t, items[recon.FetchedFile](t, c, at+"/files"), 1, "what came in stays known")
	})
}
