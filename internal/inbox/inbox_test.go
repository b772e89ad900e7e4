//go:build unit || !integration

package inbox

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/shared/outbound"
)

const tenantA = "aaaaaaaa-0000-4000-8000-000000000001"

// here allows servers of tests.
var here, _ = outbound.ParseNetworks([]string{"127.0.0.1"})

func names(t *testing.T, p Place) (all []string) {
	t.Helper()
	files, err := p.List(t.Context())
	require.NoError(t, err)
	for _, file := range files {
		all = append(all, file.Name)
		require.NotEmpty(t, file.Stamp)
	}
	return all
}

// requirePlace holds what every place does: the folder behind put has files that are no more when they were moved.
func requirePlace(t *testing.T, p Place, put func(name, text string)) {
	t.Helper()
	put("b.csv", "two")
	put("a.csv", "one")
	put(".hidden.csv", "x")
	put("c.csv.part", "x")
	put("note.txt", "x")
	require.ElementsMatch(t, []string{"a.csv", "b.csv"}, names(t, p))
	files, err := p.List(t.Context())
	require.NoError(t, err)
	for _, file := range files {
		require.EqualValues(t, 3, file.Size)
	}
	body, err := p.Open(t.Context(), "a.csv")
	require.NoError(t, err)
	text, err := io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	require.Equal(t, "one", string(text))

	require.NoError(t, p.Move(t.Context(), "a.csv", "imported", "1-a.csv"))
	require.NoError(t, p.Move(t.Context(), "a.csv", "imported", "1-a.csv"), "one that is gone is moved already")
	require.Equal(t, []string{"b.csv"}, names(t, p), "what was moved is not listed")
	_, err = p.Open(t.Context(), "a.csv")
	require.Error(t, err)
	require.NoError(t, p.Move(t.Context(), "b.csv", "imported", "2-b.csv"))
	require.Empty(t, names(t, p))
	require.NoError(t, p.Close())
}

func TestOpener_Check(t *testing.T) {
	sftp := recon.Fetch{Kind: recon.FetchSFTP, HostKeys: []string{"ssh-ed25519 AAAA"}}
	for pointer, c := range map[string]struct {
		at   recon.Fetch
		with recon.FetchCredentials
	}{
		"/kind":        {at: recon.Fetch{Kind: recon.FetchFolder}},
		"/credentials": {at: recon.Fetch{Kind: recon.FetchS3, Endpoint: "https://s3.example.com"}, with: recon.FetchCredentials{Password: "x"}},
		"/endpoint":    {at: recon.Fetch{Kind: recon.FetchS3, Endpoint: "ftp://x"}, with: recon.FetchCredentials{AccessKey: "a", SecretKey: "s"}},
		"/hostKeys":    {at: sftp, with: recon.FetchCredentials{Password: "x"}},
	} {
		faults := Opener{}.Check(c.at, c.with)
		require.Len(t, faults, 1)
		require.Equal(t, pointer, faults[0].Pointer)
	}
	require.Len(t, Opener{}.Check(sftp, recon.FetchCredentials{PrivateKey: "no key"}), 2)
}

func TestListed(t *testing.T) {
	early := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	files, err := listed([]File{{Name: "c", Changed: early.Add(1)}, {Name: "b", Changed: early}, {Name: "a", Changed: early}})
	require.NoError(t, err)
	require.Equal(t, []File{{Name: "a", Changed: early}, {Name: "b", Changed: early}, {Name: "c", Changed: early.Add(1)}}, files)
	_, err = listed(make([]File, FilesMax+1))
	require.Error(t, err)
}
