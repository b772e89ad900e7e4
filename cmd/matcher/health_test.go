//go:build unit || !integration

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHealth(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			w.WriteHeader(status)
		}
	}))
	defer server.Close()
	health := func() error {
		env := []string{"MATCHER_ADDR=" + strings.TrimPrefix(server.URL, "http://")}
		return run(t.Context(), []string{"health"}, env, nil, io.Discard, io.Discard)
	}
	require.NoError(t, health())
	status = http.StatusServiceUnavailable
	require.ErrorContains(t, health(), "503")
	server.Close()
	require.ErrorContains(t, health(), "service unreachable")
}

func TestReachable(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:80": "127.0.0.1:80", ":80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80", "10.0.0.1:80": "10.0.0.1:80",
	} {
		require.Equal(t, want, reachable(addr))
	}
}
