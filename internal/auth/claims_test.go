//go:build unit || !integration

package auth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// resolve is a token's way to a tenant: the chain that serves every route, without the permission.
func resolve(who Authenticator, tenancy Tenancy, token string) (tenantID string, err error) {
	ctx, err := enter(who, tenancy, token)
	if err != nil {
		return "", err
	}
	return TenantID(ctx)
}

// enter returns the context that a handler gets, or the refusal.
func enter(who Authenticator, tenancy Tenancy, token string) (ctx context.Context, err error) {
	refuse := func(_ http.ResponseWriter, _ *http.Request, refused error) { err = refused }
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { ctx = r.Context() }) //nolint:fatcontext // what the handler got
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	Authenticate(who, refuse)(TenantExtractor(tenancy, refuse)(handler)).ServeHTTP(httptest.NewRecorder(), r)
	return ctx, err
}

var severalTenants = Tenancy{MultiTenant: true, DefaultTenantID: defaultTenant}

func TestT22_NoUsableTenantClaimIs401AndNeverTheDefaultTenant(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	noClaim := map[string]any{"tenantId": nil}
	bodies := map[string]string{
		"no claim":                   rawBody(t, noClaim, ``),
		"other spelling":             rawBody(t, noClaim, `,"tenantID":"`+tenantA+`"`),
		"other case":                 rawBody(t, noClaim, `,"TENANTID":"`+tenantA+`"`),
		"nested":                     rawBody(t, noClaim, `,"ext":{"tenantId":"`+tenantA+`"}`),
		"differing alias":            rawBody(t, nil, `,"tenant_id":"`+tenantB+`"`),
		"null alias beside a good":   rawBody(t, nil, `,"tenant_id":null`),
		"empty alias beside a good":  rawBody(t, nil, `,"tenant_id":""`),
		"duplicate key, same value":  rawBody(t, nil, `,"tenantId":"`+tenantA+`"`),
		"duplicate key, other value": rawBody(t, nil, `,"tenantId":"`+tenantB+`"`),
		"duplicate key, escaped":     rawBody(t, nil, `,"tenant\u0049d":"`+tenantB+`"`),
		"duplicate exp":              rawBody(t, nil, `,"exp":4102444800`),
		"duplicate nested key":       rawBody(t, nil, `,"ext":{"a":1,"a":2}`),
		"duplicate key in a list":    rawBody(t, nil, `,"ext":[{"a":1,"a":2}]`),
		"deeply nested":              rawBody(t, nil, `,"ext":`+strings.Repeat("[", 50)+strings.Repeat("]", 50)),
		"not UTF-8":                  rawBody(t, nil, ",\"ext\":\"\xff\""),
		"body is null":               `null`,
		"body is a list":             `[]`,
		"body is a string":           `"` + tenantA + `"`,
		"body is empty":              ``,
		"two bodies":                 rawBody(t, nil, ``) + rawBody(t, nil, ``),
	}
	for _, name := range []string{"tenantId", "tenant_id"} {
		for _, value := range []string{`null`, `""`, `" "`, `0`, `1`, `11111111111111111111111111111111`, `true`, `[]`, `["` + tenantA + `"]`, `{}`, `{"id":"` + tenantA + `"}`} {
			bodies[name+" = "+value] = rawBody(t, noClaim, `,"`+name+`":`+value)
		}
	}
	for name, body := range bodies {
		tenantID, err := resolve(v, severalTenants, rawToken(plainHeader, body))
		require.Error(t, err, name)
		requireUnauthorized(t, err)
		require.Empty(t, tenantID, name)
	}
}

func TestT22_MangledClaimsAreRefusedWithOneTenantToo(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	for _, value := range []string{`null`, `""`, `0`, `[]`, `{}`} {
		_, err := resolve(v, Tenancy{DefaultTenantID: defaultTenant}, rawToken(plainHeader, rawBody(t, map[string]any{"tenantId": nil}, `,"tenantId":`+value)))
		requireUnauthorized(t, err)
	}
}

func TestT23_OnlyCanonicalTenantIds(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	for _, hostile := range hostileTenantIDs() {
		for _, tenancy := range []Tenancy{severalTenants, {DefaultTenantID: defaultTenant}} {
			tenantID, err := resolve(v, tenancy, signHS256(t, map[string]any{"tenantId": hostile}))
			require.Error(t, err, "%q", hostile)
			require.Contains(t, []recon.Kind{recon.KindUnauthorized, recon.KindForbidden}, recon.KindOf(err), "%q", hostile)
			require.Empty(t, tenantID)
			if hostile != "" {
				require.NotContains(t, err.Error(), hostile, "what was refused is not repeated")
			}
		}
	}
	for _, good := range []string{tenantA, tenantB, defaultTenant, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"} {
		tenantID, err := resolve(v, severalTenants, signHS256(t, map[string]any{"tenantId": good}))
		require.NoError(t, err)
		require.Equal(t, good, tenantID)
	}
}

func hostileTenantIDs() []string {
	return []string{
		"", "public", "pg_catalog", "information_schema", "default", `"`, `""`, `';`, `'; DROP SCHEMA public CASCADE; --`, `" , public`,
		"../", "../" + tenantA, "..", "/", `\`, "*", "%", "a:b", "\x00", tenantA + "\x00", tenantA[:35] + "\x00", "\n", tenantA + "\n", "\n" + tenantA, " " + tenantA, tenantA + " ",
		strings.ToUpper(tenantA), "A" + tenantB[1:], strings.Repeat("a", 64), tenantA + tenantA, tenantA + strings.Repeat("a", 28), "{" + tenantA + "}", "urn:uuid:" + tenantA,
		strings.ReplaceAll(tenantA, "-", ""), tenantA[:35], tenantA + "0",
		"0а6f9c1e-7b32-4d58-9e41-c2d5b8f7a310",      // Cyrillic а
		strings.Replace(tenantA, "-", "‐", 1),       // U+2010 hyphen
		"０a6f9c1e-7b32-4d58-9e41-c2d5b8f7a31",       // full-width zero
		"0a6f9c1e-7b32-4d58-9e41-c2d5b8f7a31\u200b", // zero-width space
		strings.Replace(tenantA, "-", "_", 1), tenantA[1:] + "g", "0a6f9c1e7-b32-4d58-9e41-c2d5b8f7a310",
	}
}

func TestClaims_TheAliasNamesTheSameTenant(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	for name, change := range map[string]map[string]any{
		"alias alone":      {"tenantId": nil, "tenant_id": tenantA},
		"both and equal":   {"tenant_id": tenantA},
		"the name of ours": {},
	} {
		tenantID, err := resolve(v, severalTenants, signHS256(t, change))
		require.NoError(t, err, name)
		require.Equal(t, tenantA, tenantID, name)
	}
}

func TestClaims_Roles(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	for _, tc := range []struct {
		claim any
		want  []Role
	}{
		{nil, []Role{}},
		{"", []Role{}},
		{"admin", []Role{RoleAdmin}},
		{"approver viewer", []Role{RoleViewer, RoleApprover}},
		{" viewer\tplatform-admin ", []Role{RoleViewer, RolePlatformAdmin}},
		{[]string{}, []Role{}},
		{[]string{"admin", "viewer", "admin"}, []Role{RoleViewer, RoleAdmin}},
		{[]string{"offline_access", "Admin", "root", "analyst"}, []Role{RolePreparer}},
		{[]string{"viewer admin"}, []Role{}},
	} {
		principal, err := v.Verify(context.Background(), signHS256(t, map[string]any{"roles": tc.claim}))
		require.NoError(t, err, "%v", tc.claim)
		require.Equal(t, tc.want, principal.Roles, "%v", tc.claim)
	}
	for _, bad := range []string{`null`, `1`, `true`, `{"admin":true}`, `[1]`, `[null]`, `["admin",["viewer"]]`} {
		_, err := v.Verify(context.Background(), rawToken(plainHeader, rawBody(t, map[string]any{"roles": nil}, `,"roles":`+bad)))
		require.Error(t, err, bad)
		requireUnauthorized(t, err)
	}
	_, err := v.Verify(context.Background(), signHS256(t, map[string]any{"roles": strings.Repeat("x ", maxRoleNames) + "admin"}))
	requireUnauthorized(t, err)
}

// Whatever stands in a well-signed body: a tenant comes out only if it is canonical and the body names it.
func FuzzTenantClaim(f *testing.F) {
	v := newTestVerifier(f, testConfig(newClock()))
	for _, seed := range []string{
		`,"tenantId":"` + tenantA + `"`, `,"tenant_id":"` + tenantA + `"`, `,"tenantId":null`, `,"tenantId":{"tenantId":"x"}`, ``, `,"a":[[[`, `,"tenantId":"` + tenantA + `","tenantId":"` + tenantB + `"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, tail string) {
		body := rawBody(t, map[string]any{"tenantId": nil}, tail)
		tenantID, err := resolve(v, severalTenants, rawToken(plainHeader, body))
		if err != nil {
			return
		}
		var members map[string]any // not a struct: its decoder matches names without case, ours must not
		_ = json.Unmarshal([]byte(body), &members)
		if !IsUUID(tenantID) || tenantID != members["tenantId"] && tenantID != members["tenant_id"] {
			t.Fatalf("tenant %q out of %q", tenantID, body)
		}
	})
}

func TestStrictObject_TakesWhatTheEncoderWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.MapOf(rapid.String(), rapid.Float64()))).Draw(t, "object")
		data, err := json.Marshal(object)
		require.NoError(t, err)
		members, err := strictObject(data)
		require.NoError(t, err)
		require.Len(t, members, len(object))
	})
}
