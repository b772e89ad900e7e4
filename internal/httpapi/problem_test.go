//go:build unit || !integration

package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestProblemOf(t *testing.T) {
	ctx := context.WithValue(context.Background(), requestKey{}, &request{id: "r-1"})
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{recon.NotFound("context"), 404, "NOT_FOUND"},
		{fmt.Errorf("while writing: %w", recon.Stale("rule")), 412, "STALE_VERSION"},
		{recon.Unavailable("BUSY", 1500*time.Millisecond, "come back"), 503, "BUSY"},
		{&http.MaxBytesError{Limit: 7}, 413, "BODY_TOO_LARGE"},
		{context.DeadlineExceeded, 503, "TIMEOUT"},
		{context.Canceled, 499, "CLIENT_GONE"},
		{errors.New("password=hunter2"), 500, "INTERNAL"},
	} {
		var log bytes.Buffer
		w := httptest.NewRecorder()
		writeProblem(w, problemOf(ctx, slog.New(slog.NewTextHandler(&log, nil)), c.err))
		require.Equal(t, c.status, w.Code, c.code)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		require.Contains(t, w.Body.String(), `"code":"`+c.code+`"`)
		require.Contains(t, w.Body.String(), `"requestId":"r-1"`)
		require.NotContains(t, w.Body.String(), "hunter2")
		require.Equal(t, c.status == 500, bytes.Contains(log.Bytes(), []byte("hunter2")), "our own faults are logged whole")
		require.Equal(t, c.code == "BUSY", w.Header().Get("Retry-After") == "2")
	}
}

func TestInvalidRequest_PointsWithoutRepeating(t *testing.T) {
	err := invalidRequest(422, "validation failed", []error{
		&huma.ErrorDetail{Message: "expected string", Location: "body.keys[0].op", Value: "hunter2"},
		&huma.ErrorDetail{Message: "expected number <= 200", Location: "query.limit", Value: "hunter2"},
		&huma.ErrorDetail{Message: "expected object", Location: "body"},
		&huma.ErrorDetail{Message: fmt.Sprintf(validation.MsgExpectedRequiredProperty, "a/b"), Location: "body.keys[1]", Value: "hunter2"},
		errors.New("hunter2"),
	})
	var p *problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, []problemField{
		{Pointer: "/keys/0/op", Message: "expected string"},
		{Parameter: "limit", Message: "expected number <= 200"},
		{Message: "expected object"},
		{Pointer: "/keys/1/a~1b", Message: fmt.Sprintf(validation.MsgExpectedRequiredProperty, "a/b")},
	}, p.Errors)
	require.NotContains(t, fmt.Sprint(p), "hunter2")
}
