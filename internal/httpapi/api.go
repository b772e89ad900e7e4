// Package httpapi is the HTTP surface: every route on one page (routes.go), one file a noun, and around them the fixed
// order token, permission, tenant, handler. Handlers talk to the tenant's store through the door and to the services;
// they hold no state of their own.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"matcher/internal/auth"
	"matcher/internal/engine"
	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/tenancy"
)

// Limits bound one request.
type Limits struct {
	BodyBytes   int64         // of JSON
	ImportBytes int64         // of a file
	Request     time.Duration // of anything but uploads and streams
	Tenant      Rate          // of all requests of a tenant whose configuration names no other
	Subject     Rate          // of one caller
}

// Config is what the API needs. MetricsToken, Redis, Keys and Keeper are optional.
type Config struct {
	DB      *postgres.DB
	Imports *ingestion.Service
	Fetches *ingestion.Fetcher
	// FreeBytes is the room that is left where Imports spools files.
	FreeBytes func() (int64, error)

	Auth    auth.Authenticator
	Tenancy auth.Tenancy
	// Keys are an alternative to tokens for routes of the installation.
	Keys *auth.APIKeys
	// AdminKeys makes and revokes keys and revokes tokens, of which none lives longer than TokenLife.
	AdminKeys *adapters.AdminKeys
	TokenLife time.Duration
	// Keeper changes tenants; nil if an external tenant manager does.
	Keeper *tenancy.Service
	// Limits returns the current limits, which may change while the service runs.
	Limits func() Limits
	// Tenants has the rate of each tenant.
	Tenants ports.ConfigurationPort
	// Redis is where instances count requests together; without it each counts by itself.
	Redis redis.UniversalClient

	Settings       func() []Setting
	PutSetting     func(ctx context.Context, key string, change NewSetting) (Setting, error)
	SettingHistory func(ctx context.Context, key string, before, limit int) ([]adapters.SettingChange, error)

	Log      *slog.Logger
	Registry *prometheus.Registry
	// MetricsToken guards /metrics where it is set; without one there is no /metrics unless MetricsOpen.
	MetricsToken string
	MetricsOpen  bool
	// PublicDocs shows the API's document, its page and the version to callers without a token.
	PublicDocs bool
	// Build is what /version answers; its commit is named to callers with a token.
	Build engine.Build
	// ProbesOnly leaves out everything under /v1: a worker answers probes and nothing else.
	ProbesOnly bool
	// Ready reports whether the service can answer; an error makes /readyz 503, with the code of a recon.Error.
	Ready func(context.Context) error
}

// API serves HTTP.
type API struct {
	Config

	handler  http.Handler
	figures  *figures
	limiter  *limiter
	routes   []string
	changes  map[string]changeable // by operation
	document []byte                // openapi.json
	page     docsPage
	uploads  *shares // under way
	spooled  *shares // bytes of them on the disk
	replays  *shares // under way
	lanes    lanes
	draining chan struct{} // closed when the server stops: streams end themselves
	drain    sync.Once
}

// New builds the API with its routes and its OpenAPI document.
func New(cfg Config) (*API, error) {
	a := &API{
		Config: cfg, figures: newFigures(cfg.Registry), page: newDocsPage(),
		uploads: newShares("uploads", maxUploads, retryUpload), spooled: newShares("files on the disk", 0, retryUpload),
		replays:  newShares("replays", maxReplays, retryReplay),
		lanes:    lanes{width: int64(lanesPerCore * runtime.GOMAXPROCS(0)), of: map[string]*lane{}},
		draining: make(chan struct{}), changes: map[string]changeable{},
	}
	a.spooled.free = cfg.FreeBytes
	mux, doc := http.NewServeMux(), newDocument(publicBuild(cfg.Build).Version)
	if !cfg.ProbesOnly {
		a.limiter = newLimiter(cfg.Redis, cfg.Log, newLimitFigures(cfg.Registry))
		for _, op := range operations {
			serve := entered(op.stream)
			if in := doc.add(&op); in != nil {
				serve = op.serve(in)
				if op.twoPeople {
					a.changes[op.id] = changeable{&op, in}
				}
			}
			mux.Handle(op.route, a.admit(&op, a.handle(serve)))
			a.routes = append(a.routes, op.route)
		}
	}
	doc.typeSummary()
	for _, p := range public {
		doc.addPublic(p.path, p.id, p.summary)
		mux.HandleFunc("GET "+p.path, func(w http.ResponseWriter, r *http.Request) { p.serve(a, w, r) })
		a.routes = append(a.routes, "GET "+p.path)
	}
	var err error
	a.document, err = doc.api.MarshalJSON()
	a.handler = a.wrap(a.router(mux))
	return a, err
}

// Document returns the OpenAPI document of a build, as JSON.
func Document(build engine.Build) ([]byte, error) {
	a, err := New(Config{Build: build, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return a.document, nil
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Routes are the patterns that are served, "GET /v1/me" for example.
func (a *API) Routes() []string { return a.routes }

// Drain makes /readyz answer 503 and ends streams, so that the server can stop.
func (a *API) Drain() { a.drain.Do(func() { close(a.draining) }) }
