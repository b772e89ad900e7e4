package testkit

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract holds what a service answers against its own OpenAPI document.
type contract struct {
	http.Handler

	t        testing.TB
	document map[string]any

	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

// keepsContract fails the test when an answer has a status or a body that the service's document does not have. A
// service that hides its document is left alone.
func keepsContract(t testing.TB, service http.Handler) http.Handler {
	t.Helper()
	recorder := httptest.NewRecorder()
	service.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/openapi.json", http.NoBody))
	if recorder.Code != http.StatusOK {
		return service
	}
	document, err := jsonschema.UnmarshalJSON(recorder.Body)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("openapi.json", document); err != nil {
		t.Fatal(err)
	}
	return &contract{Handler: service, t: t, document: document.(map[string]any), compiler: compiler}
}

// ServeHTTP serves and looks at what was answered.
func (c *contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := strings.ToLower(r.Method)
	if r.Method == http.MethodHead {
		method = "get"
	}
	path := c.template(method, r.URL.Path)
	if path == "" {
		c.Handler.ServeHTTP(w, r)
		return
	}
	seen := &seenAnswer{ResponseWriter: w}
	c.Handler.ServeHTTP(seen, r)
	if seen.status == 0 || seen.status == http.StatusMethodNotAllowed || r.Context().Err() != nil {
		return
	}
	if err := c.check(path, method, seen); err != nil {
		c.t.Errorf("%s %s answers what its document does not have: %v: %.500s", r.Method, path, err, seen.body.String())
	}
}

// template is the document's path for one of a request, "" where it has none. A path in plain words goes before one
// with parameters.
func (c *contract) template(method, path string) (found string) {
	segments := strings.Split(path, "/")
	for template := range c.document["paths"].(map[string]any) {
		parts := strings.Split(template, "/")
		_, fits := c.lookUp([]string{"paths", template, method})
		fits = fits && len(parts) == len(segments)
		for i := 0; fits && i < len(parts); i++ {
			fits = strings.HasPrefix(parts[i], "{") || parts[i] == segments[i]
		}
		if fits && (found == "" || strings.Count(template, "{") < strings.Count(found, "{")) {
			found = template
		}
	}
	return found
}

func (c *contract) check(path, method string, seen *seenAnswer) error {
	at := []string{"paths", path, method, "responses", fmt.Sprint(seen.status)}
	if seen.status >= http.StatusInternalServerError {
		at[4] = "default"
	}
	answer, there := c.lookUp(at)
	if !there {
		return fmt.Errorf("status %d", seen.status)
	}
	if ref, is := answer["$ref"].(string); is {
		at = strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	}
	kind, _, _ := strings.Cut(seen.Header().Get("Content-Type"), ";")
	if _, typed := c.lookUp(append(at, "content", kind, "schema")); !typed || !strings.HasSuffix(kind, "json") {
		return nil
	}
	body, err := jsonschema.UnmarshalJSON(&seen.body)
	if err != nil {
		return err //nolint:wrapcheck // names itself
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace
	var pointer strings.Builder
	pointer.WriteString("openapi.json#")
	for _, part := range append(at, "content", kind, "schema") {
		pointer.WriteString("/" + escape(part))
	}
	schema, err := c.compiler.Compile(pointer.String())
	if err != nil {
		return err //nolint:wrapcheck // names itself
	}
	return schema.Validate(body) //nolint:wrapcheck // names itself
}

func (c *contract) lookUp(at []string) (found map[string]any, there bool) {
	found = c.document
	for _, part := range at {
		if found, there = found[part].(map[string]any); !there {
			return nil, false
		}
	}
	return found, true
}

// seenAnswer keeps what is written. It hands on everything else that the writer can do.
type seenAnswer struct {
	http.ResponseWriter

	status int
	body   bytes.Buffer
}

// Unwrap returns the writer, for http.ResponseController.
func (s *seenAnswer) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// WriteHeader notes the status.
func (s *seenAnswer) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write notes what is written.
func (s *seenAnswer) Write(body []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	s.body.Write(body)
	return s.ResponseWriter.Write(body) //nolint:wrapcheck // hands on
}
