package httpapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// operation is one line of the table in routes.go: a route, the least role that may take it, its name and what serves it.
type operation struct {
	method, path string
	role         auth.Role
	id, summary  string
	register     func(*API, huma.API, huma.Operation)
	serve        func(*API, http.ResponseWriter, *http.Request) error // instead of register: streams
	describe     func(huma.API, *huma.Operation)                      // OpenAPI of what the types cannot say
}

// read is an operation that changes nothing.
func read[I, O any](path string, role auth.Role, id, summary string,
	handler func(*API, context.Context, *I) (*O, error),
) operation {
	return operation{
		method: http.MethodGet, path: path, role: role, id: id, summary: summary,
		register: func(a *API, h huma.API, op huma.Operation) {
			huma.Register(h, op, func(ctx context.Context, in *I) (*O, error) {
				out, err := handler(a, ctx, in)
				return out, a.refused(ctx, err)
			})
		},
	}
}

// ask is a POST that takes long and opens transactions of its own, none while it computes. Sent again, it is done again.
func ask[I, O any](path string, role auth.Role, id, summary string,
	handler func(*API, context.Context, *I) (*O, error),
) operation {
	op := read(path, role, id, summary, handler)
	op.method = http.MethodPost
	return op
}

// change is a PUT, PATCH or DELETE: handler runs inside one transaction.
func change[I, O any](route string, role auth.Role, id, summary string,
	handler func(*API, context.Context, *postgres.Tx, *I) (*O, error),
) operation {
	method, path, _ := strings.Cut(route, " ")
	return operation{
		method: method, path: path, role: role, id: id, summary: summary,
		register: func(a *API, h huma.API, op huma.Operation) {
			huma.Register(h, op, func(ctx context.Context, in *I) (out *O, err error) {
				err = a.DB.Tx(ctx, func(tx *postgres.Tx) error {
					out, err = handler(a, ctx, tx, in)
					return err
				})
				return out, a.refused(ctx, err)
			})
		},
	}
}

// reply is the answer to a POST. It is stored with the effect when the caller sent an idempotency key.
type reply[T any] struct {
	Status   int
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Replayed string `header:"Idempotency-Replayed" doc:"true when this is the stored answer of an earlier request"`
	Body     T
}

// Keyed is what every POST may carry. A retry with the same key and body gets the first answer again.
type Keyed struct {
	Key   string `header:"Idempotency-Key" maxLength:"200" doc:"Makes a retry safe: same key and body, same answer"`
	Alias string `header:"X-Idempotency-Key" maxLength:"200" doc:"Another name of Idempotency-Key"`
}

func (k Keyed) idempotencyKey() (string, error) {
	if k.Key != "" && k.Alias != "" && k.Key != k.Alias {
		return "", recon.Invalid("IDEMPOTENCY_KEYS_DIFFER", "Idempotency-Key and X-Idempotency-Key differ: send one of them")
	}
	key := cmp.Or(k.Key, k.Alias)
	if !usableText(key) {
		return "", recon.Invalid("IDEMPOTENCY_KEY_INVALID", "an idempotency key is UTF-8 text")
	}
	return key, nil
}

type hasKey interface{ idempotencyKey() (string, error) }

// post is a POST: handler runs inside one transaction, which also stores the answer under the caller's key.
func post[I hasKey, T any](path string, role auth.Role, id, summary string, status int,
	handler func(*API, context.Context, *postgres.Tx, *I) (*reply[T], error),
) operation {
	return operation{
		method: http.MethodPost, path: path, role: role, id: id, summary: summary,
		register: func(a *API, h huma.API, op huma.Operation) {
			op.DefaultStatus = status
			huma.Register(h, op, func(ctx context.Context, in *I) (*reply[T], error) {
				out, err := once(ctx, a, in, status, handler)
				return out, a.refused(ctx, err)
			})
		},
	}
}

// once runs handler, or replays the answer that the same key and body got before.
func once[I hasKey, T any](ctx context.Context, a *API, in *I, status int,
	handler func(*API, context.Context, *postgres.Tx, *I) (*reply[T], error),
) (*reply[T], error) {
	key, err := (*in).idempotencyKey()
	if err != nil {
		return nil, err
	}
	var out *reply[T]
	run := func(tx *postgres.Tx) (err error) {
		if out, err = handler(a, ctx, tx, in); err == nil {
			out.Status = status
		}
		return err
	}
	if key == "" {
		err = a.DB.Tx(ctx, run)
		return out, err
	}
	answer, err := a.DB.Idempotent(ctx, http.MethodPost+" "+requestOf(ctx).path, key, bodyHash(in),
		func(tx *postgres.Tx) (int, map[string]string, []byte, error) {
			if err := run(tx); err != nil {
				return 0, nil, nil, err
			}
			body, err := json.Marshal(out.Body)
			return status, map[string]string{"Location": out.Location, "ETag": out.ETag}, body, err
		})
	if err != nil || !answer.Replayed {
		return out, err
	}
	return replayed[T](answer)
}

func replayed[T any](answer postgres.Stored) (*reply[T], error) {
	out := &reply[T]{
		Status: answer.Status, Location: answer.Headers["Location"], ETag: answer.Headers["ETag"], Replayed: "true",
	}
	if err := json.Unmarshal(answer.Body, &out.Body); err != nil {
		return nil, fmt.Errorf("reading a stored answer: %w", err)
	}
	return out, nil
}

// bodyHash is over the body as it was understood, so that white space and the order of members make no difference.
func bodyHash(in any) []byte {
	if own, ok := in.(interface{ bodyHash() []byte }); ok {
		return own.bodyHash()
	}
	body := reflect.ValueOf(in).Elem().FieldByName("Body")
	if !body.IsValid() {
		sum := sha256.Sum256(nil)
		return sum[:]
	}
	text, err := json.Marshal(body.Interface())
	if err != nil {
		panic("a decoded body that cannot be written again: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// raw is an operation that reads or writes a stream. describe completes its OpenAPI.
func raw(route string, role auth.Role, id, summary string,
	serve func(*API, http.ResponseWriter, *http.Request) error, describe func(huma.API, *huma.Operation),
) operation {
	method, path, _ := strings.Cut(route, " ")
	return operation{method: method, path: path, role: role, id: id, summary: summary, serve: serve, describe: describe}
}

// bodyOf documents the body of an operation whose handler decodes it itself, as one of our own types.
func (o operation) bodyOf(sample any) operation {
	o.describe = func(h huma.API, op *huma.Operation) {
		schema := h.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(sample), true, "")
		op.RequestBody.Content["application/json"].Schema = schema
	}
	return o
}

// tags group operations by their noun, which is the last plain segment before the verb.
func (o operation) tag() string {
	tag := ""
	for segment := range strings.SplitSeq(strings.TrimPrefix(o.path, "/v1/"), "/") {
		if !strings.HasPrefix(segment, "{") && nouns[segment] {
			tag = segment
		}
	}
	return tag
}

// document is the operation as huma and OpenAPI know it.
func (o operation) document(a *API) huma.Operation {
	return huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Tags: []string{o.tag()},
		Middlewares:  huma.Middlewares{a.guard(o.role)},
		MaxBodyBytes: unlimitedBody, BodyReadTimeout: bodyReadTimeout,
		Security:   securityOf(o.role),
		Extensions: map[string]any{"x-roles": rolesFrom(o.role)},
	}
}

const (
	// unlimitedBody leaves the bound to guard, which asks for the limit in force.
	unlimitedBody = math.MaxInt64
	// bodyReadTimeout is for a JSON body, however slow the line.
	bodyReadTimeout = 30 * time.Second
)

// securityOf: what concerns the installation takes an API key too.
func securityOf(role auth.Role) []map[string][]string {
	if auth.OfTenant(role) {
		return []map[string][]string{{"bearer": {}}}
	}
	return []map[string][]string{{"bearer": {}}, {"apiKey": {}}}
}

// rolesFrom lists every role that may do what needs role.
func rolesFrom(role auth.Role) (roles []auth.Role) {
	for _, held := range []auth.Role{auth.RoleViewer, auth.RoleAnalyst, auth.RoleApprover, auth.RoleAdmin, auth.RolePlatformAdmin, auth.RoleTenantReader} {
		if auth.Allows([]auth.Role{held}, role) {
			roles = append(roles, held)
		}
	}
	return roles
}

// mount registers the operation on the mux and in the OpenAPI document.
func (o operation) mount(a *API, h huma.API, mux *routeMux) {
	op := o.document(a)
	if o.serve == nil {
		o.register(a, h, op)
		if o.describe != nil {
			o.describe(h, pathOperation(h, o))
		}
		return
	}
	op.Responses = map[string]*huma.Response{}
	h.OpenAPI().AddOperation(&op)
	o.describe(h, &op)
	mux.HandleFunc(o.method+" "+o.path, a.guardRaw(o.role, o.serve))
}

// pathOperation is the documented operation that huma made of o.
func pathOperation(h huma.API, o operation) *huma.Operation {
	item := h.OpenAPI().Paths[o.path]
	return map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
		http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}[o.method]
}

// refused is nil, or the problem that err becomes.
func (a *API) refused(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return problemOf(ctx, a.Log, err)
}

// Paged is what every list takes. It is exported, like the other structs that inputs embed, because huma reads
// embedded structs only then.
type Paged struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many items at most"`
	Cursor string `query:"cursor" maxLength:"500" doc:"nextCursor of the page before"`
}

func (p Paged) page() postgres.Page { return postgres.Page{Limit: p.Limit, After: p.Cursor} }

// list is a page of items and the cursor of the next, absent on the last.
type list[T any] struct {
	Body struct {
		Items      []T    `json:"items" nullable:"false"`
		NextCursor string `json:"nextCursor,omitempty"`
	}
}

func listOf[T any](items []T, next string) *list[T] {
	out := &list[T]{}
	out.Body.Items, out.Body.NextCursor = items, next
	if items == nil {
		out.Body.Items = []T{} // an empty list is [], never null
	}
	return out
}

// one is a single item with its version as entity tag.
type one[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// Matched is what a change takes where two people may edit.
type Matched struct {
	IfMatch string `header:"If-Match" doc:"ETag of the version that you read; another stored version answers 412"`
}

// none is an answer without a body.
type none struct{}

func errBadIfMatch() error {
	return recon.Invalid("IF_MATCH_UNREADABLE", `If-Match is an entity tag as an ETag header gave it: "3", say`)
}

// check turns what recon found wrong with a noun into one error.
func check(faults []recon.FieldError) error {
	if len(faults) == 0 {
		return nil
	}
	return recon.Unprocessable("VALIDATION_FAILED", "some values cannot be used", faults...)
}
