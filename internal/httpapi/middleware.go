package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/felixge/httpsnoop"
	"github.com/google/uuid"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"matcher/internal/auth"
)

// request is what the log and errors say of a request. Handlers further in fill it; it belongs to one goroutine.
type request struct {
	id      string
	route   string // the pattern that matched, "" when none did
	tenant  string
	subject string
	path    string
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
// Recovery stands inside the log, so that a panic is logged as the 500 that it became.
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
			writeProblem(w, newProblem(r.Context(), http.StatusInternalServerError, "INTERNAL",
				"this is a fault of ours; the request id finds it in the log"))
		}()
		next.ServeHTTP(w, r)
	})
}

// router answers as a problem where the mux would answer in plain text: no such path, no such method.
func (a *API) router(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !usableText(r.URL.Path) || !usableQuery(r.URL.RawQuery) {
			writeProblem(w, newProblem(r.Context(), http.StatusBadRequest, "TEXT_UNUSABLE",
				"the path or the query is not UTF-8 without NUL"))
			return
		}
		if path.Clean(r.URL.Path) != r.URL.Path { // the mux would redirect to another path, as HTML
			writeProblem(w, newProblem(r.Context(), http.StatusNotFound, "NOT_FOUND", "no such path"))
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
			writeProblem(w, newProblem(r.Context(), plain.status, codeOf[plain.status], "this path takes "+allow))
			return
		}
		writeProblem(w, newProblem(r.Context(), http.StatusNotFound, "NOT_FOUND", "no such path"))
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

// refusal keeps what the mux would have said.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header            { return r.header }
func (r *refusal) WriteHeader(status int)         { r.status = status }
func (r *refusal) Write(body []byte) (int, error) { return len(body), nil }

// admitted is the context behind the steps in their fixed order: token, permission, tenant, rate. What concerns the
// installation has no tenant and no rate: its few callers hold the highest role there is.
func (a *API) admitted(w http.ResponseWriter, r *http.Request, role auth.Role) (context.Context, error) {
	ctx, err := a.authenticated(r, role)
	if err != nil {
		return nil, err
	}
	info := requestOf(ctx)
	if principal, ok := auth.PrincipalFrom(ctx); ok {
		info.subject = principal.Subject
	}
	if err := auth.RequireRole(ctx, role); err != nil {
		return nil, err
	}
	if !auth.OfTenant(role) {
		return ctx, nil
	}
	ctx, err = auth.ExtractTenant(ctx, a.Tenancy)
	if err != nil {
		return nil, err
	}
	info.tenant = auth.LookupTenantID(ctx)
	return ctx, a.limited(ctx, w.Header())
}

// authenticated believes a token, and for what concerns the installation an API key instead. A key that is sent decides:
// a good token beside a bad key is refused.
func (a *API) authenticated(r *http.Request, role auth.Role) (context.Context, error) {
	keys := r.Header.Values("X-API-Key")
	if auth.OfTenant(role) || len(keys) == 0 {
		return auth.AuthenticateContext(r.Context(), a.Auth, r.Header.Values("Authorization"))
	}
	principal, err := a.Keys.Authenticate(keys)
	if err != nil {
		return nil, err
	}
	return auth.WithPrincipal(r.Context(), principal), nil
}

// guard is admitted for operations of huma, before anything of the request is parsed.
func (a *API) guard(role auth.Role) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(c)
		ctx, err := a.admitted(w, r, role)
		if err != nil {
			writeProblem(w, problemOf(r.Context(), a.Log, err))
			return
		}
		limits := a.Limits()
		r.Body = http.MaxBytesReader(w, r.Body, limits.BodyBytes)
		ctx, cancel := context.WithTimeout(ctx, limits.Request)
		defer cancel()
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limits.Request + writeGrace))
		next(huma.WithContext(c, ctx))
	}
}

// guardRaw is admitted for handlers that read or write streams and set their own pace.
func (a *API) guardRaw(role auth.Role, handler func(*API, http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, err := a.admitted(w, r, role)
		if err != nil {
			writeProblem(w, problemOf(r.Context(), a.Log, err))
			return
		}
		if err := handler(a, w, r.WithContext(ctx)); err != nil {
			writeProblem(w, problemOf(ctx, a.Log, err))
		}
	}
}

// writeGrace is what a slow reader has beyond the request's own time: 200 items of 2 KB need far less.
const writeGrace = 30 * time.Second

// versionOf reads If-Match: 0 when the caller sent none or "*", else the version of the entity tag.
func versionOf(ifMatch string) (int, error) {
	if ifMatch == "" || ifMatch == "*" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.Trim(ifMatch, `"`))
	if err != nil || n < 1 || ifMatch != entityTag(n) {
		return 0, errBadIfMatch()
	}
	return n, nil
}

// entityTag is the strong tag of a version.
func entityTag(version int) string { return `"` + strconv.Itoa(version) + `"` }
