// Package httpapi is the HTTP surface: every route on one page (routes.go), one file a noun, and around them the fixed
// order token, permission, tenant, handler. Handlers talk to the tenant's store through the door and to the services;
// they hold no state of their own.
package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"matcher/internal/auth"
	"matcher/internal/ingestion"
	"matcher/internal/lifecycle"
	"matcher/internal/postgres"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/systemplane"
)

// Limits bound one request.
type Limits struct {
	BodyBytes   int64         // of JSON
	ImportBytes int64         // of a file
	Request     time.Duration // of anything but uploads and streams
	Tenant      Rate          // of all requests of a tenant whose configuration names no other
	Subject     Rate          // of one caller
}

// Config is what the API stands on; all of it is required but MetricsToken, Redis, Keys and Keeper.
type Config struct {
	DB      *postgres.DB
	Imports *ingestion.Service

	Auth    auth.Authenticator
	Tenancy auth.Tenancy
	// Keys open what concerns the installation, beside tokens.
	Keys auth.APIKeys
	// Keeper changes tenants; nil where a tenant manager elsewhere does.
	Keeper *lifecycle.Keeper
	// Limits are those in force at the moment: they may change while the service runs.
	Limits func() Limits
	// Tenants say what rate a tenant may have.
	Tenants ports.ConfigurationPort
	// Redis is where instances count requests together; without it each counts by itself.
	Redis redis.UniversalClient

	Settings       *systemplane.Plane
	SettingHistory func(ctx context.Context, key string, before, limit int) ([]tenancy.SettingChange, error)

	Log      *slog.Logger
	Registry *prometheus.Registry
	// MetricsToken guards /metrics where it is set.
	MetricsToken string
	Version      Version
	// ProbesOnly leaves out everything under /v1: a worker answers probes and nothing else.
	ProbesOnly bool
	// Ready says whether the service can answer; an error makes /readyz 503.
	Ready func(context.Context) error
}

// Version is what /version tells.
type Version struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	Engine  string `json:"engine"`
}

// API serves HTTP.
type API struct {
	Config

	handler   http.Handler
	figures   *figures
	limiter   *limiter
	routes    []string
	document  []byte // openapi.json
	page      docsPage
	uploads   chan struct{} // one token an upload under way
	draining  chan struct{} // closed when the server stops: streams end themselves
	replaying sync.Mutex    // one run at a time
	drain     sync.Once
}

// New builds the API with its routes and its OpenAPI document.
func New(cfg Config) (*API, error) {
	useProblems()
	a := &API{
		Config: cfg, figures: newFigures(cfg.Registry), page: newDocsPage(),
		uploads: make(chan struct{}, maxUploads), draining: make(chan struct{}),
	}
	if !cfg.ProbesOnly {
		a.limiter = newLimiter(cfg.Redis, cfg.Log, newLimitFigures(cfg.Registry))
		watchSettings(cfg.Registry, cfg.Settings)
	}
	mux := &routeMux{ServeMux: http.NewServeMux()}
	h := humago.New(mux, a.humaConfig())
	for _, op := range operations {
		if !cfg.ProbesOnly {
			op.mount(a, h, mux)
		}
	}
	for _, p := range public {
		describePublic(h, p.path, p.id, p.summary)
		mux.HandleFunc("GET "+p.path, func(w http.ResponseWriter, r *http.Request) { p.serve(a, w, r) })
	}
	document, err := h.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, err
	}
	a.document, a.routes = document, mux.patterns
	a.handler = a.wrap(a.router(mux.ServeMux))
	return a, nil
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Routes are the patterns that are served, "GET /v1/me" say.
func (a *API) Routes() []string { return a.routes }

// Drain makes /readyz answer 503 and ends streams, so that the server can stop.
func (a *API) Drain() { a.drain.Do(func() { close(a.draining) }) }

// routeMux remembers what was registered on it.
type routeMux struct {
	*http.ServeMux
	patterns []string
}

func (m *routeMux) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.HandleFunc(pattern, handler)
}

// humaConfig has huma's own documents off: its viewer loads from elsewhere, and its links name schemas to no use.
func (a *API) humaConfig() huma.Config {
	cfg := huma.DefaultConfig("Matcher", a.Version.Version)
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath, cfg.CreateHooks = "", "", "", nil
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshalStorable}
	cfg.Formats = map[string]huma.Format{"application/json": format, "json": format}
	cfg.RejectUnknownQueryParameters = true
	cfg.Info.Description = apiDescription
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
		"apiKey": {Type: "apiKey", In: "header", Name: "X-API-Key"},
	}
	registerAliases(cfg.Components.Schemas)
	return cfg
}

// unmarshalStorable reads JSON whose texts PostgreSQL can store: UTF-8 without NUL. (An escaped backslash before u0000
// is refused too; nobody has named an account like that.)
func unmarshalStorable(data []byte, to any) error {
	if !utf8.Valid(data) || bytes.Contains(data, []byte(`\u0000`)) {
		return errors.New("the body is not UTF-8 without NUL")
	}
	return json.Unmarshal(data, to)
}

const apiDescription = `Reconciliation of two sides of the same money, for many tenants that share one installation.

The tenant is a claim of the token and of nothing else; another tenant's id is a 404 like one that does not exist.
Amounts are decimal strings, days YYYY-MM-DD, times RFC 3339 in UTC. Errors are application/problem+json: act on the
code, read the detail, follow the pointers. Lists take limit and cursor. A POST with an Idempotency-Key can be repeated
safely. Where two people may edit, send the ETag that you read as If-Match. x-roles lists who may call an operation.`
