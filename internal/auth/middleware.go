package auth

// How a request gets its tenant
//
// The order on every route that is not public is fixed: verify token, check permission, extract tenant, handler.
// It is what the "Ring" multi-tenant standard asks of lib-commons' TenantMiddleware; this file is Matcher's
// functionally equivalent answer. Row by row, with the test that proves each:
// docs/compliance/multi-tenant-middleware.md.
//
//   - The tenant is a claim of a verified token (tenantId, alias tenant_id; both and different is refused). No header,
//     path, query, body, cookie or baggage is ever read for it; a lint rule keeps it so.
//   - Only a canonical lower-case UUID passes. Nothing else reaches SQL, Redis, object storage or a broker.
//   - One tenant (MULTI_TENANT_ENABLED=false): no claim is the default tenant, a claim must equal it, else 403.
//   - Several tenants: no claim is 401 and never the default tenant.
//   - Connections are not put into the context. The door (internal/postgres) takes the tenant from the context, leases
//     a connection and sets role and search path inside each transaction, so there is no handle to leak or to mix up.
//
// Each step is a func(http.Handler) http.Handler; httpapi puts them around every route of its table.

import (
	"context"
	"net/http"
	"strings"

	"matcher/internal/recon"
)

// Authenticator identifies the caller of a request by the values of its Authorization header.
type Authenticator interface {
	Authenticate(ctx context.Context, authorization []string) (Principal, error)
}

// Authenticate verifies the one bearer token in the header. Two headers are refused: a proxy in front may have looked
// at the other one.
func (v *Verifier) Authenticate(ctx context.Context, authorization []string) (Principal, error) {
	if len(authorization) == 0 {
		return Principal{}, errTokenMissing()
	}
	if len(authorization) > 1 {
		return Principal{}, recon.Unauthorized(recon.CodeTokenInvalid, "more than one Authorization header")
	}
	scheme, token, _ := strings.Cut(authorization[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Principal{}, errTokenMissing()
	}
	return v.Verify(ctx, token)
}

// Anonymous makes every caller the default tenant's administrator. New returns it only where authentication is
// disabled, which neither production nor a second tenant allows.
type Anonymous struct{}

// Authenticate ignores the header.
func (Anonymous) Authenticate(context.Context, []string) (Principal, error) {
	return Principal{Subject: "anonymous", Roles: []Role{RoleAdmin}}, nil
}

// OnError writes a refusal. The error is a *recon.Error, except where no key or identity provider could be asked.
type OnError func(w http.ResponseWriter, r *http.Request, err error)

// Authenticate is step one: the caller of the bearer token in the context, or a 401.
func Authenticate(who Authenticator, onError OnError) func(http.Handler) http.Handler {
	return step(onError, func(r *http.Request) (context.Context, error) {
		principal, err := who.Authenticate(r.Context(), r.Header.Values("Authorization"))
		return WithPrincipal(r.Context(), principal), err
	})
}

// AuthenticateWithKeys is step one where machines may send an API key instead of a token. A key that is sent decides: a
// good token with a bad key is refused.
func AuthenticateWithKeys(who Authenticator, keys *APIKeys, onError OnError) func(http.Handler) http.Handler {
	return step(onError, func(r *http.Request) (context.Context, error) {
		if sent := r.Header.Values("X-API-Key"); len(sent) > 0 {
			principal, err := keys.Authenticate(r.Context(), sent, r.RemoteAddr)
			return WithPrincipal(r.Context(), principal), err
		}
		principal, err := who.Authenticate(r.Context(), r.Header.Values("Authorization"))
		return WithPrincipal(r.Context(), principal), err
	})
}

// Require is step two: the caller has the role, or a 403.
func Require(role Role, onError OnError) func(http.Handler) http.Handler {
	return step(onError, func(r *http.Request) (context.Context, error) {
		return r.Context(), RequireRole(r.Context(), role)
	})
}

// RequireScopeOf is step two for a stored API key: it has the scope, or a 403.
func RequireScopeOf(scope string, onError OnError) func(http.Handler) http.Handler {
	return step(onError, func(r *http.Request) (context.Context, error) {
		return r.Context(), RequireScope(r.Context(), r.Method, scope)
	})
}

// TenantExtractor is step three: the tenant in the context and in the principal, or a refusal. It trusts nothing but
// the principal that step one left.
func TenantExtractor(tenancy Tenancy, onError OnError) func(http.Handler) http.Handler {
	return step(onError, func(r *http.Request) (context.Context, error) {
		principal, ok := PrincipalFrom(r.Context())
		if !ok {
			return nil, errTokenMissing()
		}
		tenantID, err := tenancy.tenantOf(principal)
		principal.TenantID = tenantID
		return WithTenant(WithPrincipal(r.Context(), principal), tenantID), err
	})
}

func (t Tenancy) tenantOf(principal Principal) (string, error) {
	claim := principal.TenantID
	switch {
	case claim == "" && t.MultiTenant:
		return "", recon.Unauthorized(recon.CodeTenantClaimMissing,
			"the token names no tenant: it needs the claim tenantId")
	case claim == "":
		claim = t.DefaultTenantID
	case !t.MultiTenant && claim != t.DefaultTenantID:
		return "", recon.Forbidden(recon.CodeTenantMismatch, "the token is for another tenant than this installation's")
	}
	if !IsUUID(claim) {
		return "", recon.Unauthorized(recon.CodeTenantClaimInvalid, "the tenant is not a lower-case UUID")
	}
	return claim, nil
}

// step runs the next handler with the context that fn returns, or onError and nothing else.
func step(onError OnError, fn func(*http.Request) (context.Context, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, err := fn(r)
			if err != nil {
				onError(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
