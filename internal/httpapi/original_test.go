//go:build integration

package httpapi_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// objectsOf are the files below the folder of objects.
func objectsOf(t *testing.T, api *testkit.APIServer) (found []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(api.Config.Objects.Place, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, path)
		}
		return err
	}))
	return found
}

func TestTheOriginalOfAnImport(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenant := api.NewTenant("a")
	c := api.As(tenant, auth.RoleAdmin)
	source := c.NewSource(c.NewContext("Cash"), "ledger", recon.Left)
	path := "/v1/sources/" + source + "/imports"
	var imported struct {
		recon.Import
		OriginalURL string
	}
	c.Must("POST", path+"?name=b%C3%BCcher.csv", ledger, &imported)

	t.Run("comes back byte for byte, under the tenant's key, with its hash, and is written down", func(t *testing.T) {
		answer := c.Must("GET", imported.OriginalURL, nil, nil)
		require.Equal(t, ledger, string(answer.Body))
		sum := sha256.Sum256([]byte(ledger))
		require.Equal(t, `"`+hex.EncodeToString(sum[:])+`"`, answer.Header.Get("ETag"))
		require.Equal(t, "attachment; filename*=utf-8''b%C3%BCcher.csv", answer.Header.Get("Content-Disposition"))
		require.Len(t, objectsOf(t, api), 1)
		require.Contains(t, objectsOf(t, api)[0], filepath.Join(tenant, "originals", imported.ID))
		require.Equal(t, "import.download", items[recon.AuditEntry](t, c, "/v1/audit?limit=1")[0].Action)
	})
	t.Run("the same bytes find their import", func(t *testing.T) {
		found := items[recon.Import](t, c, path+"?sha256="+imported.SHA256)
		require.Len(t, found, 1)
		require.Equal(t, imported.ID, found[0].ID)
		require.Empty(t, items[recon.Import](t, c, path+"?sha256="+strings.Repeat("0", 64)))
		require.Equal(t, http.StatusUnprocessableEntity, c.Call("GET", path+"?sha256=ABC", nil).Status)
		again := c.Upload(source, "copy.csv", ledger)
		notes := items[recon.Finding](t, c, "/v1/imports/"+again.ID+"/findings?kind=NOTE")
		require.Equal(t, "the same bytes came before, as import "+imported.ID+" (COMPLETED)", notes[len(notes)-1].Text)
	})
	t.Run("a refused file and a preview leave none", func(t *testing.T) {
		before := len(objectsOf(t, api))
		require.Equal(t, http.StatusUnprocessableEntity, c.Call("POST", path, "id,date\n1,2026-01-01\n").Status)
		c.Must("POST", "/v1/sources/"+source+"/preview", ledger, nil)
		require.Len(t, objectsOf(t, api), before)
	})
	t.Run("an answer that is replayed leaves none", func(t *testing.T) {
		c.Must("POST", path, ledger, nil, "Idempotency-Key", "k")
		before := len(objectsOf(t, api))
		c.Must("POST", path, ledger, nil, "Idempotency-Key", "k")
		require.Len(t, objectsOf(t, api), before)
	})
	t.Run("bytes that changed in the store are never taken for the file", func(t *testing.T) {
		for _, object := range objectsOf(t, api) {
			if strings.Contains(object, imported.ID) {
				require.NoError(t, os.WriteFile(object, []byte(strings.Replace(ledger, "100.00", "900.00", 1)), 0o600))
			}
		}
		require.Equal(t, "ORIGINAL_CORRUPT", c.Call("GET", imported.OriginalURL, nil).Problem().Code)
		again := c.Call("POST", "/v1/imports/"+imported.ID+"/reprocess", `{"reason":"x"}`)
		require.Equal(t, "ORIGINAL_CORRUPT", again.Problem().Code, "%s", again.Body)
	})
	t.Run("of a large one the answer is cut where it would end", func(t *testing.T) {
		row := `{"id":"J1","date":"2026-03-01","amount":"1.00","currency":"EUR"}`
		gap := strings.Repeat(" ", 3<<20)
		large := "[" + row + "," + gap + strings.Replace(row, "J1", "J2", 1) + "," + gap + strings.Replace(row, "J1", "J3", 1) + gap + "]"
		c.Must("POST", path, large, &imported)
		require.Equal(t, large, string(c.Must("GET", imported.OriginalURL, nil, nil).Body))
		for _, object := range objectsOf(t, api) {
			if strings.Contains(object, imported.ID) {
				require.NoError(t, os.WriteFile(object, []byte(strings.Replace(large, "1.00", "9.00", 1)), 0o600))
			}
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+imported.OriginalURL, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+c.Token)
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			defer answer.Body.Close()
			_, err = io.Copy(io.Discard, answer.Body)
		}
		require.Error(t, err)
	})
}
