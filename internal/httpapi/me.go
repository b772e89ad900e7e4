package httpapi

import (
	"context"

	"matcher/internal/auth"
	"matcher/internal/postgres"
)

// caller is the holder of the token, and what one of its requests may take.
type caller struct {
	Subject  string      `json:"subject"`
	TenantID string      `json:"tenantId"`
	Roles    []auth.Role `json:"roles" nullable:"false"`
	Limits   struct {
		BodyBytes   int64 `json:"bodyBytes"`
		ImportBytes int64 `json:"importBytes"`
		PageItems   int   `json:"pageItems"`
	} `json:"limits"`
}

// maxPageItems is what limit allows, as in the tag of paged.
const maxPageItems = 200

// getMe opens an empty transaction, so that a tenant which is unknown or suspended is refused here too.
func (a *API) getMe(ctx context.Context, _ *struct{}) (caller, error) {
	principal, _ := auth.PrincipalFrom(ctx)
	me := caller{Subject: principal.Subject, TenantID: principal.TenantID, Roles: principal.Roles}
	limits := a.Limits()
	me.Limits.BodyBytes, me.Limits.ImportBytes, me.Limits.PageItems = limits.BodyBytes, limits.ImportBytes, maxPageItems
	return me, a.DB.Read(ctx, func(*postgres.Tx) error { return nil })
}
