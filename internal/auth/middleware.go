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
// Each step exists twice: as a function on the context, for routers with middleware of their own, and as
// func(http.Handler) http.Handler.

import (
	"context"
	"net/http"
	"strings"

	"matcher/internal/recon"
)

// Authenticator says who sent a request, from the values of its Authorization header.
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
		return Principal{}, recon.Unauthorized("TOKEN_INVALID", "more than one Authorization header")
	}
	scheme, token, _ := strings.Cut(authorization[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Principal{}, errTokenMissing()
	}
	return v.Verify(ctx, token)
}

// Anonymous lets everybody in as the default tenant's administrator. New hands it out only where authentication is
// disabled, which neither production nor a second tenant allows.
type Anonymous struct{}

// Authenticate ignores the header.
func (Anonymous) Authenticate(context.Context, []string) (Principal, error) {
	return Principal{Subject: "anonymous", Roles: []Role{RoleAdmin}}, nil
}

// AuthenticateContext is step one: the caller in the context, or a 401.
func AuthenticateContext(ctx context.Context, who Authenticator, authorization []string) (context.Context, error) {
	principal, err := who.Authenticate(ctx, authorization)
	if err != nil {
		return nil, err
	}
	return WithPrincipal(ctx, principal), nil
}

// Step two, the permission, is RequireRole.

// ExtractTenant is step three: the tenant in the context and in the principal, or a refusal. It trusts nothing but the
// principal that step one left.
func ExtractTenant(ctx context.Context, tenancy Tenancy) (context.Context, error) {
	principal, ok := PrincipalFrom(ctx)
	if !ok {
		return nil, errTokenMissing()
	}
	tenantID, err := tenancy.tenantOf(principal)
	if err != nil {
		return nil, err
	}
	principal.TenantID = tenantID
	return WithTenant(WithPrincipal(ctx, principal), tenantID), nil
}

func (t Tenancy) tenantOf(principal Principal) (string, error) {
	claim := principal.TenantID
	switch {
	case claim == "" && t.MultiTenant:
		return "", recon.Unauthorized("TENANT_CLAIM_MISSING", "the token names no tenant")
	case claim == "":
		claim = t.DefaultTenantID
	case !t.MultiTenant && claim != t.DefaultTenantID:
		return "", recon.Forbidden("TENANT_MISMATCH", "the token is for another tenant than this installation's")
	}
	if !IsUUID(claim) {
		return "", recon.Unauthorized("TENANT_CLAIM_INVALID", "the tenant is not a lower-case UUID")
	}
	return claim, nil
}

// OnError writes a refusal. The error is a *recon.Error.
type OnError func(w http.ResponseWriter, r *http.Request, err error)

// Authenticate is step one for net/http.
func Authenticate(who Authenticator, onError OnError) func(http.Handler) http.Handler {
	return step(onError, func(r *http.Request) (context.Context, error) {
		return AuthenticateContext(r.Context(), who, r.Header.Values("Authorization"))
	})
}

// Require is step two for net/http.
func Require(role Role, onError OnError) func(http.Handler) http.Handler {
	return step(onError, func(r *http.Request) (context.Context, error) {
		return r.Context(), RequireRole(r.Context(), role)
	})
}

// TenantExtractor is step three for net/http.
func TenantExtractor(tenancy Tenancy, onError OnError) func(http.Handler) http.Handler {
	return step(onError, func(r *http.Request) (context.Context, error) {
		return ExtractTenant(r.Context(), tenancy)
	})
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
