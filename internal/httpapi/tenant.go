package httpapi

import (
	"context"
	"encoding/base64"
	"math"
	"net/http"
	"strconv"

	"matcher/internal/lifecycle"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

// keeper is who changes tenants; a tenant manager elsewhere may be.
func (a *API) keeper() (*lifecycle.Keeper, error) {
	if a.Keeper == nil {
		return nil, recon.Conflict("TENANTS_ELSEWHERE", "the tenants of this installation are kept by the tenant manager that MULTI_TENANT_URL names")
	}
	return a.Keeper, nil
}

type tenantsInput struct {
	Paged
	Status string `query:"status" enum:"ACTIVE,SUSPENDED,DELETED"`
}

func (a *API) listTenants(ctx context.Context, in *tenantsInput) (*list[tenancy.TenantRecord], error) {
	keeper, err := a.keeper()
	if err != nil {
		return nil, err
	}
	after, err := textCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	tenants, err := keeper.Registry.Records(ctx, ports.TenantStatus(in.Status), after, in.Limit+1)
	if err != nil || len(tenants) <= in.Limit {
		return listOf(tenants, ""), err
	}
	tenants = tenants[:in.Limit]
	return listOf(tenants, base64.RawURLEncoding.EncodeToString([]byte(tenants[in.Limit-1].Slug))), nil
}

func textCursor(cursor string) (string, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || !usableText(string(text)) {
		return "", recon.Invalid("BAD_CURSOR", "the cursor is not one that this list gave")
	}
	return string(text), nil
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
	}
}

func (a *API) createTenant(ctx context.Context, in *createTenantInput) (*reply[tenancy.TenantRecord], error) {
	keeper, err := a.keeper()
	if err != nil {
		return nil, err
	}
	created, err := keeper.Create(ctx, tenancy.NewTenant(in.Body))
	if err != nil {
		return nil, err
	}
	out := tenantReply(created)
	out.Status, out.Location = http.StatusCreated, "/admin/tenants/"+created.TenantID
	return out, nil
}

func tenantReply(t *tenancy.TenantRecord) *reply[tenancy.TenantRecord] {
	return &reply[tenancy.TenantRecord]{Status: http.StatusOK, ETag: entityTag(int(t.Version)), Body: *t}
}

// RecordPath names the record of the registry that a path is about; whose data a request reaches is the token's to say.
type RecordPath struct {
	ID string `path:"id" maxLength:"63"`
}

func (a *API) getTenant(ctx context.Context, in *RecordPath) (*reply[tenancy.TenantRecord], error) {
	return a.kept(ctx, func(keeper *lifecycle.Keeper) (*tenancy.TenantRecord, error) {
		return keeper.Registry.Record(ctx, in.ID)
	})
}

type changeTenantInput struct {
	RecordPath
	Matched
	Body tenancy.TenantChange
}

func (a *API) changeTenant(ctx context.Context, in *changeTenantInput) (*reply[tenancy.TenantRecord], error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return a.kept(ctx, func(keeper *lifecycle.Keeper) (*tenancy.TenantRecord, error) {
		return keeper.Change(ctx, in.ID, int64(version), in.Body)
	})
}

// tenantTo is the handler of a step in a tenant's life; being there already is no error.
func tenantTo(step func(*lifecycle.Keeper, context.Context, string) (*tenancy.TenantRecord, error)) func(*API, context.Context, *RecordPath) (*reply[tenancy.TenantRecord], error) {
	return func(a *API, ctx context.Context, in *RecordPath) (*reply[tenancy.TenantRecord], error) {
		return a.kept(ctx, func(keeper *lifecycle.Keeper) (*tenancy.TenantRecord, error) { return step(keeper, ctx, in.ID) })
	}
}

func (a *API) kept(ctx context.Context, do func(*lifecycle.Keeper) (*tenancy.TenantRecord, error)) (*reply[tenancy.TenantRecord], error) {
	keeper, err := a.keeper()
	if err != nil {
		return nil, err
	}
	record, err := do(keeper)
	if err != nil {
		return nil, err
	}
	requestOf(ctx).tenant = record.TenantID
	return tenantReply(record), nil
}

// migrateTenants goes as far as a request may last; what remains is done by the next.
func (a *API) migrateTenants(ctx context.Context, _ *struct{}) (*reply[lifecycle.Migration], error) {
	keeper, err := a.keeper()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.Limits().Request*2/3)
	defer cancel()
	done, err := keeper.Migrate(ctx)
	if err != nil && ctx.Err() == nil {
		a.Log.WarnContext(ctx, "some tenants could not be looked at", "error", err)
	}
	if done.Checked == 0 && err != nil {
		return nil, err
	}
	return &reply[lifecycle.Migration]{Status: http.StatusOK, Body: done}, nil
}

type tenantAuditInput struct {
	Paged
	About string `query:"about" maxLength:"36" doc:"Only what was done to the tenant of this id"`
}

func (a *API) listTenantAudit(ctx context.Context, in *tenantAuditInput) (*list[tenancy.TenantAuditEntry], error) {
	keeper, err := a.keeper()
	if err != nil {
		return nil, err
	}
	before := int64(math.MaxInt64)
	if in.Cursor != "" {
		if before, err = strconv.ParseInt(in.Cursor, 10, 64); err != nil {
			return nil, recon.Invalid("BAD_CURSOR", "the cursor is not one that this list gave")
		}
	}
	entries, err := keeper.Registry.Audit(ctx, in.About, before, in.Limit+1)
	if err != nil || len(entries) <= in.Limit {
		return listOf(entries, ""), err
	}
	entries = entries[:in.Limit]
	return listOf(entries, strconv.FormatInt(entries[in.Limit-1].ID, 10)), nil
}

type managedInput struct {
	RecordPath
	Environment string `query:"environment" maxLength:"100" doc:"The one environment of this installation, whatever its name"`
}

// getManaged is the tenant manager's answer to another installation: 200 with the configuration, 403 while the tenant is
// suspended, 404 when it is unknown or deleted.
func (a *API) getManaged(ctx context.Context, in *managedInput) (*one[ports.TenantConfig], error) {
	keeper, err := a.keeper()
	if err != nil {
		return nil, err
	}
	tenant, err := keeper.Registry.GetTenantConfig(ctx, in.ID)
	switch {
	case err != nil:
		return nil, err
	case tenant.Status == ports.TenantSuspended:
		return nil, recon.Forbidden("TENANT_SUSPENDED", "this tenant is suspended")
	case tenant.Status != ports.TenantActive:
		return nil, recon.NotFound("tenant")
	}
	return &one[ports.TenantConfig]{ETag: entityTag(int(tenant.Version)), Body: *tenant}, nil
}
