//go:build unit || !integration

package httpapi

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/shared/ports"
)

func bare(t *testing.T, log *bytes.Buffer, handler http.HandlerFunc) http.Handler {
	t.Helper()
	a := &API{Config: Config{Log: slog.New(slog.NewTextHandler(log, nil))}, figures: newFigures(prometheus.NewRegistry())}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /thing", handler)
	return a.wrap(a.router(mux))
}

func TestWrap_APanicIsA500WithItsStackInTheLog(t *testing.T) {
	var log bytes.Buffer
	w := httptest.NewRecorder()
	bare(t, &log, func(http.ResponseWriter, *http.Request) { panic("hunter2") }).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/thing", http.NoBody))
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "hunter2")
	require.Contains(t, log.String(), "middleware_test.go")
	require.Contains(t, log.String(), "status=500")
}

func TestWrap_AbortingOnPurposeStays(t *testing.T) {
	handler := bare(t, &bytes.Buffer{}, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/thing", http.NoBody))
	})
}

func TestRouter_UnknownPathsAndVerbsAreProblems(t *testing.T) {
	handler := bare(t, &bytes.Buffer{}, func(http.ResponseWriter, *http.Request) {})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/thing", http.NoBody))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	require.Contains(t, w.Body.String(), "METHOD_NOT_ALLOWED")
}

func TestPlainToken(t *testing.T) {
	require.True(t, plainToken("abc-DEF_1.2"))
	for _, text := range []string{"", "a b", "a\nb", `a"b`, "é", strings.Repeat("a", maxRequestIDBytes+1)} {
		require.False(t, plainToken(text), "%q", text)
	}
}

// askedTenants is a configuration port that keeps whose rate was asked for: the first use of a request's tenant.
type askedTenants struct{ ids []string }

func (p *askedTenants) GetTenantConfig(_ context.Context, tenantID string) (*ports.TenantConfig, error) {
	p.ids = append(p.ids, tenantID)
	return &ports.TenantConfig{TenantID: tenantID, RequestsPerSecond: 1000}, nil
}

// Every route is called through the router that New builds. No subject may send anything, so no handler is reached.
func TestAdmit_TheTenantIsTheTokensOnEveryRoute(t *testing.T) {
	const ours, theirs = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
	tenancy := auth.Tenancy{MultiTenant: true, DefaultTenantID: "11111111-1111-4111-8111-111111111111"}
	verifier, err := auth.New(auth.Config{
		Secret: auth.DevelopmentSecret, Issuer: "matcher", Audience: "matcher", Tenancy: tenancy,
	})
	require.NoError(t, err)
	asked := &askedTenants{}
	a, err := New(Config{
		Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
		Auth: verifier, Tenancy: tenancy, Tenants: asked,
		Limits: func() Limits { return Limits{Subject: Rate{PerSecond: 1}} },
	})
	require.NoError(t, err)
	call := func(op operation, tenantID string) int {
		token, err := auth.Mint(auth.DevelopmentSecret, auth.MintOptions{
			Subject: "ann", TenantID: tenantID, Roles: []auth.Role{auth.RoleAdmin}, Issuer: "matcher", Audience: "matcher",
			Now: time.Now(),
		})
		require.NoError(t, err)
		path := strings.NewReplacer("{", "", "}", "").Replace(op.path())
		r := httptest.NewRequest(op.method(), path+"?tenantId="+theirs+"&tenant_id="+theirs, http.NoBody)
		for _, name := range []string{"X-Tenant-Id", "X-Tenant-ID", "Tenant", "tenantId", "tenant_id", "X-Org-Id"} {
			r.Header.Set(name, theirs)
		}
		r.Header.Set("Baggage", "tenantId="+theirs)
		r.AddCookie(&http.Cookie{Name: "tenantId", Value: theirs})
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w.Code
	}
	for _, op := range operations {
		asked.ids = nil
		if !auth.OfTenant(op.role) {
			require.Equal(t, http.StatusForbidden, call(op, ours), op.route)
			require.Empty(t, asked.ids, op.route)
			continue
		}
		require.Equal(t, http.StatusTooManyRequests, call(op, ours), op.route)
		require.Equal(t, http.StatusUnauthorized, call(op, ""), "%s: a token without a tenant", op.route)
		require.Equal(t, []string{ours}, asked.ids, op.route)
	}
}
