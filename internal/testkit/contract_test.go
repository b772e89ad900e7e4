//go:build unit || !integration

package testkit

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// faults keeps what a test would fail with.
type faults struct {
	testing.TB

	found []string
}

func (f *faults) Errorf(format string, args ...any) {
	f.found = append(f.found, fmt.Sprintf(format, args...))
}

func TestContract(t *testing.T) {
	t.Parallel()
	const document = `{"openapi": "3.1.0", "paths": {"/things/{id}": {"get": {"responses": {
		"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}}}},
		"components": {"schemas": {"Thing": {"type": "object", "properties": {"names": {"type": "array"}}}}}}`
	for name, c := range map[string]struct {
		path   string
		status int
		body   string
		faults int
	}{
		"as documented":         {"/things/1", 200, `{"names": []}`, 0},
		"null for an array":     {"/things/1", 200, `{"names": null}`, 1},
		"an unknown status":     {"/things/1", 404, `{}`, 1},
		"a path that has no op": {"/others/1", 404, `{}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &faults{TB: t}
			service := keepsContract(f, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/openapi.json" {
					_, _ = w.Write([]byte(document))
					return
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			service.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, c.path, http.NoBody))
			require.Len(t, f.found, c.faults)
		})
	}
}
