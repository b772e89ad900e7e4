package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/felixge/httpsnoop"
	"github.com/google/uuid"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// request is what the log and errors name of a request. Handlers further in fill it; it belongs to one goroutine.
type request struct {
	id      string
	route   string // the pattern that matched, "" when none did
	tenant  string
	subject string
	path    string
	list    string // path and filters, which a cursor belongs to
	op      *operation
	thing   string // the first id in the path
}

type requestKey struct{}

// requestOf is never nil: outside of a request it is an empty one.
func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// wrap puts around the router, from the inside out: bounds, access log and figures, trace, headers, request id.
// Recovery is inside the log, so that a panic is logged as the 500 that it became.
func (a *API) wrap(next http.Handler) http.Handler {
	next = a.recovered(next)
	next = a.observed(next)
	next = otelhttp.NewHandler(next, "http", otelhttp.WithFilter(worthTracing),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method }))
	next = secured(next)
	return identified(next)
}

// identified gives each request an id: the caller's, where it is a plain token, so that it finds its own in our log.
func identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !plainToken(id) {
			id = uuid.Must(uuid.NewV7()).String()
		}
		w.Header().Set("X-Request-Id", id)
		ctx := auth.WithRequestID(r.Context(), id)
		ctx = context.WithValue(ctx, requestKey{}, &request{id: id, path: r.URL.Path})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

const maxRequestIDBytes = 64

func plainToken(s string) bool {
	if s == "" || len(s) > maxRequestIDBytes {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// secured sets what browsers should know. There is no CORS: a page of another origin has no business here.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// worthTracing leaves probes out.
func worthTracing(r *http.Request) bool { return !isProbe(r.URL.Path) }

func isProbe(path string) bool {
	return path == "/health" || path == "/readyz" || path == "/metrics"
}

// observed writes the access log and the figures. A refusal for want of rights is a warning: it may be an attack.
func (a *API) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := httpsnoop.CaptureMetrics(next, w, r)
		info := requestOf(r.Context())
		a.figures.observe(r.Method, info.route, m)
		level := slog.LevelInfo
		switch {
		case isProbe(r.URL.Path):
			level = slog.LevelDebug
		case m.Code == http.StatusUnauthorized || m.Code == http.StatusForbidden:
			level = slog.LevelWarn
		}
		a.Log.LogAttrs(r.Context(), level, "request",
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.String("route", info.route),
			slog.Int("status", m.Code), slog.Duration("took", m.Duration), slog.Int64("bytes", m.Written),
			slog.String("tenantId", info.tenant), slog.String("subject", info.subject))
	})
}

// recovered turns a panic into a 500 and a stack in the log. A handler that aborts on purpose may go on doing so.
func (a *API) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if fault == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(fault)
			}
			a.Log.ErrorContext(r.Context(), "recovered from a panic", "panic", fault, "stack", string(debug.Stack()))
			writeProblem(w, internalError(r.Context()))
		}()
		next.ServeHTTP(w, r)
	})
}

// router answers as a problem where the mux would answer in plain text: no such path, no such method.
func (a *API) router(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !usableText(r.URL.Path) || !usableQuery(r.URL.RawQuery) {
			writeProblem(w, newProblem(r.Context(), http.StatusBadRequest, recon.CodeRequestUnreadable,
				"the path or the query is not UTF-8 without NUL"))
			return
		}
		if path.Clean(r.URL.Path) != r.URL.Path { // the mux would redirect to another path, as HTML
			writeProblem(w, newProblem(r.Context(), http.StatusNotFound, recon.CodeNotFound, "no such path"))
			return
		}
		if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
			writeProblem(w, newProblem(r.Context(), http.StatusBadRequest, recon.CodeContentEncodingUnknown,
				"send the body as it is, without Content-Encoding"))
			return
		}
		handler, pattern := mux.Handler(r)
		requestOf(r.Context()).route = pattern
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		plain := refusal{header: http.Header{}}
		handler.ServeHTTP(&plain, r)
		if allow := plain.header.Get("Allow"); plain.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", allow)
			writeProblem(w, newProblem(r.Context(), plain.status, recon.CodeMethodNotAllowed, "this path takes "+allow))
			return
		}
		writeProblem(w, newProblem(r.Context(), http.StatusNotFound, recon.CodeNotFound, "no such path"))
	})
}

// usableText is what PostgreSQL can store as text.
func usableText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func usableQuery(raw string) bool {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return false
	}
	for name, list := range values {
		if !usableText(name) || !usableText(strings.Join(list, "")) {
			return false
		}
	}
	return true
}

// refusal keeps what the mux would have answered.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header            { return r.header }
func (r *refusal) WriteHeader(status int)         { r.status = status }
func (r *refusal) Write(body []byte) (int, error) { return len(body), nil }

// admit puts the fixed steps in front of a route's handler: token, permission, tenant, rate. What concerns the
// installation has no tenant and no rate: its few callers hold the highest role there is.
func (a *API) admit(op *operation, handler http.Handler) http.Handler {
	handler = op.named(handler)
	if auth.OfTenant(op.role) {
		handler = auth.TenantExtractor(a.Tenancy, a.refuse)(a.limited(handler))
		return auth.Authenticate(a.Auth, a.refuse)(noted(auth.Require(op.role, a.refuse)(handler)))
	}
	handler = auth.RequireScopeOf(op.scope(), a.refuse)(handler)
	return auth.AuthenticateWithKeys(a.Auth, a.Keys, a.refuse)(noted(auth.Require(op.role, a.refuse)(handler)))
}

func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	writeProblem(w, problemOf(r.Context(), a.Log, err))
}

// noted keeps the caller for the access log, even if the request is refused later.
func noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		principal, _ := auth.PrincipalFrom(r.Context())
		requestOf(r.Context()).subject = principal.Subject
		next.ServeHTTP(w, r)
	})
}

// handle runs a handler and writes the problem that it returns.
func (a *API) handle(handler streamer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handler(a, w, r); err != nil {
			a.refuse(w, r, err)
		}
	})
}
