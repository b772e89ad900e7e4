//go:build unit || !integration

package httpapi

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"
)

type sampleInput struct {
	pathID
	keyed
	matched
	paged
	Kind string `query:"kind" enum:"A,B"`
	Body struct {
		Name  string   `json:"name" maxLength:"3"`
		Parts []string `json:"parts,omitempty"`
	}
}

// readSample sends a request to an operation that takes a sampleInput.
func readSample(target, body string, header http.Header) (*sampleInput, error) {
	in := newInput(newDocument("").schemas, reflect.TypeFor[sampleInput](), &huma.Operation{Path: "/v1/things/{thingId}"})
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.SetPathValue("thingId", "t-1")
	r.Header = header
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 100)
	value, err := in.read(r)
	out, _ := value.(*sampleInput)
	return out, err
}

func TestInput_Read(t *testing.T) {
	in, err := readSample("/?cursor=c&kind=B", `{"name":"abc"}`, http.Header{
		"Idempotency-Key": {"k"}, "If-Match": {`"7"`}, "Content-Type": {"application/json; charset=utf-8"},
	})
	require.NoError(t, err)
	require.Equal(t, "t-1", in.ID, "the route names the id")
	require.Equal(t, 50, in.Limit, "the default")
	require.Equal(t, []any{"c", "B", "k", 7, "abc"}, []any{in.Cursor, in.Kind, in.Key, in.version, in.Body.Name})
}

func TestInput_ProblemsNameEveryValue(t *testing.T) {
	for target, tc := range map[string]struct {
		body, contentType string
		status            int
		places            []string
	}{
		"/?x=1&tenantId=2":   {`{}`, "", 422, []string{"tenantId", "x"}},
		"/?limit=a":          {`{"name":"abc"}`, "", 422, []string{"limit"}},
		"/?limit=201&kind=C": {`{"name":"abcd","parts":[1],"x":1}`, "", 422, []string{"limit", "kind", "/name", "/parts/0", "/x"}},
		"/?limit=0":          {`{`, "", 400, []string{"limit", ""}},
		"/?a":                {``, "", 422, []string{"a"}},
		"/":                  {`{}`, "", 422, []string{"/name"}},
		"/?":                 {``, "", 400, nil},
		"/?cursor=1":         {"{\"name\":\"\xff\"}", "", 400, []string{""}},
		"/?cursor=2":         {`{"name":"\u0000"}`, "", 400, []string{""}},
		"/?cursor=3":         {`name: abc`, "text/yaml", 415, []string{""}},
		"/?cursor=4":         {`{"name":"abc"}`, "a/b;;", 415, []string{""}},
	} {
		_, err := readSample(target, tc.body, http.Header{"Content-Type": {tc.contentType}})
		var p *problem
		require.ErrorAs(t, err, &p, target)
		require.Equal(t, tc.status, p.Status, target)
		places := []string(nil)
		for _, e := range p.Errors {
			require.NotEmpty(t, e.Message, target)
			places = append(places, e.Pointer+e.Parameter)
		}
		require.ElementsMatch(t, tc.places, places, target)
	}
	var tooLarge *http.MaxBytesError
	_, err := readSample("/", `{"name":"`+strings.Repeat("x", 100)+`"}`, http.Header{})
	require.ErrorAs(t, err, &tooLarge)
	_, err = readSample("/", `{"name":"abc"}`, http.Header{"If-Match": {"7"}})
	require.Error(t, err)
}
