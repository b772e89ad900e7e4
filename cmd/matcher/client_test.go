//go:build unit || !integration

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// uploadOnce is a body that can be read once.
func uploadOnce(text string) apiCall {
	return apiCall{
		method: http.MethodPost, path: "/x", key: "k", bodyOnce: true,
		body: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
	}
}

func TestClient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v1/runs/failed":
			_, _ = io.WriteString(w, `{"status":"FAILED","errorMessage":"no rows"}`)
		case r.URL.Path == "/v1/runs/done":
			_, _ = io.WriteString(w, `{"status":"COMPLETED","summary":{}}`)
		case r.URL.Path == "/v1/calendars":
			w.Header().Set("Location", "/v1/changes/c1")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"id":"c1","status":"PROPOSED"}`)
		case r.Header.Get("Idempotency-Key") == "bad":
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"status":422,"code":"RULE_INVALID","detail":"cannot work","errors":[{"pointer":"/keys/0","message":"is no key"}]}`)
		default:
			_, _ = io.WriteString(w, `{"echo":"`+r.Method+" "+strings.ReplaceAll(string(body), `"`, "'")+`"}`)
		}
	}))
	defer server.Close()
	c := client{url: server.URL, token: "secret"}
	var got struct{ Echo string }
	require.NoError(t, c.post(t.Context(), "/x", map[string]int{"n": 1}, &got))
	require.Equal(t, "POST {'n':1}", got.Echo)
	require.NoError(t, c.do(t.Context(), apiCall{method: http.MethodPut, path: "/x", json: 7}, &got))
	require.Equal(t, "PUT 7", got.Echo)
	require.NoError(t, c.do(t.Context(), uploadOnce("rows"), &got))
	require.Equal(t, "POST rows", got.Echo)
	require.ErrorContains(t, c.do(t.Context(), apiCall{method: http.MethodPost, path: "/x", key: "bad", json: 1}, &got), "422 RULE_INVALID: cannot work; /keys/0 is no key")
	require.ErrorContains(t, client{url: server.URL}.get(t.Context(), "/x", &got), "401")
	require.ErrorContains(t, c.post(t.Context(), "/v1/calendars", map[string]string{"id": "bank"}, nil), "second person",
		"what waits is not done")
	var run recon.Run
	require.NoError(t, c.await(t.Context(), "/v1/runs/done", &run, func() bool { return run.Status.Final() }))
	require.JSONEq(t, "{}", string(run.Summary))
}
