package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"matcher/internal/auth"
	"matcher/internal/engine/solver"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// operation is one line of the table in routes.go: a route, the least role that may call it, its name and its handler.
type operation struct {
	route       string // method and path
	role        auth.Role
	id, summary string
	endpoint
}

func (op operation) method() string { method, _, _ := strings.Cut(op.route, " "); return method }
func (op operation) path() string   { _, path, _ := strings.Cut(op.route, " "); return path }

// scope is what a stored API key has to be for.
func (op operation) scope() string {
	for _, area := range []struct{ prefix, scope string }{
		{"/system/", "settings"}, {"/admin/keys", "keys"}, {"/admin/revoked-tokens", "keys"}, {"/admin/", "tenants"},
	} {
		if strings.HasPrefix(op.path(), area.prefix) {
			return area.scope
		}
	}
	return "managed"
}

// tag groups operations by their noun, which is the last plain segment before the verb.
func (op operation) tag() string {
	tag := ""
	for segment := range strings.SplitSeq(op.path(), "/") {
		if nouns[segment] != "" {
			tag = segment
		}
	}
	return tag
}

// param is the name of the first id in the path, "" without one.
func (op operation) param() string {
	_, after, _ := strings.Cut(op.route, "{")
	name, _, _ := strings.Cut(after, "}")
	return name
}

// handler is a function of a route without its types.
type handler func(*API, context.Context, *postgres.Tx, any) (any, error)

// endpoint is what serves a route. Generic code is compiled once per type that it is used with, so everything that is
// not one of the small closures below works on reflect.Type.
type endpoint struct {
	in, out reflect.Type // out is nil where the answer has no body
	opens   opening
	call    handler

	status    int           // of success
	location  string        // prefix of the Location of what was made
	bodyDoc   any           // documents Body where the handler decodes it itself
	most      time.Duration // that a request may take; 0: what the settings allow
	twoPeople bool          // byTwo
	unlisted  bool          // for callers that are not in the access list of the path's context too

	stream   streamer // instead of call
	describe describer
}

// opening is what a handler runs inside.
type opening int

const (
	nothing  opening = iota // the handler opens its own transactions, or needs none
	snapshot                // a read-only transaction
	replica                 // a read-only transaction, of a replica that may be a little behind
	commit                  // one transaction, which also stores the answer under the caller's idempotency key
)

// none is an answer without a body.
type none struct{}

// within is an endpoint whose handler runs in one transaction. I is a pointer to the input.
func within[I, O any](opens opening, handler func(context.Context, *postgres.Tx, I) (O, error)) endpoint {
	return newEndpoint(opens, reflect.TypeFor[I](), reflect.TypeFor[O](),
		func(_ *API, ctx context.Context, tx *postgres.Tx, in any) (any, error) {
			return handler(ctx, tx, in.(I)) //nolint:forcetypeassert // newEndpoint reads an I
		})
}

// listed is an endpoint that answers a page of items.
func listed[I, T any](opens opening, handler func(context.Context, *postgres.Tx, I) ([]T, string, error)) endpoint {
	return newEndpoint(opens, reflect.TypeFor[I](), reflect.TypeFor[list[T]](),
		func(_ *API, ctx context.Context, tx *postgres.Tx, in any) (any, error) {
			items, next, err := handler(ctx, tx, in.(I)) //nolint:forcetypeassert // newEndpoint reads an I
			return listOf(items, next), err
		})
}

// direct is an endpoint that opens no transaction for its handler.
func direct[I, O any](handler func(*API, context.Context, I) (O, error)) endpoint {
	return newEndpoint(nothing, reflect.TypeFor[I](), reflect.TypeFor[O](),
		func(a *API, ctx context.Context, _ *postgres.Tx, in any) (any, error) {
			return handler(a, ctx, in.(I)) //nolint:forcetypeassert // newEndpoint reads an I
		})
}

func newEndpoint(opens opening, in, out reflect.Type, call handler) endpoint {
	if out == reflect.TypeFor[none]() {
		return endpoint{in: in.Elem(), opens: opens, call: call, status: http.StatusNoContent}
	}
	return endpoint{in: in.Elem(), out: out, opens: opens, call: call, status: http.StatusOK}
}

// get reads the thing that the path names.
func get[T any](find func(*postgres.Tx, context.Context, string) (T, error)) endpoint {
	return within(snapshot, func(ctx context.Context, tx *postgres.Tx, in *pathID) (T, error) {
		return find(tx, ctx, in.ID)
	})
}

// listAll lists everything that belongs to the thing that the path names: a context has a few hundred rules at most.
func listAll[T any](find func(*postgres.Tx, context.Context, string) ([]T, error)) endpoint {
	return within(snapshot, func(ctx context.Context, tx *postgres.Tx, in *pathID) (list[T], error) {
		items, err := find(tx, ctx, in.ID)
		return listOf(items, ""), err
	})
}

// listPages lists, page by page, everything of one kind that the tenant has.
func listPages[T any](find func(*postgres.Tx, context.Context, postgres.Page) ([]T, string, error)) endpoint {
	return listed(snapshot, func(ctx context.Context, tx *postgres.Tx, in *paged) ([]T, string, error) {
		return find(tx, ctx, in.page())
	})
}

type pageOfID struct {
	pathID
	paged
}

// listIn lists, page by page, what belongs to the thing that the path names.
func listIn[T any](find func(*postgres.Tx, context.Context, string, postgres.Page) ([]T, string, error)) endpoint {
	return listed(snapshot, func(ctx context.Context, tx *postgres.Tx, in *pageOfID) ([]T, string, error) {
		return find(tx, ctx, in.ID, in.page())
	})
}

type keyedID struct {
	pathID
	keyed
}

// act does to the thing that the path names what needs no body.
func act[T any](do func(*postgres.Tx, context.Context, string) (T, error)) endpoint {
	return within(commit, func(ctx context.Context, tx *postgres.Tx, in *keyedID) (T, error) {
		return do(tx, ctx, in.ID)
	})
}

type matchedID struct {
	pathID
	matched
}

// remove deletes the thing that the path names.
func remove(do func(*postgres.Tx, context.Context, string, int) error) endpoint {
	return within(commit, func(ctx context.Context, tx *postgres.Tx, in *matchedID) (none, error) {
		return none{}, do(tx, ctx, in.ID, in.version)
	})
}

// checked is a noun that knows what is wrong with it.
type checked[B any] interface {
	*B
	Check() []recon.FieldError
}

type keyedBody[B any] struct {
	keyed
	Body B
}

// create makes a thing from its noun.
func create[B, T any, P checked[B]](do func(*postgres.Tx, context.Context, B) (T, error)) endpoint {
	return within(commit, func(ctx context.Context, tx *postgres.Tx, in *keyedBody[B]) (made T, err error) {
		if err := check(P(&in.Body).Check()); err != nil {
			return made, err
		}
		return do(tx, ctx, in.Body)
	})
}

type keyedBodyIn[B any] struct {
	pathID
	keyed
	Body B
}

// createIn makes a thing from its noun inside the thing that the path names.
func createIn[B, T any, P checked[B]](do func(*postgres.Tx, context.Context, string, B) (T, error)) endpoint {
	return within(commit, func(ctx context.Context, tx *postgres.Tx, in *keyedBodyIn[B]) (made T, err error) {
		if err := check(P(&in.Body).Check()); err != nil {
			return made, err
		}
		return do(tx, ctx, in.ID, in.Body)
	})
}

type matchedBody[B any] struct {
	pathID
	matched
	Body B
}

// replace stores the next version of the thing that the path names. A missing thing is a 404, whatever the body.
func replace[B, T, F any, P checked[B]](
	find func(*postgres.Tx, context.Context, string) (F, error),
	do func(*postgres.Tx, context.Context, string, int, B) (T, error),
) endpoint {
	return within(commit, func(ctx context.Context, tx *postgres.Tx, in *matchedBody[B]) (T, error) {
		_, err := find(tx, ctx, in.ID)
		if err == nil {
			err = check(P(&in.Body).Check())
		}
		if err != nil {
			return *new(T), err
		}
		return do(tx, ctx, in.ID, in.version, in.Body)
	})
}

type (
	streamer  func(*API, http.ResponseWriter, *http.Request) error
	describer func(*document, *huma.Operation)
)

// raw is an endpoint that reads or writes a stream at its own pace. describe completes its OpenAPI.
func raw(stream streamer, describe describer) endpoint {
	return endpoint{stream: stream, describe: describe}
}

// creates answers 201 and the Location of what was made: prefix and its id.
func (e endpoint) creates(prefix string) endpoint {
	e.status, e.location = http.StatusCreated, prefix
	return e
}

// queues answers 202 and where to watch the work.
func (e endpoint) queues(prefix string) endpoint {
	e.status, e.location = http.StatusAccepted, prefix
	return e
}

// answers sets the status of success.
func (e endpoint) answers(status int) endpoint {
	e.status = status
	return e
}

// toUnlisted answers callers that are not in the access list of the path's context too.
func (e endpoint) toUnlisted() endpoint {
	e.unlisted = true
	return e
}

// bodyOf documents the body of an endpoint whose handler decodes it itself, as one of our own types.
func (e endpoint) bodyOf(sample any) endpoint {
	e.bodyDoc = sample
	return e
}

const (
	// bodyReadTimeout is for a JSON body, however slow the line.
	bodyReadTimeout = 30 * time.Second
	// writeGrace is what a slow reader has beyond the request's own time: 200 items of 2 KB need far less.
	writeGrace = 30 * time.Second
)

// serve reads the input, runs the handler and writes its answer, within the limits of one request.
func (e *endpoint) serve(in *input) streamer {
	return func(a *API, w http.ResponseWriter, r *http.Request) error {
		solver.Waiting.Add(1)
		defer solver.Waiting.Add(-1)
		limits, conn := a.Limits(), http.NewResponseController(w)
		most := max(e.most, limits.Request)
		ctx, cancel := context.WithTimeout(r.Context(), most)
		defer cancel()
		_ = conn.SetWriteDeadline(time.Now().Add(most + writeGrace))
		_ = conn.SetReadDeadline(time.Now().Add(bodyReadTimeout))
		r.Body = http.MaxBytesReader(w, r.Body, limits.BodyBytes)
		value, err := in.read(r)
		if err != nil {
			return err
		}
		if err := takeCursor(r, value); err != nil {
			return err
		}
		answer, err := e.runInLane(ctx, a, value)
		if err == nil {
			send(w, answer)
		}
		return err
	}
}

// runInLane is run among the requests of its tenant. One that opens nothing itself may wait long, and has no lane.
func (e *endpoint) runInLane(ctx context.Context, a *API, in any) (answer postgres.Stored, err error) {
	if e.opens != nothing {
		leave, err := a.lanes.enter(ctx)
		if err != nil {
			return answer, err
		}
		defer leave()
	}
	return e.run(ctx, a, in)
}

// run is the handler's answer to in.
func (e *endpoint) run(ctx context.Context, a *API, in any) (answer postgres.Stored, err error) {
	work := func(tx *postgres.Tx) error {
		within, err := a.enter(ctx, tx)
		if err != nil {
			return err
		}
		if e.twoPeople {
			if change, waits, err := e.propose(within, a, tx, in); err != nil || waits {
				if err == nil {
					answer, err = waiting(change)
				}
				return err
			}
		}
		out, err := e.call(a, within, tx, in)
		if err == nil {
			answer, err = e.answer(ownCursor(ctx, out))
		}
		return err
	}
	switch e.opens {
	case nothing:
		return answer, work(nil)
	case snapshot:
		err = a.DB.Read(ctx, work)
	case replica:
		err = a.DB.ReadStale(ctx, work)
	case commit:
		key, isKeyed := in.(hasKey)
		if !isKeyed {
			return answer, a.DB.Tx(ctx, work)
		}
		return a.once(ctx, key, bodyHash(in), func(tx *postgres.Tx) (postgres.Stored, error) {
			err := work(tx)
			return answer, err
		})
	}
	return answer, err
}

// answer writes what a handler returned. A body that has a version gives the ETag, its id the Location.
func (e *endpoint) answer(out any) (postgres.Stored, error) {
	answer := postgres.Stored{Status: e.status, Headers: map[string]string{}}
	if e.out == nil {
		return answer, nil
	}
	body := reflect.ValueOf(out)
	if version := body.FieldByName("Version"); version.IsValid() {
		answer.Headers["ETag"] = entityTag(int(version.Int()))
	}
	if e.location != "" {
		id := body.FieldByName("ID")
		if !id.IsValid() {
			id = body.FieldByName("TenantID")
		}
		answer.Headers["Location"] = e.location + id.String()
	}
	var err error
	answer.Body, err = encode(out)
	return answer, err
}

// encode writes JSON for programs: <, > and & stay as they are.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return text.Bytes(), err
}

func send(w http.ResponseWriter, answer postgres.Stored) {
	for name, value := range answer.Headers {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	if answer.Replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	if answer.Body != nil {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body) // the caller may be gone
}

func sendJSON(w http.ResponseWriter, body any) error {
	text, err := encode(body)
	if err == nil {
		send(w, postgres.Stored{Status: http.StatusOK, Body: text})
	}
	return err
}

// pathID is the id in a path; the route names it.
type pathID struct {
	ID string `path:""`
}

// matched is what a change takes where two people may edit.
type matched struct {
	IfMatch string `header:"If-Match" doc:"ETag of the version that you read; another stored version answers 412"`
	version int    // 0: any
}

// readVersion takes the version out of If-Match.
func (m *matched) readVersion() error {
	if m.IfMatch == "" || m.IfMatch == "*" {
		return nil
	}
	n, err := strconv.Atoi(strings.Trim(m.IfMatch, `"`))
	if err != nil || n < 1 || m.IfMatch != entityTag(n) {
		return recon.Invalid(recon.CodeIfMatchUnreadable, `If-Match must be an ETag returned by this API, for example "3"`)
	}
	m.version = n
	return nil
}

// entityTag is the strong tag of a version.
func entityTag(version int) string { return `"` + strconv.Itoa(version) + `"` }

// check turns what recon found wrong with a noun into one error.
func check(faults []recon.FieldError) error {
	if len(faults) == 0 {
		return nil
	}
	return recon.Unprocessable(recon.CodeValidationFailed, "some values cannot be used", faults...)
}

// badValue is check of one wrong value, by the pointer to it.
func badValue(pointer, code, message string) error {
	return check([]recon.FieldError{{Pointer: pointer, Code: code, Message: message}})
}
