package testkit

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

// APIServer is a whole service on a database of the test's own: API, workers, registry.
type APIServer struct {
	URL      string
	App      *bootstrap.App
	Config   bootstrap.Config
	OwnerDSN string

	t testing.TB
}

// ServerOption edits the settings before the service opens.
type ServerOption func(*bootstrap.Config)

// SingleTenant is the default of an installation: everything is the default tenant's.
func SingleTenant(cfg *bootstrap.Config) { cfg.Tenancy.MultiTenantEnabled = false }

// ImportBytes bounds uploads.
func ImportBytes(most int64) ServerOption {
	return func(cfg *bootstrap.Config) { cfg.Limits.ImportBytes = most }
}

// MetricsToken guards /metrics.
func MetricsToken(token string) ServerOption {
	return func(cfg *bootstrap.Config) { cfg.MetricsToken = token }
}

// OnRedis names the Redis that the service shares with other instances.
func OnRedis(url string) ServerOption {
	return func(cfg *bootstrap.Config) { cfg.Redis.URL = url }
}

// Server starts a service with several tenants; options change it. It stops with the test.
func Server(t testing.TB, options ...ServerOption) *APIServer {
	t.Helper()
	return ServerOn(t, Database(t), options...)
}

// ServerOn starts a service on a database that the test has.
func ServerOn(t testing.TB, ownerDSN string, options ...ServerOption) *APIServer {
	t.Helper()
	return ServerAs(t, bootstrap.RoleAll, ownerDSN, options...)
}

// secretsKey seals credentials of tests.
const secretsKey = "a2V5IG9mIHRlc3RzOiBub3RoaW5nIHNlY3JldCBpbiA="

// ServerAs starts a part of the service.
func ServerAs(t testing.TB, role bootstrap.Role, ownerDSN string, options ...ServerOption) *APIServer {
	t.Helper()
	cfg, err := bootstrap.LoadConfig([]string{
		"MATCHER_ENV=development", "MULTI_TENANT_ENABLED=true", "MATCHER_LOG_LEVEL=error", "POSTGRES_OWNER_DSN=" + ownerDSN,
		"POSTGRES_DSN=" + withUser(t, ownerDSN, tenancy.RoleApp), "MATCHER_SHUTDOWN_TIMEOUT_SEC=5",
		"MATCHER_OBJECTS=" + t.TempDir(), "MATCHER_WATCH_ROOT=" + t.TempDir(), "MATCHER_SECRETS_KEY=" + secretsKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range options {
		edit(&cfg)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	app, err := bootstrap.Open(context.Background(), cfg, role, log)
	if err != nil {
		t.Fatalf("opening the service: %v", err)
	}
	server := httptest.NewServer(keepsContract(t, app.Handler()))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		_ = app.Close(context.Background())
	})
	return &APIServer{URL: server.URL, App: app, Config: cfg, OwnerDSN: ownerDSN, t: t}
}

// NewTenant creates a tenant and returns its id.
func (s *APIServer) NewTenant(slug string) string {
	s.t.Helper()
	tenant, err := s.App.CreateTenant(s.t.Context(), tenancy.NewTenant{Slug: slug, Name: slug})
	if err != nil {
		s.t.Fatalf("creating tenant %s: %v", slug, err)
	}
	return tenant.TenantID
}

// As is a client with a token of the tenant ("" for none) and the roles.
func (s *APIServer) As(tenantID string, roles ...auth.Role) *Client {
	s.t.Helper()
	return s.AsSubject(Subject, tenantID, roles...)
}

// AsSubject is As for another subject of the tenant.
func (s *APIServer) AsSubject(subject, tenantID string, roles ...auth.Role) *Client {
	s.t.Helper()
	token, err := s.App.Token(auth.MintOptions{Subject: subject, TenantID: tenantID, Roles: roles, Now: time.Now()})
	if err != nil {
		s.t.Fatal(err)
	}
	return &Client{URL: s.URL, Token: token, t: s.t}
}

// JTI is the id of a token.
func JTI(t testing.TB, token string) string {
	t.Helper()
	var claims struct{ JTI string }
	part := strings.Split(token, ".")
	body, err := base64.RawURLEncoding.DecodeString(part[1])
	if err == nil {
		err = json.Unmarshal(body, &claims)
	}
	if err != nil || claims.JTI == "" {
		t.Fatalf("the token has no jti: %v", err)
	}
	return claims.JTI
}

// Anonymous is a client without a token.
func (s *APIServer) Anonymous() *Client { return &Client{URL: s.URL, t: s.t} }

// Client calls the API; each method fails the test when the transport does.
type Client struct {
	URL, Token string

	t testing.TB
}

// NewClient returns a caller of a service that the test started by other means.
func NewClient(t testing.TB, url, token string) *Client { return &Client{URL: url, Token: token, t: t} }

// Answer is a response, read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Problem is the body of an error.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Pointer   string `json:"pointer"`
		Parameter string `json:"parameter"`
		Code      string `json:"code"`
		Message   string `json:"message"`
	} `json:"errors"`
	RequestID string `json:"requestId"`
}

// Problem reads the body as one.
func (a Answer) Problem() (p Problem) {
	_ = json.Unmarshal(a.Body, &p) // no problem has no code, which the caller sees
	return p
}

// Call sends a request; headers come as name, value pairs. A string or []byte body is sent as it is, others as JSON.
func (c *Client) Call(method, path string, body any, headers ...string) Answer {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.URL+path, bodyOf(c.t, body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: text}
}

func bodyOf(t testing.TB, body any) io.Reader {
	t.Helper()
	switch body := body.(type) {
	case nil:
		return http.NoBody
	case string:
		return strings.NewReader(body)
	case []byte:
		return bytes.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.NewReader(text)
	}
}

// Must is Call for what has to succeed; the body is read into to unless that is nil.
func (c *Client) Must(method, path string, body, to any, headers ...string) Answer {
	c.t.Helper()
	answer := c.Call(method, path, body, headers...)
	if answer.Status >= http.StatusBadRequest {
		c.t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	if to != nil {
		if err := json.Unmarshal(answer.Body, to); err != nil {
			c.t.Fatalf("%s %s: %v in %s", method, path, err, answer.Body)
		}
	}
	return answer
}

// NewContext creates a context and returns its id.
func (c *Client) NewContext(name string) string {
	c.t.Helper()
	var made recon.Context
	c.Must(http.MethodPost, "/v1/contexts", map[string]string{"name": name}, &made)
	return made.ID
}

// NewSource creates a source and returns its id.
func (c *Client) NewSource(contextID, name string, side recon.Side) string {
	c.t.Helper()
	var made recon.Source
	c.Must(http.MethodPost, "/v1/contexts/"+contextID+"/sources", map[string]any{"name": name, "side": side, "currency": "EUR"}, &made)
	return made.ID
}

// Upload loads a file into a source.
func (c *Client) Upload(sourceID, name, content string) (imported recon.Import) {
	c.t.Helper()
	c.Must(http.MethodPost, "/v1/sources/"+sourceID+"/imports?name="+url.QueryEscape(name), content, &imported,
		"Content-Type", "text/csv")
	return imported
}

// Run starts a run and waits for its end.
func (c *Client) Run(contextID string) (run recon.Run) {
	c.t.Helper()
	c.Must(http.MethodPost, "/v1/contexts/"+contextID+"/runs", map[string]any{}, &run)
	// The stream ends with the run, so it is the signal to wait for.
	c.Must(http.MethodGet, "/v1/runs/"+run.ID+"/progress", nil, nil)
	c.Must(http.MethodGet, "/v1/runs/"+run.ID, nil, &run)
	return run
}

// BackTest starts a back-test of a context and waits for its end.
func (c *Client) BackTest(contextID, body string) (b recon.BackTest) {
	c.t.Helper()
	c.Must(http.MethodPost, "/v1/contexts/"+contextID+"/back-tests", body, &b)
	c.Must(http.MethodGet, "/v1/runs/"+b.ID+"/progress", nil, nil)
	c.Must(http.MethodGet, "/v1/back-tests/"+b.ID, nil, &b)
	return b
}
