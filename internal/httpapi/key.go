package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/shared/infrastructure/tenant/adapters"
)

func (a *API) listKeys(ctx context.Context, _ *struct{}) (list[adapters.AdminKey], error) {
	keys, err := a.AdminKeys.List(ctx)
	return listOf(keys, ""), err
}

type createKeyInput struct {
	Body struct {
		Name      string     `json:"name" minLength:"1" maxLength:"100" doc:"Who or what holds it; the audit log names it"`
		Scopes    []string   `json:"scopes" minItems:"1" nullable:"false" enum:"tenants,tenants:read,settings,settings:read,keys,managed" doc:"managed reads tenants' settings for another installation"`
		ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	}
}

type createdKey struct {
	adapters.AdminKey
	Key string `json:"key" doc:"Send it as X-API-Key. It is shown here and never again"`
}

// createKey makes a key that may do no more than the caller's own.
func (a *API) createKey(ctx context.Context, in *createKeyInput) (out createdKey, err error) {
	principal, _ := auth.PrincipalFrom(ctx)
	for _, scope := range in.Body.Scopes {
		area, _, reads := strings.Cut(scope, ":")
		method := http.MethodPost
		if reads {
			method = http.MethodGet
		}
		if err := auth.RequireScope(ctx, method, area); err != nil {
			return out, err
		}
	}
	slices.Sort(in.Body.Scopes)
	scopes := slices.Compact(in.Body.Scopes)
	if !usableText(in.Body.Name) {
		return out, badValue("/name", recon.CodeInvalidValue, "the name is not UTF-8 text")
	}
	out.Key, out.AdminKey, err = a.AdminKeys.Create(ctx, in.Body.Name, scopes, in.Body.ExpiresAt)
	if err == nil {
		a.Log.InfoContext(ctx, "a key was made", "name", out.Name, "scopes", scopes, "by", principal.Subject)
	}
	return out, err
}

func (a *API) revokeKey(ctx context.Context, in *pathID) (none, error) {
	err := a.AdminKeys.Revoke(ctx, in.ID)
	if err == nil {
		a.Log.InfoContext(ctx, "a key was revoked", "id", in.ID)
	}
	return none{}, err
}

type revokeTokenInput struct {
	Body struct {
		JTI string `json:"jti" minLength:"1" maxLength:"255" doc:"The claim of that name in the token"`
	}
}

func (a *API) revokeToken(ctx context.Context, in *revokeTokenInput) (none, error) {
	return none{}, a.AdminKeys.RevokeToken(ctx, in.Body.JTI, a.TokenLife)
}
