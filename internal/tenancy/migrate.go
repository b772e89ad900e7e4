package tenancy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

const (
	// migrateWorkers leave most of the database to requests.
	migrateWorkers = 2
	// pageOfTenants is the registry's largest page.
	pageOfTenants = 1000
)

// Migration is the result of a migration of all tenants. Remaining ones were not reached, or failed for reasons that
// are not theirs: running it again continues there.
type Migration struct {
	Checked   int              `json:"checked"`
	Migrated  int              `json:"migrated"`
	Remaining int              `json:"remaining"`
	Failed    []MigrationFault `json:"failed" nullable:"false" doc:"Quarantined tenants: their callers are refused until a migration succeeds"`
}

// MigrationFault is why a tenant is quarantined.
type MigrationFault struct {
	TenantID string `json:"tenantId"`
	Slug     string `json:"slug"`
	Fault    string `json:"fault"`
}

// Migrate upgrades every tenant's schema, a few at a time. It reads all versions of a database with one query and
// changes only schemas that are behind, so it can be repeated and resumed at any time. A schema that cannot be
// migrated quarantines its tenant only. When ctx ends, what was reached counts and the rest remains.
func (s *Service) Migrate(ctx context.Context) (Migration, error) {
	m := migration{service: s, Migration: Migration{Failed: []MigrationFault{}}}
	tenants, err := s.living(ctx)
	if err != nil {
		return m.Migration, err
	}
	m.Checked = len(tenants)
	var faults []error
	for place, group := range byPlace(tenants) {
		behind, err := s.behind(ctx, place, group)
		if err != nil {
			m.Remaining += len(group)
			faults = append(faults, fmt.Errorf("database %q: %w", place.database, err))
			continue
		}
		m.all(ctx, behind)
	}
	return m.Migration, errors.Join(faults...)
}

// living returns every tenant that is not deleted.
func (s *Service) living(ctx context.Context) (tenants []adapters.TenantRecord, err error) {
	for after := ""; ; {
		page, err := s.Registry.Records(ctx, "", after, pageOfTenants)
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

func byPlace(tenants []adapters.TenantRecord) map[place][]adapters.TenantRecord {
	groups := map[place][]adapters.TenantRecord{}
	for _, tenant := range tenants {
		at := place{tenant.Cluster, tenant.Database}
		groups[at] = append(groups[at], tenant)
	}
	return groups
}

// behind returns the tenants of a place whose schema is missing or old, and those that are quarantined.
func (s *Service) behind(
	ctx context.Context, at place, group []adapters.TenantRecord,
) ([]adapters.TenantRecord, error) {
	where := ports.TenantConfig{Cluster: at.cluster, Database: at.database}
	schemas, err := s.schemas(where)
	if err == nil {
		err = s.prepare(ctx, where)
	}
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
	return slices.DeleteFunc(group, func(tenant adapters.TenantRecord) bool {
		return !tenant.Quarantined && !lacks[tenant.TenantID]
	}), nil
}

type migration struct {
	Migration

	service *Service
	mu      sync.Mutex
}

func (m *migration) all(ctx context.Context, tenants []adapters.TenantRecord) {
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

func (m *migration) one(ctx context.Context, tenant adapters.TenantRecord) {
	var err error
	if ctx.Err() == nil {
		err = m.service.migrate(ctx, tenant)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case ctx.Err() != nil || adapters.Transient(err):
		m.Remaining++
	case err != nil:
		m.Failed = append(m.Failed, MigrationFault{TenantID: tenant.TenantID, Slug: tenant.Slug, Fault: err.Error()})
	default:
		m.Migrated++
	}
}

// migrate upgrades one tenant and sets or lifts its quarantine by the outcome.
func (s *Service) migrate(ctx context.Context, tenant adapters.TenantRecord) error {
	schemas, err := s.schemas(tenant.TenantConfig)
	if err != nil {
		return err
	}
	err = schemas.ProvisionTenantSchema(ctx, tenant.TenantID)
	fault := ""
	switch {
	case ctx.Err() != nil || adapters.Transient(err):
		return err
	case err != nil:
		fault = err.Error()
		s.Log.ErrorContext(ctx, "a tenant could not be migrated and is quarantined", "tenant", tenant.TenantID,
			"error", err)
	}
	if fault == tenant.Fault {
		return err
	}
	record, failed := s.Registry.Quarantine(ctx, tenant.TenantID, fault)
	if _, failed = s.done(ctx, ports.TenantEventUpdated, record, failed); failed != nil {
		s.Log.ErrorContext(ctx, "a quarantine could not be written", "tenant", tenant.TenantID, "error", failed)
	}
	return err
}
