package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

const (
	// migrateWorkers leave most of the database to requests.
	migrateWorkers = 2
	// pageOfTenants is the registry's largest page.
	pageOfTenants = 1000
)

// Migration is what a migration of all tenants came to. Remaining ones were not reached, or could not be for reasons that
// are not theirs: running it again goes on there.
type Migration struct {
	Checked   int              `json:"checked"`
	Migrated  int              `json:"migrated"`
	Remaining int              `json:"remaining"`
	Failed    []MigrationFault `json:"failed" nullable:"false" doc:"Quarantined tenants: their callers are refused until a migration succeeds"`
}

// MigrationFault says why a tenant is quarantined.
type MigrationFault struct {
	TenantID string `json:"tenantId"`
	Slug     string `json:"slug"`
	Fault    string `json:"fault"`
}

// Migrate brings every tenant's schema up to date, a few at a time. It asks all versions of a database in one query and
// touches only schemas that are behind, so that it can be repeated and resumed at will. A schema that cannot be migrated
// quarantines its tenant and nobody else. When ctx ends, what was reached counts and the rest remains.
func (k *Keeper) Migrate(ctx context.Context) (Migration, error) {
	m := migration{keeper: k, Migration: Migration{Failed: []MigrationFault{}}}
	tenants, err := k.living(ctx)
	if err != nil {
		return m.Migration, err
	}
	m.Checked = len(tenants)
	var faults []error
	for place, group := range byPlace(tenants) {
		behind, err := k.behind(ctx, place, group)
		if err != nil {
			m.Remaining += len(group)
			faults = append(faults, fmt.Errorf("database %q: %w", place.database, err))
			continue
		}
		m.all(ctx, behind)
	}
	return m.Migration, errors.Join(faults...)
}

// living is every tenant that is not deleted.
func (k *Keeper) living(ctx context.Context) (tenants []tenancy.TenantRecord, err error) {
	for after := ""; ; {
		page, err := k.Registry.Records(ctx, "", after, pageOfTenants)
		if err != nil {
			return nil, err
		}
		for _, tenant := range page {
			if tenant.Status != ports.TenantDeleted {
				tenants = append(tenants, tenant)
			}
		}
		if len(page) < pageOfTenants {
			return tenants, nil
		}
		after = page[len(page)-1].Slug
	}
}

type place struct{ cluster, database string }

func byPlace(tenants []tenancy.TenantRecord) map[place][]tenancy.TenantRecord {
	groups := map[place][]tenancy.TenantRecord{}
	for _, tenant := range tenants {
		at := place{tenant.Cluster, tenant.Database}
		groups[at] = append(groups[at], tenant)
	}
	return groups
}

// behind is the tenants of a place whose schema is missing or old, and those that are quarantined.
func (k *Keeper) behind(ctx context.Context, at place, group []tenancy.TenantRecord) ([]tenancy.TenantRecord, error) {
	where := ports.TenantConfig{Cluster: at.cluster, Database: at.database}
	if at != (place{}) {
		if err := k.Prepare(ctx, where); err != nil {
			return nil, err
		}
	}
	schemas, err := k.Schemas(where)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(group))
	for n, tenant := range group {
		ids[n] = tenant.TenantID
	}
	pending, err := schemas.PendingTenants(ctx, ids)
	if err != nil {
		return nil, err
	}
	lacks := map[string]bool{}
	for _, id := range pending {
		lacks[id] = true
	}
	var behind []tenancy.TenantRecord
	for _, tenant := range group {
		if lacks[tenant.TenantID] || tenant.Quarantined {
			behind = append(behind, tenant)
		}
	}
	return behind, nil
}

type migration struct {
	Migration

	keeper *Keeper
	mu     sync.Mutex
}

func (m *migration) all(ctx context.Context, tenants []tenancy.TenantRecord) {
	var group errgroup.Group
	group.SetLimit(migrateWorkers)
	for _, tenant := range tenants {
		group.Go(func() error {
			m.one(ctx, tenant)
			return nil
		})
	}
	_ = group.Wait() // each tenant's failure is in the result
}

func (m *migration) one(ctx context.Context, tenant tenancy.TenantRecord) {
	var err error
	if ctx.Err() == nil {
		err = m.keeper.migrate(ctx, tenant)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case ctx.Err() != nil || tenancy.Transient(err):
		m.Remaining++
	case err != nil:
		m.Failed = append(m.Failed, MigrationFault{TenantID: tenant.TenantID, Slug: tenant.Slug, Fault: err.Error()})
	default:
		m.Migrated++
	}
}

// migrate brings one tenant up to date and keeps the quarantine as true as the outcome.
func (k *Keeper) migrate(ctx context.Context, tenant tenancy.TenantRecord) error {
	schemas, err := k.Schemas(tenant.TenantConfig)
	if err != nil {
		return err
	}
	err = schemas.ProvisionTenantSchema(ctx, tenant.TenantID)
	fault := ""
	switch {
	case ctx.Err() != nil || tenancy.Transient(err):
		return err
	case err != nil:
		fault = err.Error()
		k.Log.ErrorContext(ctx, "a tenant could not be migrated and is quarantined", "tenant", tenant.TenantID, "error", err)
	}
	if fault == tenant.Fault {
		return err
	}
	record, failed := k.Registry.Quarantine(ctx, tenant.TenantID, fault)
	if _, failed = k.done(ctx, ports.TenantEventUpdated, record, failed); failed != nil {
		k.Log.ErrorContext(ctx, "a quarantine could not be written", "tenant", tenant.TenantID, "error", failed)
	}
	return err
}
