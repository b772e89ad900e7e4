package httpapi

import (
	"context"
	"encoding/base64"
	"math"
	"strconv"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/tenancy"
)

// keeper changes tenants; a tenant manager elsewhere may do so instead.
func (a *API) keeper() (*tenancy.Service, error) {
	if a.Keeper == nil {
		return nil, recon.Conflict(recon.CodeTenantsElsewhere,
			"the tenants of this installation are kept by the tenant manager that MULTI_TENANT_URL names")
	}
	return a.Keeper, nil
}

type tenantsInput struct {
	paged
	Status string `query:"status" enum:"ACTIVE,SUSPENDED,DELETED"`
}

func (a *API) listTenants(ctx context.Context, in *tenantsInput) (out list[adapters.TenantRecord], err error) {
	keeper, err := a.keeper()
	if err != nil {
		return out, err
	}
	after, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil || !usableText(string(after)) {
		return out, errBadCursor()
	}
	tenants, err := keeper.Registry.Records(ctx, ports.TenantStatus(in.Status), string(after), in.Limit+1)
	if err != nil || len(tenants) <= in.Limit {
		return listOf(tenants, ""), err
	}
	tenants = tenants[:in.Limit]
	return listOf(tenants, base64.RawURLEncoding.EncodeToString([]byte(tenants[in.Limit-1].Slug))), nil
}

func errBadCursor() error {
	return recon.Invalid(recon.CodeBadCursor, "the cursor is not one that this list gave: start with the first page")
}

type createTenantInput struct {
	Body struct {
		ID                string `json:"id,omitempty" doc:"Lower-case UUID; a new one where there is none"`
		Slug              string `json:"slug"`
		Name              string `json:"name"`
		Cluster           string `json:"cluster,omitempty" doc:"A PostgreSQL server that the installation's settings name"`
		Database          string `json:"database,omitempty" doc:"On that server; made where it is not there"`
		Connections       int    `json:"connections,omitempty" doc:"Share of the database's connections; 0 is the default"`
		RequestsPerSecond int    `json:"requestsPerSecond,omitempty" doc:"0 is the default"`
		Weight            int    `json:"weight,omitempty" doc:"Runs that start for one of another tenant while both wait; 0 is 1"`
	}
}

func (a *API) createTenant(ctx context.Context, in *createTenantInput) (adapters.TenantRecord, error) {
	return a.kept(ctx, func(keeper *tenancy.Service) (*adapters.TenantRecord, error) {
		return keeper.Create(ctx, adapters.NewTenant(in.Body))
	})
}

// recordID names a record of the registry. Whose data a request reaches is decided by the token alone.
type recordID struct {
	ID string `path:"" maxLength:"63"`
}

func (a *API) getTenant(ctx context.Context, in *recordID) (adapters.TenantRecord, error) {
	return a.kept(ctx, func(keeper *tenancy.Service) (*adapters.TenantRecord, error) {
		return keeper.Registry.Record(ctx, in.ID)
	})
}

type changeTenantInput struct {
	recordID
	matched
	Body adapters.TenantChange
}

func (a *API) changeTenant(ctx context.Context, in *changeTenantInput) (adapters.TenantRecord, error) {
	return a.kept(ctx, func(keeper *tenancy.Service) (*adapters.TenantRecord, error) {
		return keeper.Change(ctx, in.ID, int64(in.version), in.Body)
	})
}

// tenantTo is the endpoint of a step in a tenant's life; being there already is no error.
func tenantTo(step func(*tenancy.Service, context.Context, string) (*adapters.TenantRecord, error)) endpoint {
	return direct(func(a *API, ctx context.Context, in *recordID) (adapters.TenantRecord, error) {
		return a.kept(ctx, func(keeper *tenancy.Service) (*adapters.TenantRecord, error) {
			return step(keeper, ctx, in.ID)
		})
	})
}

// kept is the record that do returns; the access log names its tenant.
func (a *API) kept(
	ctx context.Context, do func(*tenancy.Service) (*adapters.TenantRecord, error),
) (out adapters.TenantRecord, err error) {
	keeper, err := a.keeper()
	if err != nil {
		return out, err
	}
	record, err := do(keeper)
	if err != nil {
		return out, err
	}
	requestOf(ctx).tenant = record.TenantID
	return *record, nil
}

// migrateTenants goes as far as a request may last; what remains is done by the next.
func (a *API) migrateTenants(ctx context.Context, _ *struct{}) (done tenancy.Migration, err error) {
	keeper, err := a.keeper()
	if err != nil {
		return done, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.Limits().Request*2/3)
	defer cancel()
	done, err = keeper.Migrate(ctx)
	if err != nil && ctx.Err() == nil {
		a.Log.WarnContext(ctx, "some tenants could not be looked at", "error", err)
	}
	if done.Checked == 0 {
		return done, err
	}
	return done, nil
}

type tenantAuditInput struct {
	paged
	About string `query:"about" maxLength:"63" doc:"Only what was done to the tenant of this id or slug"`
}

func (a *API) listTenantAudit(
	ctx context.Context, in *tenantAuditInput,
) (out list[adapters.TenantAuditEntry], err error) {
	keeper, err := a.keeper()
	if err != nil {
		return out, err
	}
	before := int64(math.MaxInt64)
	if in.Cursor != "" {
		if before, err = strconv.ParseInt(in.Cursor, 10, 64); err != nil {
			return out, errBadCursor()
		}
	}
	if in.About != "" && !auth.IsUUID(in.About) { // an erased tenant has its id only
		tenant, err := keeper.Registry.Record(ctx, in.About)
		if err != nil {
			return out, err
		}
		in.About = tenant.TenantID
	}
	entries, err := keeper.Registry.Audit(ctx, in.About, before, in.Limit+1)
	if err != nil || len(entries) <= in.Limit {
		return listOf(entries, ""), err
	}
	entries = entries[:in.Limit]
	return listOf(entries, strconv.FormatInt(entries[in.Limit-1].ID, 10)), nil
}

type managedInput struct {
	recordID
	Environment string `query:"environment" maxLength:"100" doc:"The one environment of this installation, whatever its name"`
}

// getManaged answers another installation as a tenant manager does: 200 with the configuration, 403 while the tenant
// is suspended, 404 if it is unknown or deleted.
func (a *API) getManaged(ctx context.Context, in *managedInput) (out ports.TenantConfig, err error) {
	keeper, err := a.keeper()
	if err != nil {
		return out, err
	}
	tenant, err := keeper.Registry.Show(ctx, in.ID)
	switch {
	case err != nil:
		return out, err
	case tenant.Status == ports.TenantSuspended:
		return out, recon.Forbidden(recon.CodeTenantSuspended, "this tenant is suspended")
	case tenant.Status != ports.TenantActive:
		return out, recon.NotFound("tenant")
	}
	return *tenant, nil
}
