// Package auth answers one question for every request: who is calling, with which roles, for which tenant. A tenant
// comes from a verified token and from nowhere else; every other package learns it from the context that this one
// filled, and gets an error, never a default, when the context holds none.
package auth

import (
	"context"
	"errors"
)

// ErrNoTenant is returned wherever work needs a tenant and the context has none. Reaching it means that a route or a
// job was wired without its tenant: it is an internal error, so it is no recon.Error and the edge answers 500.
var ErrNoTenant = errors.New("no tenant in the context")

// Principal is the caller as its token describes it.
type Principal struct {
	// Subject is the token's sub claim.
	Subject string `json:"subject"`
	// TenantID is the tenant claim after Authenticate ("" when the token has none) and the tenant in force after
	// TenantExtractor.
	TenantID string `json:"tenantId,omitempty"`
	// Roles holds known roles only, each once, lowest first.
	Roles []Role `json:"roles"`
	// Scopes narrow a stored API key; nil is every scope.
	Scopes []string `json:"-"`
}

type (
	tenantKey    struct{}
	principalKey struct{}
)

// WithTenant returns a context that carries the tenant. Only TenantExtractor, the job workers and the command line
// call it: each has the id from a token, a job row or an operator, never from a request's path, header or body.
func WithTenant(ctx context.Context, tenantID string) context.Context {
	return context.WithValue(ctx, tenantKey{}, tenantID)
}

// TenantID is the tenant in ctx, or ErrNoTenant. An id that is no canonical UUID counts as none, so that a mistake in
// filling the context ends here and not in a schema name, a Redis key or an object path.
func TenantID(ctx context.Context) (string, error) {
	tenantID := LookupTenantID(ctx)
	if tenantID == "" {
		return "", ErrNoTenant
	}
	return tenantID, nil
}

// LookupTenantID is the tenant in ctx, or "" when there is none. It is for callers that act differently without a
// tenant (log attributes, routing keys); code that reads or writes data uses TenantID.
func LookupTenantID(ctx context.Context) string {
	tenantID, _ := ctx.Value(tenantKey{}).(string)
	if !IsUUID(tenantID) {
		return ""
	}
	return tenantID
}

// WithPrincipal returns a context that carries the caller.
func WithPrincipal(ctx context.Context, principal Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, principal)
}

// PrincipalFrom is the caller in ctx; false before authentication.
func PrincipalFrom(ctx context.Context) (Principal, bool) {
	principal, ok := ctx.Value(principalKey{}).(Principal)
	return principal, ok
}
