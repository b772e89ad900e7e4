package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
)

// Run erases deleted tenants when their grace is over, until ctx ends. Any number of processes may run it.
func (k *Keeper) Run(ctx context.Context) {
	ticker := time.NewTicker(k.Rounds)
	defer ticker.Stop()
	for {
		k.round(ctx)
		select {
		case <-ctx.Done():
			return
		case <-k.due:
		case <-ticker.C:
		}
	}
}

func (k *Keeper) round(ctx context.Context) {
	defer safego.RecoverAndLogWithContext(ctx, k.Log, "tenant.purge")
	if err := k.PurgeDue(ctx); err != nil && ctx.Err() == nil {
		k.Log.WarnContext(ctx, "erasing deleted tenants was not complete and will be tried again", "error", err)
	}
}

// PurgeDue erases every deleted tenant whose grace is over. One tenant's failure does not keep the others from theirs.
func (k *Keeper) PurgeDue(ctx context.Context) error {
	due, err := k.Registry.DuePurges(ctx)
	if err != nil {
		return err
	}
	var faults []error
	for _, tenant := range due {
		if err := k.Purge(ctx, tenant.TenantID); err != nil {
			faults = append(faults, fmt.Errorf("tenant %s: %w", tenant.TenantID, err))
		}
	}
	return errors.Join(faults...)
}

// Purge erases a deleted tenant whose grace is over: schema, queue, keys, objects, role, and last the registry's row.
// Until that is gone the tenant is due, so an erasure that was cut off anywhere is taken up again from its start; each
// step finds done what was done. Where another process is at it, nothing happens.
func (k *Keeper) Purge(ctx context.Context, tenantID string) error {
	release, held, err := k.Registry.Hold(ctx, "purge", tenantID)
	if err != nil || !held {
		return err
	}
	defer release()
	if err := k.step(tenantID, "begin"); err != nil {
		return err
	}
	record, err := k.Registry.BeginPurge(ctx, tenantID)
	if err != nil {
		return err
	}
	k.Announce(ctx, ports.TenantEventDeleted, &record.TenantConfig)
	steps, err := k.erasures(record.TenantConfig)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := k.step(tenantID, step.Name); err != nil {
			return err
		}
		if err := step.Erase(ctx, record.TenantConfig); err != nil {
			return fmt.Errorf("erasing the tenant's %s: %w", step.Name, err)
		}
	}
	if err := k.step(tenantID, "end"); err != nil {
		return err
	}
	k.Log.InfoContext(ctx, "a deleted tenant's data is erased", "tenant", tenantID)
	return nil
}

func (k *Keeper) erasures(tenant ports.TenantConfig) ([]Erasure, error) {
	schemas, err := k.Schemas(tenant)
	if err != nil {
		return nil, err
	}
	steps := []Erasure{{"schema", func(ctx context.Context, tenant ports.TenantConfig) error {
		return schemas.RemoveTenantSchema(ctx, tenant.TenantID)
	}}}
	steps = append(steps, k.Erasures...)
	return append(steps,
		Erasure{"role", func(ctx context.Context, tenant ports.TenantConfig) error {
			return schemas.RemoveTenantRole(ctx, tenant.TenantID)
		}},
		Erasure{"registry entry", func(ctx context.Context, tenant ports.TenantConfig) error {
			return k.Registry.FinishPurge(ctx, tenant.TenantID)
		}}), nil
}

func (k *Keeper) step(tenantID, name string) error {
	if k.Step == nil {
		return nil
	}
	return k.Step(tenantID, name)
}
