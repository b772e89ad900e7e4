package tenancy

import (
	"context"
	"errors"
	"fmt"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
)

// Start erases deleted tenants when their grace period is over, until ctx ends or Stop. Any number of processes may
// do so.
func (s *Service) Start(ctx context.Context) error {
	return s.life.Run(ctx, func(ctx context.Context) error {
		for {
			s.round(ctx)
			if safego.Pause(ctx, s.Rounds, s.due) != nil {
				return nil //nolint:nilerr // an ended context is how it stops
			}
		}
	})
}

// Stop ends Start and waits for it.
func (s *Service) Stop() error { return s.life.Stop() }

func (s *Service) round(ctx context.Context) {
	defer safego.RecoverAndLogWithContext(ctx, s.Log, "tenant.purge")
	if err := s.PurgeDue(ctx); err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "erasing deleted tenants failed in part and is repeated", "error", err)
	}
}

// PurgeDue erases every deleted tenant whose grace period is over. A failure with one does not stop the others.
func (s *Service) PurgeDue(ctx context.Context) error {
	due, err := s.Registry.DuePurges(ctx)
	if err != nil {
		return err
	}
	var faults []error
	for _, tenant := range due {
		if err := s.Purge(ctx, tenant.TenantID); err != nil {
			faults = append(faults, fmt.Errorf("tenant %s: %w", tenant.TenantID, err))
		}
	}
	return errors.Join(faults...)
}

// Purge erases a deleted tenant whose grace period is over: schema, queue, keys, objects, role, and last the registry's
// row. Until that is gone the tenant is due, so an interrupted erasure starts again, and each step skips what is done.
// While another process erases the tenant, Purge does nothing.
func (s *Service) Purge(ctx context.Context, tenantID string) error {
	release, held, err := s.Registry.Hold(ctx, "purge", tenantID)
	if err != nil || !held {
		return err
	}
	defer release()
	if err := s.step(tenantID, "begin"); err != nil {
		return err
	}
	record, err := s.Registry.BeginPurge(ctx, tenantID)
	if err != nil {
		return err
	}
	s.Announce(ctx, ports.TenantEventDeleted, &record.TenantConfig)
	steps, err := s.erasures(record.TenantConfig)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := s.step(tenantID, step.name); err != nil {
			return err
		}
		if err := step.erase(ctx); err != nil {
			return fmt.Errorf("erasing the tenant's %s: %w", step.name, err)
		}
	}
	if err := s.step(tenantID, "end"); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "a deleted tenant's data is erased", "tenant", tenantID)
	return nil
}

// erasure deletes one kind of thing that belongs to a tenant. It can be repeated.
type erasure struct {
	name  string
	erase func(ctx context.Context) error
}

// erasures lists all that an installation holds of a tenant, in the order in which it is erased.
func (s *Service) erasures(tenant ports.TenantConfig) ([]erasure, error) {
	schemas, err := s.schemas(tenant)
	if err != nil {
		return nil, err
	}
	id := tenant.TenantID
	steps := []erasure{
		{"schema", func(ctx context.Context) error { return schemas.RemoveTenantSchema(ctx, id) }},
		{"queue", func(ctx context.Context) error {
			return s.work(ctx, tenant, func(tx *postgres.WorkTx) error { return tx.EraseTenant(ctx, id) })
		}},
	}
	if s.EraseKeys != nil {
		steps = append(steps, erasure{"keys", func(ctx context.Context) error { return s.EraseKeys(ctx, id) }})
	}
	if s.Objects != nil {
		steps = append(steps, erasure{"objects", func(ctx context.Context) error {
			_, err := s.Objects.DeleteAll(auth.WithTenant(ctx, id))
			return err
		}})
	}
	return append(steps,
		erasure{"role", func(ctx context.Context) error { return schemas.RemoveTenantRole(ctx, id) }},
		erasure{"registry entry", func(ctx context.Context) error { return s.Registry.FinishPurge(ctx, id) }}), nil
}

func (s *Service) step(tenantID, name string) error {
	if s.Step == nil {
		return nil
	}
	return s.Step(tenantID, name)
}
