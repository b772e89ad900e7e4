//go:build unit || !integration

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// answering gives the answers one after another, and the last of them for ever.
func answering(t *testing.T, answers ...func(http.ResponseWriter)) (client, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answers[min(int(asked.Add(1)), len(answers))-1](w)
	}))
	t.Cleanup(server.Close)
	return client{
		url: server.URL, token: "a-token-that-nobody-may-see", answered: new(atomic.Bool),
		retry: retryPolicy{attempts: 4, first: time.Millisecond, most: 2 * time.Millisecond},
	}, &asked
}

func status(code int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func halfAnAnswer(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"id":"ha`)
}

func TestClientRetries_WhatCannotBeDoneTwice(t *testing.T) {
	t.Parallel()
	ok := status(http.StatusOK, `{"id":"done"}`)
	post := func(c client, key string) error {
		return c.do(t.Context(), apiCall{method: http.MethodPost, path: "/x", key: key, json: map[string]int{"n": 1}}, &struct{}{})
	}
	get := func(c client, _ string) error { return c.get(t.Context(), "/x", &struct{}{}) }
	for _, c := range []struct {
		name    string
		call    func(client, string) error
		key     string
		answers []func(http.ResponseWriter)
		asked   int32
		message string
	}{
		{"busy, then not", post, "", []func(http.ResponseWriter){status(429, `{"code":"RATE_LIMITED"}`), status(503, ""), ok}, 3, ""},
		{"busy for ever", post, "k", []func(http.ResponseWriter){status(503, `{"code":"TIMEOUT","detail":"too slow"}`)}, 4, "503 TIMEOUT: too slow"},
		{"a lost answer with a key", post, "k", []func(http.ResponseWriter){hangUp, ok}, 2, ""},
		{"a lost answer without one", post, "", []func(http.ResponseWriter){hangUp, ok}, 1, "does not answer"},
		{"a lost answer to a read", get, "", []func(http.ResponseWriter){hangUp, halfAnAnswer, ok}, 3, ""},
		{"lost for ever", get, "", []func(http.ResponseWriter){halfAnAnswer}, 4, "was lost (unexpected EOF); 4 attempts were made: repeat the command when the service is back"},
		{"the first attempt still at work", post, "k", []func(http.ResponseWriter){status(409, `{"code":"IDEMPOTENCY_IN_FLIGHT"}`), ok}, 2, ""},
		{"a proxy without the service", get, "", []func(http.ResponseWriter){status(502, "<html>"), ok}, 2, ""},
		{"a refusal is an answer", get, "", []func(http.ResponseWriter){status(422, `{"code":"NO","detail":"no"}`), ok}, 1, "422 NO: no"},
		{"a fault is one too", get, "", []func(http.ResponseWriter){status(500, `{"code":"INTERNAL","detail":"ours","requestId":"r-1"}`), ok}, 1, "500 INTERNAL: ours (request r-1)"},
		{"another service", get, "", []func(http.ResponseWriter){status(200, "<html>"), ok}, 1, "does not answer as Matcher's API does"},
		{"a redirect is not followed", get, "", []func(http.ResponseWriter){status(302, ""), ok}, 1, "302 Found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			api, asked := answering(t, c.answers...)
			err := c.call(api, c.key)
			require.Equal(t, c.asked, asked.Load())
			if c.message == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.message)
			require.NotContains(t, err.Error(), api.token)
		})
	}
}

func TestClientRetries_WithinBounds(t *testing.T) {
	t.Parallel()
	later := func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	c, asked := answering(t, later)
	require.ErrorContains(t, c.get(t.Context(), "/x", &struct{}{}), "the server asks to come back in 2m0s")
	require.EqualValues(t, 1, asked.Load())

	t.Run("a file that cannot be read twice is sent once", func(t *testing.T) {
		c, asked := answering(t, status(503, ""))
		require.Error(t, c.do(t.Context(), uploadOnce("rows"), &struct{}{}))
		require.EqualValues(t, 1, asked.Load())
	})
	t.Run("who gives up is told so at once", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		c, _ := answering(t, func(w http.ResponseWriter) {
			stop()
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		c.retry.first = time.Hour
		require.Error(t, c.get(ctx, "/x", &struct{}{}))
	})
	t.Run("nobody at the address is not asked again, somebody who was there is", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { status(200, "{}")(w) }))
		said := 0
		c := client{url: server.URL, answered: new(atomic.Bool), retry: retryPolicy{
			attempts: 3, first: time.Millisecond, most: time.Millisecond, onWait: func(string, time.Duration) { said++ },
		}}
		require.NoError(t, c.get(t.Context(), "/x", &struct{}{}))
		server.Close()
		require.ErrorContains(t, c.get(t.Context(), "/x", &struct{}{}), "3 attempts were made")
		require.Equal(t, 2, said)
		c.answered.Store(false)
		require.ErrorContains(t, c.get(t.Context(), "/x", &struct{}{}), "check that the service runs there and that MATCHER_URL is its address")
		require.Equal(t, 2, said)
	})
}

func TestWithoutUser(t *testing.T) {
	t.Parallel()
	require.Equal(t, "https://example.com/x", withoutUser("https://me:secret@example.com/x"))
}
