//go:build unit || !integration

package adapters_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

// schemas is what a database holds of schemas, and the provisioner of them.
type schemas struct {
	mu     sync.Mutex
	made   map[string]bool
	broken map[string]bool
	asked  int
}

func (s *schemas) pending(_ context.Context, tenantIDs []string) (lacking []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked += len(tenantIDs)
	for _, tenantID := range tenantIDs {
		if !s.made[tenantID] {
			lacking = append(lacking, tenantID)
		}
	}
	return lacking, nil
}

func (s *schemas) ProvisionTenantSchema(_ context.Context, tenantID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken[tenantID] {
		return errors.New("no room")
	}
	s.made[tenantID] = true
	return nil
}

// list is the authority's tenants, all of them.
func (a *authority) list(context.Context) (tenants []ports.TenantConfig, complete bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, tenant := range a.known {
		tenants = append(tenants, tenant)
	}
	return tenants, a.down == nil, a.down
}

func newSweep(t *testing.T, a *authority, c *tenancy.CachedConfigurationAdapter) (*tenancy.TenantSweep, *schemas) {
	t.Helper()
	s := &schemas{made: map[string]bool{}, broken: map[string]bool{}}
	sweep, err := tenancy.NewTenantSweep(tenancy.TenantSweepConfig{List: a.list, Cache: c, Pending: s.pending, Schemas: s, Database: "matcher"})
	require.NoError(t, err)
	return sweep, s
}

func TestNewTenantSweep(t *testing.T) {
	t.Parallel()
	_, err := tenancy.NewTenantSweep(tenancy.TenantSweepConfig{})
	require.Error(t, err)
}

func TestTenantSweep_ASuspensionThatNoEventToldOfIsInForceWithinAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(3)
		c := newCache(t, a)
		sweep, _ := newSweep(t, a, c)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = sweep.Start(ctx) })
		get := func() string { return outcome(c.GetTenantConfig(t.Context(), idOf(0))) }
		var gaps []time.Duration
		for version := int64(2); version < 42; version += 2 {
			synctest.Wait()
			require.Equal(t, "ACTIVE", get()[:6])
			a.set(idOf(0), ports.TenantSuspended, version)
			start := time.Now()
			for get()[:6] == "ACTIVE" {
				advance(100 * time.Millisecond)
			}
			gaps = append(gaps, time.Since(start))
			a.set(idOf(0), ports.TenantActive, version+1)
			sweep.Wake()
			advance(2 * time.Second)
		}
		require.LessOrEqual(t, slices.Max(gaps), 60*time.Second)
		require.Greater(t, slices.Max(gaps)-slices.Min(gaps), time.Second, "sweeps of several instances spread")
		require.GreaterOrEqual(t, sweep.Stats().Corrections, int64(40))
		cancel()
		running.Wait()
	})
}

func TestTenantSweep_Converges(t *testing.T) {
	t.Parallel()
	a := newAuthority(4)
	c := newCache(t, a)
	sweep, s := newSweep(t, a, c)
	a.set(idOf(1), ports.TenantSuspended, 1)
	a.set(idOf(2), ports.TenantDeleted, 1)
	elsewhere := a.known[idOf(3)]
	elsewhere.Database = "big_customer"
	a.known[idOf(3)] = elsewhere

	require.NoError(t, sweep.Once(t.Context()))
	require.Equal(t, map[string]bool{idOf(0): true}, s.made, "active ones of our database get a schema")
	require.NoError(t, sweep.Once(t.Context()))
	require.Equal(t, 1, s.asked, "a schema that was complete is not looked at again")
	require.Equal(t, tenancy.SweepStats{Sweeps: 2, Provisions: 1}, sweep.Stats())

	t.Run("one tenant's failure is its own, and tried again", func(t *testing.T) {
		a.set(idOf(5), ports.TenantActive, 1)
		a.set(idOf(6), ports.TenantActive, 1)
		s.broken[idOf(5)] = true
		require.ErrorContains(t, sweep.Once(t.Context()), idOf(5))
		require.True(t, s.made[idOf(6)])
		s.broken[idOf(5)] = false
		require.NoError(t, sweep.Once(t.Context()))
		require.True(t, s.made[idOf(5)])
	})
	t.Run("a tenant that is gone is forgotten, but not because the authority is down", func(t *testing.T) {
		require.Equal(t, "ACTIVE v1", outcome(c.GetTenantConfig(t.Context(), idOf(0))))
		a.change(func() { a.down = errDown })
		require.ErrorIs(t, sweep.Once(t.Context()), errDown)
		require.Equal(t, []string{idOf(0)}, c.Cached())
		a.change(func() { a.down = nil; delete(a.known, idOf(0)) })
		require.NoError(t, sweep.Once(t.Context()))
		require.Empty(t, c.Cached())
		require.Equal(t, "NOT_FOUND", outcome(c.GetTenantConfig(t.Context(), idOf(0))))
	})
	t.Run("it works without a cache", func(t *testing.T) {
		sweep, s := newSweep(t, a, nil)
		require.NoError(t, sweep.Once(t.Context()))
		require.True(t, s.made[idOf(6)])
	})
}

func TestTenantSweep_APanicOfTheListDoesNotEndIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		s := &schemas{made: map[string]bool{}}
		sweep, err := tenancy.NewTenantSweep(tenancy.TenantSweepConfig{
			Pending: s.pending, Schemas: s, Database: "matcher",
			List: func(context.Context) ([]ports.TenantConfig, bool, error) {
				if calls++; calls == 1 {
					panic("boom")
				}
				return nil, false, errDown
			},
		})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		_ = sweep.Start(ctx)
		require.Greater(t, calls, 10)
		require.Equal(t, int64(calls-1), sweep.Stats().Failures)
	})
}

func TestListKnown_AsksAnewAndNeverClaimsToKnowAll(t *testing.T) {
	t.Parallel()
	a := newAuthority(2)
	c := newCache(t, a)
	c.GetTenantConfig(t.Context(), idOf(0))
	a.set(idOf(0), ports.TenantSuspended, 2)
	s := &schemas{made: map[string]bool{}}
	sweep, err := tenancy.NewTenantSweep(tenancy.TenantSweepConfig{List: tenancy.ListKnown(c), Cache: c, Pending: s.pending, Schemas: s, Database: "matcher"})
	require.NoError(t, err)
	require.NoError(t, sweep.Once(t.Context()))
	require.Equal(t, "SUSPENDED v2", outcome(c.GetTenantConfig(t.Context(), idOf(0))))
	require.EqualValues(t, 1, sweep.Stats().Corrections)
	a.change(func() { a.down = errDown })
	require.ErrorIs(t, sweep.Once(t.Context()), errDown)
	require.Equal(t, []string{idOf(0)}, c.Cached(), "what could not be asked about stays")
}
