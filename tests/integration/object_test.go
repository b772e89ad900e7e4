//go:build integration

package integration

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/objectstore"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// faultyS3 is an S3-compatible server on loopback that can be made to misbehave.
type faultyS3 struct {
	store *objectstore.Store
	fault atomic.Pointer[http.HandlerFunc]
}

func newFaultyS3(t *testing.T) *faultyS3 {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("files"))
	real := gofakes3.New(backend).Server()
	s := &faultyS3{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault := s.fault.Load(); fault != nil {
			(*fault)(w, r)
			return
		}
		real.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	var err error
	s.store, err = objectstore.Open("s3://files?region=eu-central-1&use_path_style=true&endpoint=" + url.QueryEscape(server.URL))
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.store.Close() })
	return s
}

// during lets the server do something else until the end of fn.
func (s *faultyS3) during(fault http.HandlerFunc, fn func()) {
	s.fault.Store(&fault)
	defer s.fault.Store(nil)
	fn()
}

const objectRows = 200

func statementText() string {
	var text strings.Builder
	text.WriteString("id,date,amount,currency,reference\n")
	for i := range objectRows {
		fmt.Fprintf(&text, "B-%d,2026-03-%02d,%d.00,EUR,R-%d\n", i, i%28+1, i+1, i)
	}
	return text.String()
}

func answerWith(body string, length int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(length))
		w.Header().Set("Last-Modified", "Wed, 25 Nov 2026 10:00:00 GMT")
		_, _ = io.WriteString(w, body)
	}
}

// Whatever the object store does, a file from it is in whole or not at all, and the caller hears why.
func TestT73_AnObjectStoreThatFails(t *testing.T) {
	in := testkit.Tenants(t)
	tenant, _ := in.NewTenant(t)
	s3 := newFaultyS3(t)
	imports := &ingestion.Service{DB: in.DB, SpoolDir: t.TempDir()}
	var source recon.Source
	require.NoError(t, in.DB.Tx(tenant, func(tx *postgres.Tx) error {
		books, err := tx.CreateContext(tenant, recon.Context{Name: "cash"})
		if err != nil {
			return err
		}
		source, err = tx.CreateSource(tenant, recon.Source{ContextID: books.ID, Name: "bank", Side: recon.Right, Currency: "EUR", TimeZone: "UTC"})
		return err
	}))
	text := statementText()
	sum, err := s3.store.Put(tenant, strings.NewReader(text), "inbox", "march.csv")
	require.NoError(t, err)
	load := func(ctx context.Context) (recon.Import, error) {
		body, err := s3.store.Get(ctx, sum, "inbox", "march.csv")
		if err != nil {
			return recon.Import{}, err
		}
		defer body.Close()
		return imports.Import(ctx, source.ID, ingestion.File{Name: "march.csv", Body: body})
	}
	rows := func() (n int64) {
		require.NoError(t, in.DB.Read(tenant, func(tx *postgres.Tx) error {
			found, _, err := tx.Imports(tenant, source.ID, "", postgres.Page{Limit: 10})
			for _, one := range found {
				n += one.RowsInserted
			}
			return err
		}))
		return n
	}

	half := text[:len(text)/2]
	for why, fault := range map[string]http.HandlerFunc{
		"it answers 503": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "slow down", http.StatusServiceUnavailable)
		},
		"the body breaks off":             answerWith(half, len(text)),
		"it gives half as if it were all": answerWith(half, len(half)),
		"a digit changed":                 answerWith(strings.Replace(text, "150.00", "950.00", 1), len(text)),
	} {
		s3.during(fault, func() {
			ctx, cancel := context.WithTimeout(tenant, 20*time.Second)
			defer cancel()
			_, err := load(ctx)
			require.Error(t, err, why)
		})
		require.Zero(t, rows(), why)
	}

	t.Run("one that never answers is given up when its caller's time is over", func(t *testing.T) {
		silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		s3.during(silent, func() {
			ctx, cancel := context.WithTimeout(tenant, 200*time.Millisecond)
			defer cancel()
			_, err := load(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	})
	t.Run("a failed upload leaves no object", func(t *testing.T) {
		s3.during(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, func() {
			_, err := s3.store.Put(tenant, strings.NewReader(text), "inbox", "april.csv")
			require.Error(t, err)
		})
		keys, err := s3.store.List(tenant)
		require.NoError(t, err)
		require.Equal(t, []string{"inbox/march.csv"}, keys)
	})
	t.Run("when it works again, so does the import", func(t *testing.T) {
		_, err := load(tenant)
		require.NoError(t, err)
		require.EqualValues(t, objectRows, rows())
	})
}

func TestT14_InABucketTooEveryKeyBeginsWithItsTenant(t *testing.T) {
	in := testkit.Tenants(t)
	a, _ := in.NewTenant(t)
	b, _ := in.NewTenant(t)
	s3 := newFaultyS3(t)
	sum, err := s3.store.Put(a, strings.NewReader("secret"), "exports", "x.csv")
	require.NoError(t, err)
	_, err = s3.store.Get(b, sum, "exports", "x.csv")
	require.Equal(t, recon.KindNotFound, recon.KindOf(err))
	for _, name := range []string{"..", "../x", "%2e%2e", "/x", "x\x00"} {
		_, err := s3.store.Get(b, sum, name)
		require.Error(t, err, name)
	}
	deleted, err := s3.store.DeleteAll(b)
	require.NoError(t, err)
	require.Zero(t, deleted)
	_, err = s3.store.DeleteAll(a)
	require.NoError(t, err)
	keys, err := s3.store.List(a)
	require.NoError(t, err)
	require.Empty(t, keys)
}
