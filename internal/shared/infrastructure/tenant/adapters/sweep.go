package adapters

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
)

const (
	// defaultSweepPeriod ± sweepJitter: 54 s at most, so that a suspension whose event was lost is in force within 60
	// s.
	defaultSweepPeriod = 45 * time.Second
	sweepJitter        = 0.2
	// sweepLeast keeps sweeps apart while a Redis that comes and goes asks for one after the other.
	sweepLeast = time.Second
	// sweepTimeout bounds one; a hundred schemas are made in it.
	sweepTimeout = 40 * time.Second
	// sweepProvisions schemas are made at once, so that requests keep most of the database.
	sweepProvisions = 2
)

// TenantSweepConfig is what the sweep compares.
type TenantSweepConfig struct {
	// List returns the authority's tenants. If complete, a tenant that it did not list does not exist; after an error
	// what was listed counts.
	List     func(ctx context.Context) (tenants []ports.TenantConfig, complete bool, err error)
	Cache    *CachedConfigurationAdapter // nil where there is none
	Pending  func(ctx context.Context, tenantIDs []string) ([]string, error)
	Schemas  ports.TenantSchemaProvisioner
	Database string        // the one that Schemas works in; tenants of others are passed over
	Period   time.Duration // 45 s
	Log      *slog.Logger  // nil discards
}

// ListRegistry is the List of the built-in registry, read page by page.
func ListRegistry(r *Registry) func(context.Context) ([]ports.TenantConfig, bool, error) {
	return func(ctx context.Context) (all []ports.TenantConfig, complete bool, err error) {
		for after := ""; ; after = all[len(all)-1].Slug {
			page, err := r.Records(ctx, "", after, maxListLimit)
			if err != nil {
				return all, false, err
			}
			for _, record := range page {
				all = append(all, record.TenantConfig)
			}
			if len(page) < maxListLimit {
				return all, true, nil
			}
		}
	}
}

// ListKnown is the List of an authority that answers about one tenant at a time: it reads those in the cache again.
func ListKnown(c *CachedConfigurationAdapter) func(context.Context) ([]ports.TenantConfig, bool, error) {
	return func(ctx context.Context) ([]ports.TenantConfig, bool, error) {
		known, err := c.Revalidate(ctx)
		return known, false, err
	}
}

// TenantSweep periodically reconciles cached configurations and schemas with the authority on tenants, so that missed
// events heal. Shares of pools follow from the configurations.
type TenantSweep struct {
	life   safego.Life
	config TenantSweepConfig
	wake   chan struct{}

	mu       sync.Mutex
	complete map[string]struct{} // tenants whose schema was found or made complete: it does not go away by itself

	sweeps, corrections, provisions, failures atomic.Int64
}

// NewTenantSweep does nothing before Start.
func NewTenantSweep(config TenantSweepConfig) (*TenantSweep, error) {
	if config.List == nil || config.Pending == nil || config.Schemas == nil || config.Database == "" {
		return nil, errors.New("the tenant sweep needs a list, a provisioner and the name of its database")
	}
	config.Period = cmp.Or(config.Period, defaultSweepPeriod)
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &TenantSweep{config: config, wake: make(chan struct{}, 1), complete: map[string]struct{}{}}, nil
}

// Wake asks for a sweep soon. It never blocks.
func (s *TenantSweep) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // one is asked for already
	}
}

// Start sweeps at once, then every period and when woken, until ctx ends or Stop.
func (s *TenantSweep) Start(ctx context.Context) error {
	return s.life.Run(ctx, func(ctx context.Context) error {
		for {
			s.once(ctx)
			period := float64(s.config.Period) * (1 + sweepJitter*(2*rand.Float64()-1))
			if safego.Pause(ctx, sweepLeast, nil) != nil ||
				safego.Pause(ctx, time.Duration(period)-sweepLeast, s.wake) != nil {
				return nil //nolint:nilerr // an ended context is how it stops
			}
		}
	})
}

// Stop ends Start and waits for it.
func (s *TenantSweep) Stop() error { return s.life.Stop() }

func (s *TenantSweep) once(ctx context.Context) {
	defer safego.RecoverAndLogWithContext(ctx, s.config.Log, "tenant.sweep")
	if err := s.Once(ctx); err != nil && ctx.Err() == nil {
		s.failures.Add(1)
		s.config.Log.WarnContext(ctx, "the sweep of tenants failed in part", "error", err)
	}
}

// Once sweeps once. A failure with one tenant does not stop the others.
func (s *TenantSweep) Once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	s.sweeps.Add(1)
	tenants, complete, err := s.config.List(ctx)
	if err != nil {
		err = fmt.Errorf("listing tenants: %w", err)
	}
	s.convergeCache(ctx, tenants, complete && err == nil)
	return errors.Join(err, s.convergeSchemas(ctx, tenants))
}

func (s *TenantSweep) convergeCache(ctx context.Context, tenants []ports.TenantConfig, complete bool) {
	if s.config.Cache == nil {
		return
	}
	listed := make(map[string]struct{}, len(tenants))
	for _, tenant := range tenants {
		listed[tenant.TenantID] = struct{}{}
		if s.config.Cache.Observe(tenant) {
			s.corrected(ctx, tenant.TenantID)
		}
	}
	if !complete {
		return
	}
	for _, tenantID := range s.config.Cache.Cached() {
		if _, known := listed[tenantID]; !known {
			s.config.Cache.Invalidate(tenantID) // removed, or created since: the next request asks
			s.corrected(ctx, tenantID)
		}
	}
}

func (s *TenantSweep) corrected(ctx context.Context, tenantID string) {
	s.corrections.Add(1)
	s.config.Log.InfoContext(ctx, "tenant change detected by sweep (event missed)", "tenant", tenantID)
}

func (s *TenantSweep) convergeSchemas(ctx context.Context, tenants []ports.TenantConfig) error {
	asked := s.unsure(tenants)
	if len(asked) == 0 {
		return nil
	}
	pending, err := s.config.Pending(ctx, asked)
	if err != nil {
		return fmt.Errorf("looking for schemas to provision: %w", err)
	}
	lacking := make(map[string]struct{}, len(pending))
	for _, tenantID := range pending {
		lacking[tenantID] = struct{}{}
	}
	for _, tenantID := range asked {
		if _, lacks := lacking[tenantID]; !lacks {
			s.sure(tenantID)
		}
	}
	return s.provision(ctx, pending)
}

// unsure returns the active tenants of our database whose schema was not seen complete yet.
func (s *TenantSweep) unsure(tenants []ports.TenantConfig) (tenantIDs []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, tenant := range tenants {
		_, complete := s.complete[tenant.TenantID]
		ours := tenant.Cluster == "" && tenant.Dedicated.DSN == "" &&
			cmp.Or(tenant.Database, s.config.Database) == s.config.Database
		switch {
		case tenant.Status != ports.TenantActive:
			delete(s.complete, tenant.TenantID) // it may come back to another schema, or to none
		case !complete && ours:
			tenantIDs = append(tenantIDs, tenant.TenantID)
		}
	}
	return tenantIDs
}

func (s *TenantSweep) sure(tenantID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.complete[tenantID] = struct{}{}
}

func (s *TenantSweep) provision(ctx context.Context, tenantIDs []string) error {
	var all errgroup.Group
	all.SetLimit(sweepProvisions)
	faults := make([]error, len(tenantIDs))
	for n, tenantID := range tenantIDs {
		all.Go(func() error {
			if err := s.config.Schemas.ProvisionTenantSchema(ctx, tenantID); err != nil {
				faults[n] = fmt.Errorf("provisioning tenant %s: %w", tenantID, err)
				return nil
			}
			s.provisions.Add(1)
			s.sure(tenantID)
			return nil
		})
	}
	return errors.Join(all.Wait(), errors.Join(faults...))
}

// SweepStats counts sweeps, cached configurations they corrected, schemas they made, and sweeps that were not complete.
type SweepStats struct{ Sweeps, Corrections, Provisions, Failures int64 }

// Stats returns the counts since the start.
func (s *TenantSweep) Stats() SweepStats {
	return SweepStats{s.sweeps.Load(), s.corrections.Load(), s.provisions.Load(), s.failures.Load()}
}
