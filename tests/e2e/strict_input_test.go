//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/testkit"
)

// strictKey administers the installation of TestStrictInput.
const strictKey = "strict-input-key-0123456789abcdef0123456789"

// TestStrictInput sends what two readers could take differently, what is not known and what belongs to something else to
// the built binary: each is refused with its code and place, and nothing of it is done.
func TestStrictInput(t *testing.T) {
	w := startStrict(t)
	acme, books, bank, proposed, rules := w.acme, w.books, w.bank, w.proposed, w.rules
	const unknown = "00000000-0000-4000-8000-000000000000"
	imports, form := "/v1/sources/"+bank+"/imports", "multipart/form-data; boundary=x"
	part := func(name string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n\r\nid,date,amount,currency\n\r\n"
	}
	done := func() (n int) { // what the audit log has, but for files that were refused
		var audit struct{ Items []struct{ Action string } }
		acme.Must("GET", "/v1/audit?limit=200", nil, &audit)
		for _, entry := range audit.Items {
			if entry.Action != "import.fail" {
				n++
			}
		}
		return n
	}
	before := done()

	for _, c := range []struct {
		what, method, path, body string
		headers                  []string
		want                     string // status, code, and a pointer or parameter
	}{
		{"a key twice", "POST", "/v1/contexts", `{"name":"a","name":"b"}`, nil, "422 VALIDATION_FAILED /name"},
		{"a key twice below", "POST", "/v1/contexts", `{"name":"a","settings":{"fourEyes":true,"fourEyes":false}}`, nil, "422 VALIDATION_FAILED /settings/fourEyes"},
		{"a key twice by an escape", "POST", "/v1/contexts", `{"name":"a","n\u0061me":"b"}`, nil, "422 VALIDATION_FAILED /name"},
		{"a key twice in a list", "PUT", rules, `{"rules":[{"name":"a","type":"EXACT","type":"EXACT"}]}`, nil, "422 VALIDATION_FAILED /rules/0/type"},
		{"a key in another case", "POST", "/v1/contexts", `{"Name":"a"}`, nil, "422 VALIDATION_FAILED /Name"},
		{"a key in two cases", "POST", "/v1/contexts", `{"name":"a","NAME":"b"}`, nil, "422 VALIDATION_FAILED /NAME"},
		{"an unknown key", "POST", "/v1/contexts", `{"name":"a","owner":"b"}`, nil, "422 VALIDATION_FAILED /owner"},
		{"half of a surrogate pair", "POST", "/v1/contexts", `{"name":"\ud83d"}`, nil, "422 VALIDATION_FAILED"},
		{"the other half", "POST", "/v1/contexts", `{"name":"\ude00"}`, nil, "422 VALIDATION_FAILED"},
		{"half of a pair as a key", "POST", "/v1/contexts", `{"name":"a","\ud83d":1}`, nil, "422 VALIDATION_FAILED"},
		{"no UTF-8", "POST", "/v1/contexts", `{"name":"` + "\xff" + `"}`, nil, "400 REQUEST_UNREADABLE"},
		{"NUL", "POST", "/v1/contexts", `{"name":"a\u0000"}`, nil, "400 REQUEST_UNREADABLE"},
		{"NaN", "POST", "/v1/contexts", `{"name":NaN}`, nil, "400 REQUEST_UNREADABLE"},
		{"two values", "POST", "/v1/contexts", `{"name":"a"}{"name":"b"}`, nil, "400 REQUEST_UNREADABLE"},
		{"a comment", "POST", "/v1/contexts", `{"name":"a"} // b`, nil, "400 REQUEST_UNREADABLE"},
		{"a list", "POST", "/v1/contexts", `[{"name":"a"}]`, nil, "422 VALIDATION_FAILED"},
		{"null", "POST", "/v1/contexts", `null`, nil, "422 VALIDATION_FAILED"},
		{"nesting without end", "POST", "/v1/contexts", strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), nil, "400 REQUEST_UNREADABLE"},
		{"another media type", "POST", "/v1/contexts", `{"name":"a"}`, []string{"Content-Type", "text/plain"}, "415 MEDIA_TYPE_UNKNOWN"},
		{"a compressed body", "POST", "/v1/contexts", `{"name":"a"}`, []string{"Content-Encoding", "gzip"}, "400 CONTENT_ENCODING_UNKNOWN"},
		{"a compressed file", "POST", imports, "x", []string{"Content-Encoding", "br"}, "400 CONTENT_ENCODING_UNKNOWN"},
		{"a compressed preview", "POST", "/v1/sources/" + bank + "/preview", "x", []string{"Content-Encoding", "deflate, gzip"}, "400 CONTENT_ENCODING_UNKNOWN"},
		{"a cursor of another list", "GET", "/v1/sources/" + bank + "/imports?cursor=" + w.ofContexts, "", nil, "400 BAD_CURSOR"},
		{"a cursor of another filter", "GET", "/v1/contexts/" + books + "/transactions?side=RIGHT&cursor=" + w.ofLeft, "", nil, "400 BAD_CURSOR"},
		{"a cursor without its filter", "GET", "/v1/contexts/" + books + "/transactions?cursor=" + w.ofLeft, "", nil, "400 BAD_CURSOR"},
		{"a cut-off cursor", "GET", "/v1/contexts?cursor=" + w.ofContexts[:4], "", nil, "400 BAD_CURSOR"},
		{"an unknown parameter", "GET", "/v1/contexts?tenantId=" + unknown, "", nil, "422 VALIDATION_FAILED tenantId"},
		{"a parameter twice", "GET", "/v1/contexts?limit=1&limit=2", "", nil, "422 VALIDATION_FAILED limit"},
		{"a limit of nothing", "GET", "/v1/contexts?limit=0", "", nil, "422 VALIDATION_FAILED limit"},
		{"a limit that is no number", "GET", "/v1/contexts?limit=ten", "", nil, "422 VALIDATION_FAILED limit"},
		{"NUL in the path", "GET", "/v1/contexts/%00", "", nil, "400 REQUEST_UNREADABLE"},
		{"a path with two slashes", "GET", "/v1//contexts", "", nil, "404 NOT_FOUND"},
		{"another method", "PATCH", "/v1/me", `{}`, nil, "405 METHOD_NOT_ALLOWED"},
		{"an old version of the rules", "PUT", rules, strictRules, []string{"If-Match", w.first}, "412 STALE_VERSION"},
		{"a version that is none", "PUT", rules, strictRules, []string{"If-Match", "yesterday"}, "400 IF_MATCH_UNREADABLE"},
		{"a group's version that is none", "POST", "/v1/groups/" + proposed + "/confirm", `{}`, []string{"If-Match", `"x"`}, "400 IF_MATCH_UNREADABLE"},
		{"another body under a key", "POST", "/v1/contexts", `{"name":"twice"}`, []string{"Idempotency-Key", "k1"}, "422 IDEMPOTENCY_KEY_REUSED"},
		{"two keys", "POST", "/v1/contexts", `{"name":"a"}`, []string{"Idempotency-Key", "a", "X-Idempotency-Key", "b"}, "400 IDEMPOTENCY_KEY_INVALID"},
		{"a key without end", "POST", "/v1/contexts", `{"name":"a"}`, []string{"Idempotency-Key", strings.Repeat("k", 300)}, "422 VALIDATION_FAILED Idempotency-Key"},
		{"a day that is none", "POST", "/v1/contexts/" + books + "/runs", `{"from":"2026-02-30"}`, nil, "422 DATE_UNREADABLE /from"},
		{"an end before the beginning", "POST", "/v1/contexts/" + books + "/runs", `{"from":"2026-03-02","to":"2026-03-01"}`, nil, "422 INVALID_VALUE /to"},
		{"a bulk decision on one group twice", "POST", "/v1/groups/bulk", `{"action":"CONFIRM","groupIds":["` + proposed + `","` + proposed + `"]}`, nil, "422 VALIDATION_FAILED /groupIds/1"},
		{"a bulk decision on nothing", "POST", "/v1/groups/bulk", `{"action":"CONFIRM","groupIds":[]}`, nil, "422 VALIDATION_FAILED /groupIds"},
		{"a form of two files", "POST", imports, part("a.csv") + part("b.csv") + "--x--\r\n", []string{"Content-Type", form}, "400 MULTIPART_UNREADABLE"},
		{"a form without an end", "POST", imports, part("a.csv"), []string{"Content-Type", form}, "400 BODY_INCOMPLETE"},
		{"an unknown parameter of a file", "POST", imports + "?format=csv", "x", nil, "422 VALIDATION_FAILED"},
		{"an id in capitals", "GET", "/v1/contexts/" + strings.ToUpper(books), "", nil, "404 NOT_FOUND"},
	} {
		t.Run(c.what, func(t *testing.T) {
			var body any
			if c.body != "" {
				body = c.body
			}
			answer := acme.Call(c.method, c.path, body, c.headers...)
			problem := answer.Problem()
			got := []string{fmt.Sprintf("%d %s", answer.Status, problem.Code)}
			for _, fault := range problem.Errors {
				got = append(got, got[0]+" "+fault.Pointer+fault.Parameter)
			}
			require.Contains(t, got, c.want, "%.300s", answer.Body)
			require.NotEmpty(t, problem.Detail)
		})
	}
	require.Equal(t, before, done(), "nothing was done")

	t.Run("a bulk decision names the unknown and keeps the others", func(t *testing.T) {
		var out struct {
			Done  int
			Items []struct{ Code string }
		}
		acme.Must("POST", "/v1/groups/bulk", `{"action":"CONFIRM","groupIds":["`+unknown+`","`+proposed+`"]}`, &out)
		require.Equal(t, 1, out.Done)
		require.Equal(t, []struct{ Code string }{{"NOT_FOUND"}, {""}}, out.Items)
	})
	t.Run("no header names a tenant", func(t *testing.T) {
		answer := w.other.Call("GET", "/v1/contexts/"+books, nil, "X-Tenant-ID", "acme", "Baggage", "tenantId=acme", "Cookie", "tenantId=acme")
		require.Equal(t, 404, answer.Status)
	})
	t.Run("a slug names a tenant to those who administer them", func(t *testing.T) {
		operator := testkit.NewClient(t, w.control, "")
		for _, path := range []string{"/admin/tenants/acme", "/tenants/acme/services/matcher/settings", "/v1/tenants/acme/associations/matcher/connections"} {
			var record map[string]any
			require.NoError(t, json.Unmarshal(operator.Must("GET", path, nil, nil, "X-API-Key", strictKey).Body, &record), path)
		}
		require.Equal(t, 401, operator.Call("GET", "/admin/tenants/acme", nil, "X-API-Key", "guessed").Status)
	})
}

// strict is an installation of two tenants; acme has books with a proposed group, and rules in their second version.
type strict struct {
	*walk

	acme, other           *testkit.Client
	books, bank, proposed string
	rules, first          string // path, and the ETag of the first version
	ofContexts, ofLeft    string // cursors
}

const strictRules = `{"rules":[{"name":"exact","type":"EXACT"}]}`

func startStrict(t *testing.T) *strict {
	t.Helper()
	w := &walk{T: t, binary: filepath.Join(binaryDir(t), "matcher"), env: []string{
		"MATCHER_ENV=development", "MULTI_TENANT_ENABLED=true", "MATCHER_DATA_DIR=" + t.TempDir(), "MATCHER_LOG_LEVEL=error",
		"AUTH_HS256_SECRET=" + walkSecret, "MATCHER_ADMIN_API_KEY=" + strictKey,
	}}
	w.control = w.serve()
	tenant := func(slug string) *testkit.Client {
		return testkit.NewClient(t, w.control, w.token(fmt.Sprint(w.cli("tenant", "create", "--slug", slug)["tenantId"])))
	}
	s := &strict{walk: w, acme: tenant("acme"), other: tenant("other")}
	acme := s.acme
	books := acme.NewContext("cash")
	acme.NewContext("cards")
	bank, ledger := acme.NewSource(books, "bank", "RIGHT"), acme.NewSource(books, "ledger", "LEFT")
	acme.Upload(bank, "b.csv", "id,date,amount,currency\nB1,2026-03-01,10.00,EUR\nB2,2026-03-02,20.00,EUR\n")
	acme.Upload(ledger, "l.csv", "id,date,amount,currency\nL1,2026-03-01,10.00,EUR\nL2,2026-03-02,20.00,EUR\n")
	acme.Run(books)
	var page struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
		NextCursor string `json:"nextCursor"`
	}
	acme.Must("GET", "/v1/contexts/"+books+"/groups?status=PROPOSED&limit=1", nil, &page)
	s.proposed = page.Items[0].ID
	acme.Must("GET", "/v1/contexts?limit=1", nil, &page)
	s.ofContexts = page.NextCursor
	require.NotEmpty(t, s.ofContexts)
	acme.Must("GET", "/v1/contexts/"+books+"/transactions?limit=1&side=LEFT", nil, &page)
	s.ofLeft = page.NextCursor
	require.NotEmpty(t, s.ofLeft)
	s.books, s.bank, s.rules = books, bank, "/v1/contexts/"+books+"/rules"
	s.first = acme.Must("GET", s.rules, nil, nil).Header.Get("ETag")
	acme.Must("PUT", s.rules, strictRules, nil, "If-Match", s.first)
	acme.Must("POST", "/v1/contexts", `{"name":"once"}`, nil, "Idempotency-Key", "k1")
	return s
}
