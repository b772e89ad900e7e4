//go:build unit || !integration

package auth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// chain is a route as httpapi builds it. The handler answers with the tenant it would work for.
func chain(t testing.TB, tenancy Tenancy, role Role) (http.Handler, *int) {
	t.Helper()
	handled := 0
	onError := func(w http.ResponseWriter, _ *http.Request, err error) {
		status := map[recon.Kind]int{recon.KindUnauthorized: http.StatusUnauthorized, recon.KindForbidden: http.StatusForbidden}[recon.KindOf(err)]
		http.Error(w, recon.CodeOf(err), status)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handled++
		tenantID, err := TenantID(r.Context())
		require.NoError(t, err)
		principal, ok := PrincipalFrom(r.Context())
		require.True(t, ok)
		require.Equal(t, tenantID, principal.TenantID)
		_, _ = w.Write([]byte(tenantID))
	})
	v := newTestVerifier(t, testConfig(newClock()))
	return Authenticate(v, onError)(Require(role, onError)(TenantExtractor(tenancy, onError)(handler))), &handled
}

func TestTenantExtractor_TokenThenPermissionThenTenant(t *testing.T) {
	t.Parallel()
	oneTenant := Tenancy{DefaultTenantID: defaultTenant}
	for _, tc := range []struct {
		why     string
		tenancy Tenancy
		change  map[string]any
		status  int
		body    string
	}{
		{"several tenants, a claim", severalTenants, nil, 200, tenantA},
		{"several tenants, no claim", severalTenants, map[string]any{"tenantId": nil}, 401, "TENANT_CLAIM_MISSING"},
		{"several tenants, the default tenant is one of them", severalTenants, map[string]any{"tenantId": defaultTenant}, 200, defaultTenant},
		{"one tenant, no claim", oneTenant, map[string]any{"tenantId": nil}, 200, defaultTenant},
		{"one tenant, its claim", oneTenant, map[string]any{"tenantId": defaultTenant}, 200, defaultTenant},
		{"one tenant, another's claim", oneTenant, nil, 403, "TENANT_MISMATCH"},
		{"permission is asked before the tenant", severalTenants, map[string]any{"tenantId": nil, "roles": "viewer"}, 403, "ROLE_REQUIRED"},
		{"the token is asked before the permission", severalTenants, map[string]any{"iss": "x", "roles": "viewer"}, 401, "TOKEN_INVALID"},
		{"the platform's administrator is nobody inside a tenant", severalTenants, map[string]any{"roles": "platform-admin"}, 403, "ROLE_REQUIRED"},
	} {
		t.Run(tc.why, func(t *testing.T) {
			t.Parallel()
			route, handled := chain(t, tc.tenancy, RolePreparer)
			r := httptest.NewRequest(http.MethodGet, "/v1/contexts", http.NoBody)
			r.Header.Set("Authorization", "Bearer "+signHS256(t, tc.change))
			w := httptest.NewRecorder()
			route.ServeHTTP(w, r)
			require.Equal(t, tc.status, w.Code)
			require.Equal(t, tc.body, strings.TrimSpace(w.Body.String()))
			require.Equal(t, tc.status == 200, *handled == 1, "a refused request never reaches its handler")
		})
	}
}

func TestTenantExtractor_ReadsNothingButTheToken(t *testing.T) {
	t.Parallel()
	route, _ := chain(t, severalTenants, RoleViewer)
	r := httptest.NewRequest(http.MethodPost, "/v1/tenants/"+tenantB+"?tenantId="+tenantB+"&tenant_id="+tenantB, strings.NewReader(url.Values{"tenantId": {tenantB}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, name := range []string{"X-Tenant-ID", "X-Tenant-Id", "Tenant", "tenantId", "tenant_id", "X-Org-Id"} {
		r.Header.Set(name, tenantB)
	}
	r.Header.Set("Baggage", "tenantId="+tenantB)
	r.AddCookie(&http.Cookie{Name: "tenantId", Value: tenantB})
	r.Header.Set("Authorization", "Bearer "+signHS256(t, nil))
	w := httptest.NewRecorder()
	route.ServeHTTP(w, r)
	require.Equal(t, tenantA, w.Body.String())

	r.Header.Set("Authorization", "Bearer "+signHS256(t, map[string]any{"tenantId": nil}))
	w = httptest.NewRecorder()
	route.ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

// extract runs step three alone on a context, as a route that forgot the steps before it would.
func extract(ctx context.Context, tenancy Tenancy) (err error) {
	onError := func(_ http.ResponseWriter, _ *http.Request, refused error) { err = refused }
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody).WithContext(ctx)
	TenantExtractor(tenancy, onError)(handler).ServeHTTP(httptest.NewRecorder(), r)
	return err
}

func TestTenantExtractor_ForgottenStepsFailClosed(t *testing.T) {
	t.Parallel()
	requireUnauthorized(t, extract(context.Background(), Tenancy{DefaultTenantID: defaultTenant}))
	requireUnauthorized(t, extract(WithTenant(context.Background(), tenantA), Tenancy{DefaultTenantID: defaultTenant}))
	for _, bad := range []string{"", "default", strings.ToUpper(tenantA)} {
		ctx := WithPrincipal(context.Background(), Principal{Subject: "user-1"})
		requireUnauthorized(t, extract(ctx, Tenancy{DefaultTenantID: bad}))
	}
	mangled := WithPrincipal(context.Background(), Principal{Subject: "user-1", TenantID: "a:b"})
	requireUnauthorized(t, extract(mangled, severalTenants))
}

func TestAuthenticateWithKeys_AKeyThatIsSentDecides(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	keys := &APIKeys{Known: []APIKey{{Key: "k", Subject: "machine", Roles: []Role{RolePlatformAdmin}}}}
	for _, tc := range []struct {
		keys    []string
		subject string
	}{{nil, "user-1"}, {[]string{"k"}, "machine"}, {[]string{"x"}, ""}, {[]string{""}, ""}, {[]string{"k", "k"}, ""}} {
		subject := ""
		handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			principal, _ := PrincipalFrom(r.Context())
			subject = principal.Subject
		})
		r := httptest.NewRequest(http.MethodGet, "/admin/tenants", http.NoBody)
		r.Header["X-Api-Key"] = tc.keys
		r.Header.Set("Authorization", "Bearer "+signHS256(t, nil))
		refuse := func(http.ResponseWriter, *http.Request, error) {}
		AuthenticateWithKeys(v, keys, refuse)(handler).ServeHTTP(httptest.NewRecorder(), r)
		require.Equal(t, tc.subject, subject, "%q", tc.keys)
	}
}

func TestAuthenticate_AuthorizationHeader(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	token := signHS256(t, nil)
	for _, values := range [][]string{
		nil,
		{""},
		{token},
		{"Bearer"},
		{"Bearer "},
		{"Basic " + token},
		{"Bearer  " + token},
		{" Bearer " + token},
		{"Bearer " + token, "Bearer " + token},
		{"Bearer " + token + ", Bearer " + token},
		{"Bearer " + token + " x"},
	} {
		_, err := v.Authenticate(context.Background(), values)
		require.Error(t, err, "%q", values)
		requireUnauthorized(t, err)
	}
	for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
		principal, err := v.Authenticate(context.Background(), []string{scheme + " " + token})
		require.NoError(t, err)
		require.Equal(t, "user-1", principal.Subject)
	}
}
