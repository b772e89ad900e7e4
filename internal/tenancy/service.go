// Package tenancy is the life of a tenant from its creation to the erasure of its data. Every change is one commit of
// the registry, audit row included. Its effects on schema, queue, keys and objects are steps that can be repeated, so
// that after a crash anywhere the next process completes them.
package tenancy

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"matcher/internal/objectstore"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
)

const (
	// retryProvisioning is the Retry-After for a schema that could not be created at once.
	retryProvisioning = 5 * time.Second
	defaultRounds     = time.Minute
)

// Config is what the service works with. What may be left out is marked so.
type Config struct {
	Registry    *adapters.Registry
	Connections *adapters.TenantConnectionManager
	// Owner returns the DSN of the owner of the installation's own database; Clusters has those of further servers.
	Owner    func() string
	Clusters map[string]adapters.ClusterSettings
	// Options configure the provisioners of schemas.
	Options []adapters.ProvisionerOption
	// Prepare creates and installs a tenant's own database.
	Prepare func(ctx context.Context, ownerDSN, database string) error
	// Announce reports to this process at once, and to the others if it can, that a tenant changed; kind is a
	// ports.TenantEvent….
	Announce func(ctx context.Context, kind string, tenant *ports.TenantConfig)
	// EraseKeys deletes a tenant's keys of Redis, and Objects holds the files of tenants; each may be nil.
	EraseKeys func(ctx context.Context, tenantID string) error
	Objects   *objectstore.Store
	// Permanent is a tenant that cannot be deleted: the default one, which every start creates again.
	Permanent string
	// Grace is how long a deleted tenant can be restored; 0 erases at once.
	Grace time.Duration
	// Rounds is how often Start looks for tenants to erase; a minute.
	Rounds time.Duration
	Log    *slog.Logger

	// Step is called before each step of an erasure, and its error ends the erasure there; nil but in tests.
	Step func(tenantID, step string) error
}

// Service manages the tenants of an installation whose own registry is the authority on them.
type Service struct {
	Config

	life safego.Life
	due  chan struct{} // something can be erased before the next round
}

// New fills in defaults.
func New(config Config) *Service {
	config.Rounds = cmp.Or(config.Rounds, defaultRounds)
	return &Service{Config: config, due: make(chan struct{}, 1)}
}

// owner returns the owner's DSN on the server where a tenant is placed, and the tenant's database there.
func (s *Service) owner(tenant ports.TenantConfig) (dsn func() string, database string, err error) {
	if tenant.Cluster == "" {
		own := s.Connections.Database()
		return func() string { return adapters.InDatabase(s.Owner(), own) }, cmp.Or(tenant.Database, own), nil
	}
	cluster := s.Clusters[tenant.Cluster].OwnerDSN
	if cluster == "" {
		return nil, "", recon.Unprocessable(recon.CodeValidationFailed, "the tenant cannot be placed there",
			recon.FieldError{
				Pointer: "/cluster",
				Message: "names no server of this installation's POSTGRES_CLUSTERS with an ownerDsn",
			})
	}
	return func() string { return cluster }, cmp.Or(tenant.Database, adapters.DatabaseOf(cluster)), nil
}

// schemas returns the provisioner of the database where a tenant is placed.
func (s *Service) schemas(tenant ports.TenantConfig) (*adapters.PostgresTenantSchemaProvisioner, error) {
	owner, database, err := s.owner(tenant)
	if err != nil {
		return nil, err
	}
	return adapters.NewPostgresTenantSchemaProvisioner(owner, database, s.Options...)
}

// prepare creates the database of a tenant that is not placed in the installation's own.
func (s *Service) prepare(ctx context.Context, tenant ports.TenantConfig) error {
	if tenant.Cluster == "" && tenant.Database == "" {
		return nil
	}
	owner, database, err := s.owner(tenant)
	if err != nil {
		return err
	}
	return s.Prepare(ctx, owner(), database)
}

// work changes the jobs of the database where a tenant is placed.
func (s *Service) work(ctx context.Context, tenant ports.TenantConfig, do func(*postgres.WorkTx) error) error {
	place, err := s.Connections.WorkPlace(&tenant)
	if err != nil {
		return err
	}
	return postgres.New(s.Connections, nil).Work(ctx, place, do)
}

// Create registers a tenant and creates its schema, in a database of its own where one is named. If the schema cannot
// be created now, the tenant stays registered and Migrate or the sweep of any instance creates it:
// TENANT_PROVISIONING.
func (s *Service) Create(ctx context.Context, tenant adapters.NewTenant) (*adapters.TenantRecord, error) {
	if err := tenant.Check(); err != nil {
		return nil, err
	}
	if _, err := s.schemas(ports.TenantConfig{Cluster: tenant.Cluster, Database: tenant.Database}); err != nil {
		return nil, err
	}
	created, err := s.Registry.Create(ctx, tenant)
	if err != nil {
		return nil, err
	}
	defer s.Announce(ctx, ports.TenantEventCreated, created)
	if err := s.provision(ctx, *created); err != nil {
		s.Log.ErrorContext(ctx, "the schema of a new tenant could not be created", "tenant", created.TenantID, "error",
			err)
		return nil, errors.Join(recon.Unavailable(recon.CodeTenantProvisioning, retryProvisioning,
			"tenant %s is registered, but its schema could not be created yet: run the migration of tenants", created.TenantID), err)
	}
	return s.Registry.Record(ctx, created.TenantID)
}

func (s *Service) provision(ctx context.Context, tenant ports.TenantConfig) error {
	schemas, err := s.schemas(tenant)
	if err == nil {
		err = s.prepare(ctx, tenant)
	}
	if err != nil {
		return err
	}
	return schemas.ProvisionTenantSchema(ctx, tenant.TenantID)
}

// Change sets the name or the limits. version is the one that the caller read, 0 for any.
func (s *Service) Change(ctx context.Context, tenantID string, version int64,
	change adapters.TenantChange,
) (*adapters.TenantRecord, error) {
	record, err := s.Registry.Change(ctx, tenantID, version, change)
	return s.done(ctx, ports.TenantEventUpdated, record, err)
}

// Suspend refuses the tenant's callers and parks its work: at once in this process, in the others when the event
// arrives, or within a minute if it is lost.
func (s *Service) Suspend(ctx context.Context, tenantID string) (*adapters.TenantRecord, error) {
	return s.setStatus(ctx, tenantID, ports.TenantSuspended, ports.TenantEventSuspended)
}

// Resume admits the tenant's callers again, and its work continues in its order.
func (s *Service) Resume(ctx context.Context, tenantID string) (*adapters.TenantRecord, error) {
	record, err := s.setStatus(ctx, tenantID, ports.TenantActive, ports.TenantEventActivated)
	if err != nil {
		return record, err
	}
	err = s.work(ctx, record.TenantConfig, func(tx *postgres.WorkTx) error { return tx.WakeJobs(ctx, tenantID) })
	if err != nil { // the workers try it again within half a minute
		s.Log.WarnContext(ctx, "jobs of a resumed tenant start late", "tenant", tenantID, "error", err)
	}
	return record, nil
}

func (s *Service) setStatus(ctx context.Context, tenantID string, status ports.TenantStatus,
	event string,
) (*adapters.TenantRecord, error) {
	if _, err := s.Registry.SetStatus(ctx, tenantID, status); err != nil {
		return nil, err
	}
	record, err := s.Registry.Record(ctx, tenantID)
	return s.done(ctx, event, record, err)
}

// Delete makes the tenant unknown. Until the grace period ends its data stays and can be restored.
func (s *Service) Delete(ctx context.Context, tenantID string) (*adapters.TenantRecord, error) {
	if tenantID == s.Permanent {
		return nil, recon.Conflict(recon.CodeTenantPermanent,
			"the default tenant cannot be deleted: suspend it, or make another one the default")
	}
	record, err := s.Registry.Delete(ctx, tenantID, s.Grace)
	if err == nil && s.Grace == 0 {
		select {
		case s.due <- struct{}{}:
		default: // a round is due already
		}
	}
	return s.done(ctx, ports.TenantEventDeleted, record, err)
}

// Restore makes a deleted tenant what it was before.
func (s *Service) Restore(ctx context.Context, tenantID string) (*adapters.TenantRecord, error) {
	record, err := s.Registry.Restore(ctx, tenantID)
	event := ports.TenantEventActivated
	if record != nil && record.Status != ports.TenantActive {
		event = ports.TenantEventSuspended
	}
	return s.done(ctx, event, record, err)
}

func (s *Service) done(ctx context.Context, event string, record *adapters.TenantRecord,
	err error,
) (*adapters.TenantRecord, error) {
	if err != nil {
		return nil, err
	}
	s.Announce(ctx, event, &record.TenantConfig)
	return record, nil
}
