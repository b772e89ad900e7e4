//go:build integration

package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// shell runs commands against a service as a user of a tenant.
type shell struct {
	t          *testing.T
	url, token string
	stdin      string
}

// newShell is an administrator of a new tenant of a service.
func newShell(t *testing.T, server *testkit.APIServer, slug string) (*shell, *testkit.Client) {
	t.Helper()
	client := server.As(server.NewTenant(slug), auth.RoleAdmin)
	return &shell{t: t, url: client.URL, token: client.Token}, client
}

// run gives what the command printed, on both outputs, and its error. The token never shows.
func (s *shell) run(args ...string) (string, error) {
	s.t.Helper()
	return s.runIn(s.t.Context(), args...)
}

func (s *shell) runIn(ctx context.Context, args ...string) (string, error) {
	s.t.Helper()
	var out, errs bytes.Buffer
	err := run(ctx, args, []string{"MATCHER_URL=" + s.url, "MATCHER_TOKEN=" + s.token}, strings.NewReader(s.stdin), &out, &errs)
	said := out.String() + errs.String()
	if err != nil {
		said += err.Error()
	}
	if len(s.token) > 20 {
		require.NotContains(s.t, said, s.token[:20], "a token stays out of everything that is printed")
	}
	return out.String(), err
}

func (s *shell) must(args ...string) string {
	s.t.Helper()
	out, err := s.run(args...)
	require.NoError(s.t, err, "matcher %s", strings.Join(args, " "))
	return out
}

func (s *shell) fails(code int, message string, args ...string) {
	s.t.Helper()
	_, err := s.run(args...)
	require.ErrorContains(s.t, err, message, "matcher %s", strings.Join(args, " "))
	require.Equal(s.t, code, exitCode(err), "%v", err)
}

// example is a file of an example.
func example(folder, name string) string { return filepath.Join("../../examples", folder, name) }

// file writes a file of the test's own.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestRemote_NamesAreTakenWhereIdsAre(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	s, client := newShell(t, server, "acme")
	one, two := client.NewContext("Bank"), client.NewContext("Cards")
	bank := client.NewSource(one, "bank", recon.Right)
	client.NewSource(one, "books", recon.Left)
	client.NewSource(two, "books", recon.Left)
	rows := file(t, "rows.csv", "id,date,amount,currency\na,2026-01-05,10.00,EUR\n")

	require.Contains(t, s.must("import", "--source", "bank", rows), "1 new")
	require.Contains(t, s.must("import", "--source", bank, rows), "1 there already")
	require.Contains(t, s.must("import", "--source", "books", "--context", "Cards", rows), "1 new")
	require.Contains(t, s.must("import", "--source", "books", "--context", one, rows), "1 new")
	s.fails(exitUsage, `2 contexts have a source called "books": "Bank" (LEFT, source `, "import", "--source", "books", rows)
	s.fails(exitFailed, `did you mean "bank"?`, "import", "--source", "bnak", "--context", "Bank", rows)
	s.fails(exitFailed, `there are Bank, Cards`, "run", "--context", "Ledger")
	s.fails(exitFailed, `did you mean "Cards"?`, "exceptions", "--context", "cards")

	t.Run("another tenant's ids are as unknown as any", func(t *testing.T) {
		other, _ := newShell(t, server, "globex")
		for _, args := range [][]string{
			{"run", "--context", one},
			{"import", "--source", bank, rows},
			{"exceptions", "--context", one},
			{"export", "--context", one, "--out", t.TempDir()},
			{"export", "groups", "--run", one},
			{"exceptions", "show", one},
			{"run", "--cancel", "--run", one},
		} {
			_, foreign := other.run(args...)
			unknown := strings.ReplaceAll(strings.Join(args, "\x00"), one, "01a214bf-0000-7000-8000-000000000000")
			unknown = strings.ReplaceAll(unknown, bank, "01a214bf-0000-7000-8000-000000000000")
			_, never := other.run(strings.Split(unknown, "\x00")...)
			require.ErrorContains(t, foreign, "has the id")
			require.Equal(t, strings.NewReplacer(one, "ID", bank, "ID").Replace(foreign.Error()),
				strings.ReplaceAll(never.Error(), "01a214bf-0000-7000-8000-000000000000", "ID"))
		}
	})
}

func TestRemote_SaysWhatIsWrongAndTheWayOut(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	s, _ := newShell(t, server, "acme")
	viewer := server.As(server.NewTenant("viewers"), auth.RoleViewer)
	for _, c := range []struct{ name, url, token, message string }{
		{"no address", "", s.token, "MATCHER_URL is not set"},
		{"no address at all", "localhost", s.token, "MATCHER_URL is no address"},
		{"no token", s.url, "", "MATCHER_TOKEN is not set"},
		{"more than a token", s.url, "Bearer " + s.token, "without Bearer"},
		{"a token of nobody", s.url, "not-a-token", "TOKEN_INVALID: the token cannot be verified: set MATCHER_TOKEN"},
		{"a cut token", s.url, s.token[:len(s.token)-4], "TOKEN_INVALID"},
		{"nobody there", "http://127.0.0.1:1", s.token, "http://127.0.0.1:1 does not answer"},
		{"no such host", "http://user:secret@nowhere.invalid", s.token, "http://nowhere.invalid does not answer"},
		{"a page, not the API", s.url + "/docs", s.token, "METHOD"},
		{"a token that may only read", s.url, viewer.Token, "ROLE_REQUIRED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrong := &shell{t: t, url: c.url, token: c.token}
			if c.name == "a token that may only read" {
				id := server.As(tenantOf(t, viewer), auth.RoleAdmin).NewContext("Bank")
				wrong.fails(exitFailed, c.message, "run", "--context", id)
				return
			}
			if c.name == "a page, not the API" {
				_, err := wrong.run("exceptions")
				require.Error(t, err)
				return
			}
			_, err := wrong.run("exceptions")
			require.ErrorContains(t, err, c.message)
			require.NotContains(t, err.Error(), "secret")
		})
	}
	s.fails(exitUsage, "which context?", "run")
	s.fails(exitUsage, `"31.01.2026" is no day`, "run", "--context", "x", "--as-of", "31.01.2026")
	s.fails(exitFailed, "missing.csv does not exist", "import", "--source", "bank", "missing.csv")
	s.fails(exitUsage, "--fail-on takes", "run", "--context", "x", "--fail-on", "everything")
}

func tenantOf(t *testing.T, client *testkit.Client) string {
	t.Helper()
	var me struct{ TenantID string }
	client.Must(http.MethodGet, "/v1/me", nil, &me)
	return me.TenantID
}

// flaky is a way to a service that fails when it is told to: before a request gets through, or behind it.
type flaky struct {
	refuse, lose atomic.Int32 // how many of the next requests are refused, and of how many answers are lost
	retryAfter   string
	posts        atomic.Int32 // that reached the service
	server       *httptest.Server
}

func newFlaky(t *testing.T, to string) *flaky {
	t.Helper()
	target, err := url.Parse(to)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	f := &flaky{retryAfter: "1"}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.refuse.Add(-1) >= 0 {
			w.Header().Set("Retry-After", f.retryAfter)
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"status":429,"code":"RATE_LIMITED","detail":"slow down"}`))
			return
		}
		if r.Method == http.MethodPost {
			f.posts.Add(1)
			if f.lose.Add(-1) >= 0 {
				proxy.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler) // the service has done it, and nobody hears of it
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(f.server.Close)
	return f
}

func TestRemote_ALostAnswerDoesNothingTwice(t *testing.T) {
	t.Parallel()
	s, client := newShell(t, testkit.Server(t), "acme")
	id := client.NewContext("Bank")
	client.NewSource(id, "bank", recon.Right)
	line := newFlaky(t, s.url)
	s.url = line.server.URL
	rows := file(t, "rows.csv", "id,date,amount,currency\na,2026-01-05,10.00,EUR\n")

	line.lose.Store(1)
	require.Contains(t, s.must("import", "--source", "bank", rows), "1 row: 1 new", "not: there already")
	require.EqualValues(t, 2, line.posts.Load())
	line.lose.Store(1)
	s.must("run", "--context", "Bank")
	var runs struct{ Items []recon.Run }
	client.Must(http.MethodGet, "/v1/contexts/"+id+"/runs", nil, &runs)
	require.Len(t, runs.Items, 1)

	line.refuse.Store(2)
	require.Contains(t, s.must("exceptions"), "no exceptions match", "a busy service is asked again, when it says so")
	line.retryAfter = "3600"
	line.refuse.Store(1)
	s.fails(exitFailed, "the server asks to come back in 1h0m0s", "exceptions")

	t.Run("a service that dies while a run is followed", func(t *testing.T) {
		require.Contains(t, s.must("run", "--context", "Bank", "--detach", "--idempotency-key", "nightly"), "follows it")
		require.Contains(t, s.must("run", "--context", "Bank", "--idempotency-key", "nightly"), "RIGHT")
		client.Must(http.MethodGet, "/v1/contexts/"+id+"/runs", nil, &runs)
		require.Len(t, runs.Items, 2, "one key starts one run")
	})
}
