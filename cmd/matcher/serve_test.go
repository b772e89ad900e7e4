//go:build integration

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// command runs the program in a data folder of the test's own.
func command(t *testing.T, ctx context.Context, dataDir, addr string, stdout io.Writer, args ...string) error {
	t.Helper()
	env := []string{"MATCHER_DATA_DIR=" + dataDir, "MATCHER_ADDR=" + addr, "MATCHER_LOG_LEVEL=error", "MULTI_TENANT_ENABLED=true"}
	return run(ctx, args, env, strings.NewReader(""), stdout, io.Discard)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// told is a pipe whose reader waits for a line that says the service is up.
func told(t *testing.T, line string) (io.Writer, func() string) {
	t.Helper()
	r, w := io.Pipe()
	found := make(chan string, 1)
	go func() {
		var seen bytes.Buffer
		part := make([]byte, 4096)
		for {
			n, err := r.Read(part)
			seen.Write(part[:n])
			if strings.Contains(seen.String(), line) || err != nil {
				found <- seen.String()
				_, _ = io.Copy(io.Discard, r)
				return
			}
		}
	}()
	return w, func() string { return <-found }
}

func TestServe_TenantsTokensHealth(t *testing.T) {
	t.Parallel()
	dataDir, addr := t.TempDir(), freeAddr(t)
	var out bytes.Buffer
	require.NoError(t, command(t, t.Context(), dataDir, addr, &out, "tenant", "create", "--slug", "acme", "--json"))
	var tenant struct{ TenantID string }
	require.NoError(t, json.Unmarshal(out.Bytes(), &tenant))
	require.Error(t, command(t, t.Context(), dataDir, addr, io.Discard, "health"))

	ctx, stop := context.WithCancel(t.Context())
	stdout, up := told(t, "matcher serves")
	ended := make(chan error, 1)
	go func() { ended <- command(t, ctx, dataDir, addr, stdout, "serve") }()
	require.Contains(t, up(), addr)
	out.Reset()
	require.NoError(t, command(t, t.Context(), dataDir, addr, &out, "token", "--tenant", tenant.TenantID, "--role", "viewer"))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/v1/me", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(out.String()))
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, command(t, t.Context(), dataDir, addr, io.Discard, "health"))
	t.Run("a second service on the address or the data is told the way out", func(t *testing.T) {
		require.ErrorContains(t, command(t, t.Context(), t.TempDir(), addr, io.Discard, "serve"), "MATCHER_ADDR")
		require.Error(t, command(t, t.Context(), dataDir, freeAddr(t), io.Discard, "serve"))
	})
	stop()
	require.NoError(t, <-ended)
}

// Row 17: an upload is half sent when SIGTERM comes. The service takes no more connections, yet reads the rest, answers,
// and ends; the next start finds every row.
func TestServe_ARequestInFlightAtSIGTERMIsAnswered(t *testing.T) {
	const acme = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
	dataDir, addr := t.TempDir(), freeAddr(t)
	require.NoError(t, command(t, t.Context(), dataDir, addr, io.Discard, "tenant", "create", "--slug", "acme", "--id", acme))
	var out bytes.Buffer
	require.NoError(t, command(t, t.Context(), dataDir, addr, &out, "token", "--tenant", acme))
	type answer struct {
		ID           string
		RowsInserted int
		Items        []answer
	}
	send := func(method, path string, body io.Reader, header ...string) (got answer) {
		request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, "http://"+addr+path, body)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(out.String()))
		request.Header.Set("Content-Type", "application/json")
		for at := 0; at < len(header); at += 2 {
			request.Header.Set(header[at], header[at+1])
		}
		response, err := (&http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: time.Minute}).RoundTrip(request)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Less(t, response.StatusCode, 300, "%s %s: %s", method, path, text)
		require.NoError(t, json.Unmarshal(text, &got))
		return got
	}
	serve := func() (stop func(), ended chan error) {
		ctx, stop := signal.NotifyContext(context.WithoutCancel(t.Context()), syscall.SIGTERM)
		stdout, up := told(t, "matcher serves")
		ended = make(chan error, 1)
		go func() { ended <- command(t, ctx, dataDir, addr, stdout, "serve") }()
		require.Contains(t, up(), addr)
		return stop, ended
	}

	stop, ended := serve()
	defer stop()
	books := send("POST", "/v1/contexts", strings.NewReader(`{"name":"cash"}`))
	source := send("POST", "/v1/contexts/"+books.ID+"/sources", strings.NewReader(`{"name":"bank","side":"LEFT","currency":"EUR"}`))
	read, write := io.Pipe()
	answered := make(chan int, 1)
	go func() {
		defer close(answered) // also when it fails
		answered <- send("POST", "/v1/sources/"+source.ID+"/imports?name=a.csv", read, "Content-Type", "text/csv", "Expect", "100-continue").RowsInserted
	}()
	_, err := io.WriteString(write, "id,date,amount,currency\n1,2026-01-02,10.00,EUR\n") // the handler asked for it
	require.NoError(t, err)

	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGTERM))
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err != nil
	}, time.Minute, 5*time.Millisecond, "no more connections")
	_, err = io.WriteString(write, "2,2026-01-03,20.00,EUR\n")
	require.NoError(t, err)
	require.NoError(t, write.Close())
	require.Equal(t, 2, <-answered)
	require.NoError(t, <-ended)

	stop, ended = serve()
	defer stop()
	kept := send("GET", "/v1/sources/"+source.ID+"/imports", http.NoBody).Items
	require.Len(t, kept, 1)
	require.Equal(t, 2, kept[0].RowsInserted, "nothing is lost")
	stop()
	require.NoError(t, <-ended)
}

func TestServe_WrongUse(t *testing.T) {
	t.Parallel()
	require.Equal(t, exitUsage, exitCode(command(t, t.Context(), t.TempDir(), freeAddr(t), io.Discard, "serve", "--role", "boss")))
	require.Equal(t, exitFailed, exitCode(run(t.Context(), []string{"serve"}, []string{"MATCHER_ADDR=nowhere"}, nil, io.Discard, io.Discard)))
	production := []string{"MATCHER_ENV=production", "AUTH_HS256_SECRET=Zk3v9Qp1Lx7Rw5Tn8Yb2Hc6Jd4Gf0SaU"}
	require.ErrorContains(t, run(t.Context(), []string{"token"}, production, nil, io.Discard, io.Discard), "identity provider")
	require.ErrorContains(t, run(t.Context(), []string{"demo"}, production, nil, io.Discard, io.Discard), "production")
}
