//go:build unit || !integration

package httpapi

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

func bare(t *testing.T, log *bytes.Buffer, handler http.HandlerFunc) http.Handler {
	t.Helper()
	a := &API{Config: Config{Log: slog.New(slog.NewTextHandler(log, nil))}, figures: newFigures(prometheus.NewRegistry())}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /thing", handler)
	return a.wrap(a.router(mux))
}

func TestWrap_APanicIsA500WithItsStackInTheLog(t *testing.T) {
	var log bytes.Buffer
	w := httptest.NewRecorder()
	bare(t, &log, func(http.ResponseWriter, *http.Request) { panic("hunter2") }).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/thing", http.NoBody))
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "hunter2")
	require.Contains(t, log.String(), "middleware_test.go")
	require.Contains(t, log.String(), "status=500")
}

func TestWrap_AbortingOnPurposeStays(t *testing.T) {
	handler := bare(t, &bytes.Buffer{}, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/thing", http.NoBody))
	})
}

func TestRouter_UnknownPathsAndVerbsAreProblems(t *testing.T) {
	handler := bare(t, &bytes.Buffer{}, func(http.ResponseWriter, *http.Request) {})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/thing", http.NoBody))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	require.Contains(t, w.Body.String(), "METHOD_NOT_ALLOWED")
}

func TestVersionOf(t *testing.T) {
	for text, want := range map[string]int{"": 0, "*": 0, `"3"`: 3, entityTag(12): 12} {
		got, err := versionOf(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"3", `W/"3"`, `"0"`, `"-1"`, `"x"`, `"03"`, `"3", "4"`} {
		_, err := versionOf(text)
		require.Error(t, err, text)
	}
}

func TestPlainToken(t *testing.T) {
	require.True(t, plainToken("abc-DEF_1.2"))
	for _, text := range []string{"", "a b", "a\nb", `a"b`, "é", strings.Repeat("a", maxRequestIDBytes+1)} {
		require.False(t, plainToken(text), "%q", text)
	}
}
