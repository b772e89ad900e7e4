//go:build integration

package ingestion_test

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/inbox"
	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/secret"
)

// watched is a source that fetches from a folder.
type watched struct {
	*bundle
	*ingestion.Fetcher

	dir string
	now time.Time
}

func watch(t *testing.T, cron string) *watched {
	t.Helper()
	s, b := setup(t)
	b.mapped(t)
	keys, err := secret.Parse(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	require.NoError(t, err)
	w := &watched{bundle: b, now: time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)}
	w.Fetcher = &ingestion.Fetcher{
		Imports: s, Keys: keys, Places: inbox.Opener{Root: t.TempDir()}, BytesMax: func() int64 { return 1 << 20 },
		Now: func() time.Time { return w.now },
	}
	w.dir = filepath.Join(w.Places.Root, b.tenantID, "bank")
	require.NoError(t, os.MkdirAll(w.dir, 0o750))
	w.put(t, recon.Fetch{Kind: recon.FetchFolder, Folder: "bank", Files: "*.csv", Cron: cron}, nil)
	return w
}

func (w *watched) put(t *testing.T, at recon.Fetch, with *recon.FetchCredentials) (stored recon.StoredFetch) {
	t.Helper()
	require.NoError(t, w.DB.Tx(w.ctx, func(tx *postgres.Tx) (err error) {
		stored, err = w.Put(w.ctx, tx, recon.StoredFetch{SourceID: w.source.ID, Fetch: at}, with)
		return err
	}))
	return stored
}

// arrives writes a file that has been there for an hour.
func (w *watched) arrives(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	hour := w.now.Add(-time.Hour)
	require.NoError(t, os.Chtimes(path, hour, hour))
}

func (w *watched) look(t *testing.T) recon.StoredFetch {
	t.Helper()
	require.NoError(t, w.Fetch(w.ctx, w.source.ID))
	return w.fetch(t)
}

func (w *watched) fetch(t *testing.T) (f recon.StoredFetch) {
	t.Helper()
	w.read(t, func(tx *postgres.Tx) (err error) {
		f, err = tx.Fetch(w.ctx, w.source.ID)
		return err
	})
	return f
}

func (w *watched) read(t *testing.T, fn func(tx *postgres.Tx) error) {
	t.Helper()
	require.NoError(t, w.DB.Read(w.ctx, fn))
}

func (w *watched) files(t *testing.T) (files []recon.FetchedFile) {
	t.Helper()
	w.read(t, func(tx *postgres.Tx) (err error) {
		files, _, err = tx.FetchedFiles(w.ctx, w.source.ID, postgres.Page{Limit: 100})
		return err
	})
	return files
}

func (w *watched) there(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(w.dir, folder))
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

func TestFetch(t *testing.T) {
	t.Parallel()

	t.Run("a file of the folder is imported and filed away, and nothing comes twice", func(t *testing.T) {
		t.Parallel()
		w := watch(t, "")
		w.arrives(t, "march.csv", header+lines(0, 5))
		seen := w.look(t)
		require.Equal(t, "OK", seen.LastResult, seen.LastMessage)
		require.Equal(t, w.now, *seen.LastAt)
		imports := w.imports(t)
		require.Len(t, imports, 1)
		requireCounts(t, imports[0], 5, 5, 0, 0)
		require.Equal(t, "march.csv", imports[0].FileName)
		files := w.files(t)
		require.Len(t, files, 1)
		require.Equal(t, imports[0].ID, files[0].ImportID)
		require.Equal(t, recon.FileImported, files[0].Status)
		require.True(t, files[0].Moved)
		require.Empty(t, w.there(t, "."))
		require.Len(t, w.there(t, "imported"), 1)
		require.Contains(t, w.there(t, "imported")[0], "march.csv")

		w.look(t)
		require.Len(t, w.imports(t), 1)
		w.arrives(t, "march-again.csv", header+lines(0, 5))
		w.look(t)
		require.Len(t, w.imports(t), 1, "the same bytes under another name")
		require.Equal(t, recon.FileKnown, w.files(t)[0].Status)
		require.Equal(t, imports[0].ID, w.files(t)[0].ImportID)
		w.arrives(t, "march.csv", header+lines(0, 7))
		w.look(t)
		require.Len(t, w.imports(t), 2, "other bytes under the same name")
		requireCounts(t, w.imports(t)[0], 7, 2, 5, 0)
	})

	t.Run("a process that ends between the commit and the move imports nothing twice", func(t *testing.T) {
		t.Parallel()
		w := watch(t, "")
		w.arrives(t, "march.csv", header+lines(0, 5))
		require.NoError(t, os.WriteFile(filepath.Join(w.dir, "imported"), nil, 0o600)) // no folder: the move fails
		seen := w.look(t)
		require.Contains(t, seen.LastMessage, "march.csv cannot be moved")
		require.Len(t, w.imports(t), 1)
		require.False(t, w.files(t)[0].Moved)
		require.NoError(t, os.Remove(filepath.Join(w.dir, "imported")))
		w.look(t)
		require.Len(t, w.imports(t), 1)
		require.True(t, w.files(t)[0].Moved)
		require.Len(t, w.there(t, "imported"), 1)
	})

	t.Run("several looks at once import a file once", func(t *testing.T) {
		t.Parallel()
		w := watch(t, "")
		w.put(t, recon.Fetch{Kind: recon.FetchFolder, Folder: "bank", Files: "*.csv", After: recon.FetchKeep}, nil)
		w.arrives(t, "march.csv", header+lines(0, 50))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := w.Fetch(w.ctx, w.source.ID); err != nil {
					t.Errorf("looking: %v", err)
				}
			})
		}
		all.Wait()
		require.Len(t, w.imports(t), 1)
		require.Len(t, w.files(t), 1)
		require.Equal(t, recon.FileImported, w.files(t)[0].Status)
		require.Equal(t, []string{"march.csv"}, w.there(t, "."), "it stays where it is kept")
	})

	t.Run("a file that was just written waits, and the look comes again for it", func(t *testing.T) {
		t.Parallel()
		w := watch(t, "0 7 * * *")
		w.arrives(t, "march.csv", header+lines(0, 5))
		moment := w.now.Add(-3 * time.Second)
		require.NoError(t, os.Chtimes(filepath.Join(w.dir, "march.csv"), moment, moment))
		seen := w.look(t)
		require.Empty(t, w.imports(t))
		require.Equal(t, "OK", seen.LastResult)
		require.Equal(t, w.now.Add(11*time.Second), *seen.NextAt)
		w.now = *seen.NextAt
		w.look(t)
		require.Len(t, w.imports(t), 1)
	})
}

func TestFetch_RefusedAndMany(t *testing.T) {
	t.Parallel()

	t.Run("a refused file is filed away with its reason, and tried again when it is put back or asked for", func(t *testing.T) {
		t.Parallel()
		w := watch(t, "")
		w.arrives(t, "cut.csv", "id;amount\n1;2\n")
		w.arrives(t, "march.csv", header+lines(0, 5))
		seen := w.look(t)
		require.Equal(t, "OK", seen.LastResult, "the place is well, a file was not")
		require.Len(t, w.imports(t), 1)
		var refused recon.FetchedFile
		for _, file := range w.files(t) {
			if file.Name == "cut.csv" {
				refused = file
			}
		}
		require.Equal(t, recon.FileRefused, refused.Status)
		require.Equal(t, recon.CodeFieldMapInvalid, refused.Code)
		require.NotEmpty(t, refused.Message)
		require.Len(t, w.there(t, "refused"), 1)
		require.Equal(t, recon.EventImportFailed, w.events(t)[0].Key)

		w.maps(t, recon.FieldMap{Fields: map[string]recon.MapField{
			recon.FieldExternalID: recon.Column("id"), recon.FieldAmount: recon.Column("amount"),
			recon.FieldDate: {Constant: "2026-03-01"},
		}, Decimal: "."})
		require.NoError(t, os.Rename(filepath.Join(w.dir, "refused", w.there(t, "refused")[0]), filepath.Join(w.dir, "cut.csv")))
		w.look(t)
		require.Len(t, w.imports(t), 2)
	})

	t.Run("many files are taken in by several jobs", func(t *testing.T) {
		t.Parallel()
		w := watch(t, "")
		for i := range 12 {
			w.arrives(t, string(rune('a'+i))+".csv", header+lines(10*i, 10*i+2))
		}
		w.look(t)
		require.Len(t, w.imports(t), 10)
		w.look(t)
		require.Len(t, w.imports(t), 12)
	})
}

func TestFetch_APlaceThatFails(t *testing.T) {
	t.Parallel()
	w := watch(t, "0 7 * * *")
	planned := *w.fetch(t).NextAt
	require.Equal(t, time.UTC, planned.Location())
	require.NoError(t, os.RemoveAll(w.dir))
	for i, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		seen := w.look(t)
		require.Equal(t, recon.CodePlaceUnavailable, seen.LastResult)
		require.Contains(t, seen.LastMessage, "bank")
		require.Equal(t, i+1, seen.Failures)
		require.Equal(t, w.now.Add(wait), *seen.NextAt)
		w.now = *seen.NextAt
		require.NoError(t, w.Due(w.ctx, recon.Job{Kind: recon.JobFetchDue, Subject: w.source.ID, At: w.now}))
	}
	failed := 0
	for _, event := range w.events(t) {
		if event.Key == recon.EventFetchFailed {
			failed++
		}
	}
	require.Equal(t, 1, failed, "the first failure in a row is an event")
	require.NoError(t, os.MkdirAll(w.dir, 0o750))
	seen := w.look(t)
	require.Equal(t, "OK", seen.LastResult)
	require.Zero(t, seen.Failures)
}

func TestFetch_Due(t *testing.T) {
	t.Parallel()
	w := watch(t, "0 7 * * *")
	seven := time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)
	w.now = time.Now().UTC().Truncate(time.Second)
	first := *w.fetch(t).NextAt
	job := recon.Job{Kind: recon.JobFetchDue, Subject: w.source.ID, At: first}
	require.Equal(t, seven.Hour(), first.Hour())
	require.Equal(t, recon.KindUnavailable, recon.KindOf(w.Due(w.ctx, job)), "woken early, it goes back to wait")
	w.now = first.Add(time.Second)
	require.NoError(t, w.Due(w.ctx, job))
	require.Equal(t, first.AddDate(0, 0, 1), *w.fetch(t).NextAt)
	require.NoError(t, w.Due(w.ctx, job), "fired once")
	require.Equal(t, first.AddDate(0, 0, 1), *w.fetch(t).NextAt)
}

func TestFetch_Credentials(t *testing.T) {
	t.Parallel()
	w := watch(t, "")
	at := recon.Fetch{Kind: recon.FetchS3, Endpoint: "https://10.0.0.1", Bucket: "statements"}
	stored := w.put(t, at, &recon.FetchCredentials{AccessKey: "access-7", SecretKey: "secret-7"})
	require.True(t, stored.Credentials)
	require.Equal(t, w.Keys.Current(), stored.KeyID)
	var dump string
	require.NoError(t, w.Owner(t).QueryRow(t.Context(), `SELECT string_agg(f::text, '') || (SELECT string_agg(a::text, '') FROM "`+
		w.tenantID+`".audit_log a) FROM "`+w.tenantID+`".fetches f`).Scan(&dump))
	require.NotContains(t, dump, "secret-7")
	require.NotContains(t, dump, "access-7")

	refusal := func(at recon.Fetch, with *recon.FetchCredentials) error {
		return w.DB.Tx(w.ctx, func(tx *postgres.Tx) error {
			_, err := w.Put(w.ctx, tx, recon.StoredFetch{SourceID: w.source.ID, Fetch: at}, with)
			return err
		})
	}
	t.Run("they stay for the same server and go to no other", func(t *testing.T) {
		at.Folder = "in"
		require.NoError(t, refusal(at, nil))
		at.Endpoint = "https://elsewhere.example.com"
		require.ErrorContains(t, refusal(at, nil), "cannot be used")
	})
	t.Run("a new key seals them anew at the next look", func(t *testing.T) {
		both, err := secret.Parse(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("n", 32))) + "," +
			base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
		require.NoError(t, err)
		w.Keys = both
		w.Places = inbox.Opener{}
		seen := w.look(t)
		require.Equal(t, recon.CodePlaceUnavailable, seen.LastResult)
		require.Equal(t, both.Current(), seen.KeyID)
	})
	t.Run("without the key nothing is opened or kept", func(t *testing.T) {
		w.Keys = secret.Keys{}
		seen := w.look(t)
		require.Equal(t, recon.CodeSecretsKeyMissing, seen.LastResult)
		require.Equal(t, recon.CodeSecretsKeyMissing, recon.CodeOf(refusal(at, &recon.FetchCredentials{AccessKey: "a", SecretKey: "s"})))
	})
}
