// Package lifecycle is the life of a tenant from its creation to the erasure of its data. Every change is one commit of
// the registry, audit row included; what follows from it (schema, queue, keys, objects) is brought about by steps that
// can be repeated, so that a process killed anywhere leaves something that the next one completes.
package lifecycle

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

const (
	// retryProvisioning is what callers are asked to wait for a schema that could not be made at once.
	retryProvisioning = 5 * time.Second
	defaultRounds     = time.Minute
)

// Erasure takes one kind of thing that belongs to a tenant out of the installation. It can be repeated.
type Erasure struct {
	Name  string
	Erase func(ctx context.Context, tenant ports.TenantConfig) error
}

// Config is what the keeper works with. What may be left out says so.
type Config struct {
	Registry *tenancy.Registry
	// Schemas provisions in the database where a tenant is placed; Prepare makes that database first.
	Schemas func(tenant ports.TenantConfig) (*tenancy.PostgresTenantSchemaProvisioner, error)
	Prepare func(ctx context.Context, tenant ports.TenantConfig) error
	// Announce tells this process at once, and the others if it can, that a tenant changed; kind is a ports.TenantEvent…
	Announce func(ctx context.Context, kind string, tenant *ports.TenantConfig)
	// Resumed makes the work of a tenant due that waited while it was suspended; may be nil.
	Resumed func(ctx context.Context, tenant ports.TenantConfig) error
	// Erasures are done between the drop of the schema and the end of the registry's row.
	Erasures []Erasure
	// Permanent is a tenant that cannot be deleted: the default one, which every start brings back.
	Permanent string
	// Grace is how long a deleted tenant can be restored; none at all is 0.
	Grace time.Duration
	// Rounds is how often Run looks for tenants to erase; a minute.
	Rounds time.Duration
	Log    *slog.Logger

	// Step is called before each step of an erasure, whose error ends it there; nil but in tests.
	Step func(tenantID, step string) error
}

// Keeper keeps the tenants of an installation whose own registry is the authority on them.
type Keeper struct {
	Config

	due chan struct{} // something can be erased before the next round
}

// NewKeeper fills in defaults.
func NewKeeper(config Config) *Keeper {
	config.Rounds = cmp.Or(config.Rounds, defaultRounds)
	return &Keeper{config, make(chan struct{}, 1)}
}

// Create registers a tenant and makes its schema, in a database of its own where one is named. When the schema cannot be
// made now the tenant is registered all the same, and Migrate or any instance's sweep makes it: TENANT_PROVISIONING.
func (k *Keeper) Create(ctx context.Context, tenant tenancy.NewTenant) (*tenancy.TenantRecord, error) {
	if err := tenant.Check(); err != nil {
		return nil, err
	}
	if _, err := k.Schemas(ports.TenantConfig{Cluster: tenant.Cluster, Database: tenant.Database}); err != nil {
		return nil, err
	}
	created, err := k.Registry.Create(ctx, tenant)
	if err != nil {
		return nil, err
	}
	defer k.Announce(ctx, ports.TenantEventCreated, created)
	if err := k.provision(ctx, *created); err != nil {
		k.Log.ErrorContext(ctx, "a new tenant's schema could not be made", "tenant", created.TenantID, "error", err)
		return nil, errors.Join(recon.Unavailable("TENANT_PROVISIONING", retryProvisioning,
			"the tenant %s is registered, but its schema could not be made yet: run the migration of tenants", created.TenantID), err)
	}
	return k.Registry.Record(ctx, created.TenantID)
}

func (k *Keeper) provision(ctx context.Context, tenant ports.TenantConfig) error {
	schemas, err := k.Schemas(tenant)
	if err != nil {
		return err
	}
	if tenant.Cluster != "" || tenant.Database != "" {
		if err := k.Prepare(ctx, tenant); err != nil {
			return err
		}
	}
	return schemas.ProvisionTenantSchema(ctx, tenant.TenantID)
}

// Change sets the name or the limits. version is the one that the caller has read, 0 for any.
func (k *Keeper) Change(ctx context.Context, tenantID string, version int64, change tenancy.TenantChange) (*tenancy.TenantRecord, error) {
	record, err := k.Registry.Change(ctx, tenantID, version, change)
	return k.done(ctx, ports.TenantEventUpdated, record, err)
}

// Suspend refuses the tenant's callers and parks its work: at once in this process, in the others within the event, or
// within a minute where it gets lost.
func (k *Keeper) Suspend(ctx context.Context, tenantID string) (*tenancy.TenantRecord, error) {
	return k.setStatus(ctx, tenantID, ports.TenantSuspended, ports.TenantEventSuspended)
}

// Resume lets them in again, and its work goes on in the order in which it came.
func (k *Keeper) Resume(ctx context.Context, tenantID string) (*tenancy.TenantRecord, error) {
	record, err := k.setStatus(ctx, tenantID, ports.TenantActive, ports.TenantEventActivated)
	if err != nil || k.Resumed == nil {
		return record, err
	}
	if err := k.Resumed(ctx, record.TenantConfig); err != nil { // it looks again by itself within half a minute
		k.Log.WarnContext(ctx, "a resumed tenant's work goes on later", "tenant", tenantID, "error", err)
	}
	return record, nil
}

func (k *Keeper) setStatus(ctx context.Context, tenantID string, status ports.TenantStatus, event string) (*tenancy.TenantRecord, error) {
	if _, err := k.Registry.SetStatus(ctx, tenantID, status); err != nil {
		return nil, err
	}
	record, err := k.Registry.Record(ctx, tenantID)
	return k.done(ctx, event, record, err)
}

// Delete makes the tenant unknown. Its data stays until the grace is over and can be restored until then.
func (k *Keeper) Delete(ctx context.Context, tenantID string) (*tenancy.TenantRecord, error) {
	if tenantID == k.Permanent {
		return nil, recon.Conflict("TENANT_PERMANENT", "the default tenant cannot be deleted: suspend it, or make another one the default")
	}
	record, err := k.Registry.Delete(ctx, tenantID, k.Grace)
	if err == nil && k.Grace == 0 {
		select {
		case k.due <- struct{}{}:
		default: // a round is due already
		}
	}
	return k.done(ctx, ports.TenantEventDeleted, record, err)
}

// Restore brings a deleted tenant back as it was.
func (k *Keeper) Restore(ctx context.Context, tenantID string) (*tenancy.TenantRecord, error) {
	record, err := k.Registry.Restore(ctx, tenantID)
	event := ports.TenantEventActivated
	if record != nil && record.Status != ports.TenantActive {
		event = ports.TenantEventSuspended
	}
	return k.done(ctx, event, record, err)
}

func (k *Keeper) done(ctx context.Context, event string, record *tenancy.TenantRecord, err error) (*tenancy.TenantRecord, error) {
	if err != nil {
		return nil, err
	}
	k.Announce(ctx, event, &record.TenantConfig)
	return record, nil
}
