package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/tenancy"
)

// tenantAdmin changes the tenants of the configured installation, or of one behind an HTTP address.
type tenantAdmin interface {
	create(ctx context.Context, tenant adapters.NewTenant) (*adapters.TenantRecord, error)
	list(ctx context.Context) ([]adapters.TenantRecord, error)
	show(ctx context.Context, idOrSlug string) (*adapters.TenantRecord, error)
	change(ctx context.Context, id string, change adapters.TenantChange) (*adapters.TenantRecord, error)
	step(ctx context.Context, verb, id string) (*adapters.TenantRecord, error)
	migrate(ctx context.Context) (tenancy.Migration, error)
}

// cliSubject is the audit log's subject of what an operator does on the machine itself.
const cliSubject = "cli"

type localTenants struct{ keeper *tenancy.Service }

func (l localTenants) create(ctx context.Context, tenant adapters.NewTenant) (*adapters.TenantRecord, error) {
	return l.keeper.Create(asOperator(ctx), tenant)
}

func (l localTenants) list(ctx context.Context) (all []adapters.TenantRecord, err error) {
	for after := ""; ; after = all[len(all)-1].Slug {
		page, err := l.keeper.Registry.Records(ctx, "", after, 0)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
	}
}

func (l localTenants) show(ctx context.Context, idOrSlug string) (*adapters.TenantRecord, error) {
	return l.keeper.Registry.Record(ctx, idOrSlug)
}

func (l localTenants) change(
	ctx context.Context, id string, change adapters.TenantChange,
) (*adapters.TenantRecord, error) {
	return l.keeper.Change(asOperator(ctx), id, 0, change)
}

func (l localTenants) step(ctx context.Context, verb, id string) (*adapters.TenantRecord, error) {
	steps := map[string]func(context.Context, string) (*adapters.TenantRecord, error){
		"suspend": l.keeper.Suspend, "resume": l.keeper.Resume, "delete": l.keeper.Delete, "restore": l.keeper.Restore,
	}
	return steps[verb](asOperator(ctx), id)
}

func (l localTenants) migrate(ctx context.Context) (tenancy.Migration, error) {
	return l.keeper.Migrate(asOperator(ctx))
}

func asOperator(ctx context.Context) context.Context {
	return auth.WithPrincipal(ctx, auth.Principal{Subject: cliSubject, Roles: []auth.Role{auth.RolePlatformAdmin}})
}

type remoteTenants struct{ client client }

func (r remoteTenants) send(ctx context.Context, method, path string, body any) (*adapters.TenantRecord, error) {
	var tenant adapters.TenantRecord
	call := apiCall{method: method, path: "/admin/tenants" + path, json: body}
	return &tenant, r.client.do(ctx, call, &tenant)
}

func (r remoteTenants) create(ctx context.Context, tenant adapters.NewTenant) (*adapters.TenantRecord, error) {
	return r.send(ctx, http.MethodPost, "", tenant)
}

func (r remoteTenants) list(ctx context.Context) ([]adapters.TenantRecord, error) {
	return all[adapters.TenantRecord](ctx, r.client, "/admin/tenants")
}

func (r remoteTenants) show(ctx context.Context, idOrSlug string) (*adapters.TenantRecord, error) {
	if idOrSlug == "" || pathID(idOrSlug) != idOrSlug {
		return nil, recon.NotFound("tenant") // not even a path
	}
	return r.send(ctx, http.MethodGet, "/"+url.PathEscape(idOrSlug), nil)
}

func (r remoteTenants) change(
	ctx context.Context, id string, change adapters.TenantChange,
) (*adapters.TenantRecord, error) {
	return r.send(ctx, http.MethodPatch, "/"+id, change)
}

func (r remoteTenants) step(ctx context.Context, verb, id string) (*adapters.TenantRecord, error) {
	if verb == "delete" {
		return r.send(ctx, http.MethodDelete, "/"+id, nil)
	}
	return r.send(ctx, http.MethodPost, "/"+id+"/"+verb, nil)
}

func (r remoteTenants) migrate(ctx context.Context) (done tenancy.Migration, err error) {
	err = r.client.do(ctx, apiCall{method: http.MethodPost, path: "/admin/migrations"}, &done)
	return done, err
}

// settingOf returns a variable of the environment that only the command line reads.
func settingOf(env []string, name string) (value string) {
	for _, line := range env {
		if after, found := strings.CutPrefix(line, name+"="); found {
			value = after
		}
	}
	return value
}
