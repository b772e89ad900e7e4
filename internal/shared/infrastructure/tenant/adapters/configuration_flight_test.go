//go:build unit || !integration

package adapters_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

func TestT74_ManagerDownHalfOfTheCache(t *testing.T) {
	t.Parallel()
	t.Run("1,000 first callers make one question", func(t *testing.T) {
		a := newAuthority(1)
		gate := make(chan struct{})
		a.gate = gate
		c := newCache(t, a)
		var all sync.WaitGroup
		outcomes := make(chan string, 1000)
		for range cap(outcomes) {
			all.Go(func() { outcomes <- outcome(c.GetTenantConfig(t.Context(), idOf(0))) })
		}
		close(gate)
		all.Wait()
		close(outcomes)
		for got := range outcomes {
			require.Equal(t, "ACTIVE v1", got)
		}
		require.Equal(t, 1, a.asked(idOf(0)))
	})
	t.Run("1,000 callers of a manager that is down make one question and hear 503", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(1)
			gate := make(chan struct{})
			a.gate, a.down = gate, errDown
			c := newCache(t, a)
			var all sync.WaitGroup
			for range 1000 {
				all.Go(func() {
					if got := outcome(c.GetTenantConfig(t.Context(), idOf(0))); got != "UNAVAILABLE" {
						t.Error(got)
					}
				})
			}
			synctest.Wait()
			close(gate)
			all.Wait()
			require.Equal(t, 1, a.asked(idOf(0)))
		})
	})
	t.Run("known are served, suspended and deleted stay refused, unknown hear 503, and it recovers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(2)
			a.set(idOf(1), ports.TenantSuspended, 2)
			a.set(idOf(2), ports.TenantDeleted, 3)
			c := newCache(t, a, tenancy.WithMaxStale(10*time.Minute))
			see := func() (all []string) {
				for n := range 4 {
					all = append(all, outcome(c.GetTenantConfig(t.Context(), idOf(n))))
				}
				return all
			}
			require.Equal(t, []string{"ACTIVE v1", "SUSPENDED v2", "DELETED v3", "NOT_FOUND"}, see())
			a.change(func() { a.down = errDown })
			advance(ttl + time.Minute)
			require.Equal(t, []string{"ACTIVE v1", "SUSPENDED v2", "DELETED v3", "UNAVAILABLE"}, see())
			c.Invalidate(idOf(1)) // an event about a tombstone does not lift it
			require.Equal(t, "SUSPENDED v2", outcome(c.GetTenantConfig(t.Context(), idOf(1))))
			advance(10 * time.Minute)
			require.Equal(t, []string{"UNAVAILABLE", "SUSPENDED v2", "DELETED v3", "UNAVAILABLE"}, see(), "past the hard limit")
			a.change(func() { a.down = nil })
			a.set(idOf(1), ports.TenantActive, 3)
			advance(2 * time.Second)
			require.Equal(t, []string{"ACTIVE v1", "ACTIVE v3", "DELETED v3", "NOT_FOUND"}, see())
		})
	})
}

func TestFlight_ALaggingAuthorityDoesNotLiftASuspension(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(1)
		a.set(idOf(0), ports.TenantSuspended, 5)
		c := newCache(t, a)
		get := func() string { return outcome(c.GetTenantConfig(t.Context(), idOf(0))) }
		get()
		a.set(idOf(0), ports.TenantActive, 4) // a copy of the authority that has not heard of version 5
		advance(ttl)
		require.Equal(t, "SUSPENDED v5", get())
		a.set(idOf(0), ports.TenantActive, 6)
		advance(2 * time.Second)
		require.Equal(t, "ACTIVE v6", get())
	})
}

func TestFlight_SlowAuthority(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(1)
		c := newCache(t, a, tenancy.WithLoadTimeout(10*time.Second))
		get := func(n int) (string, time.Duration) {
			start := time.Now()
			return outcome(c.GetTenantConfig(t.Context(), idOf(n))), time.Since(start)
		}
		get(0)
		gate := make(chan struct{})
		defer close(gate)
		a.change(func() { a.gate = gate })
		advance(ttl)
		got, took := get(0)
		require.Equal(t, "ACTIVE v1", got)
		require.Equal(t, 2*time.Second, took, "who has something older does not wait long")
		_, took = get(0)
		require.Zero(t, took, "and the next does not wait at all")
		got, took = get(5)
		require.Equal(t, "UNAVAILABLE", got)
		require.Equal(t, 10*time.Second, took)
	})
}

func TestFlight_ACallerThatHangsUpFailsNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(1)
		gate := make(chan struct{})
		a.gate = gate
		c := newCache(t, a)
		first, hangUp := context.WithCancelCause(t.Context())
		errs := make(chan error, 1)
		go func() { _, err := c.GetTenantConfig(first, idOf(0)); errs <- err }()
		synctest.Wait()
		second := make(chan string, 1)
		go func() { second <- outcome(c.GetTenantConfig(t.Context(), idOf(0))) }()
		synctest.Wait()
		gone := errors.New("gone")
		hangUp(gone)
		require.ErrorIs(t, <-errs, gone)
		close(gate)
		require.Equal(t, "ACTIVE v1", <-second)
		require.Equal(t, 1, a.asked(idOf(0)))
	})
}

// step is one thing that happens to a cache over three tenants.
type step struct {
	Op     string
	Tenant int
	Wait   time.Duration
}

// runSteps plays steps on virtual time against what must always hold, and says what did not.
func runSteps(t *testing.T, steps []step) (fault string) {
	synctest.Test(t, func(t *testing.T) {
		const maxStale = 10 * time.Minute
		a := newAuthority(3)
		c := newCache(t, a, tenancy.WithTTLJitter(0.15), tenancy.WithMaxStale(maxStale), tenancy.WithCacheSize(2))
		versions, confirmed := map[int]int64{0: 1, 1: 1, 2: 1}, map[int]time.Time{}
		seen := map[int]int64{} // the highest version that the cache has told of, or that it was told to forget
		down := false
		for n, s := range steps {
			advance(s.Wait)
			id := idOf(s.Tenant)
			switch s.Op {
			case "fail", "heal":
				down = s.Op == "fail"
				a.change(func() { a.down = map[bool]error{true: errDown}[down] })
			case "suspend", "resume":
				versions[s.Tenant]++
				a.set(id, map[string]ports.TenantStatus{"suspend": ports.TenantSuspended, "resume": ports.TenantActive}[s.Op], versions[s.Tenant])
			case "event":
				c.InvalidateOlder(id, versions[s.Tenant])
				seen[s.Tenant] = versions[s.Tenant]
			case "all":
				c.InvalidateAll()
				maps.Copy(seen, versions)
			case "get":
				if fault = checkGet(c, a, s.Tenant, seen, confirmed, maxStale); fault != "" {
					fault = fmt.Sprintf("step %d: %s", n, fault)
					return
				}
			}
			synctest.Wait()
			if !down && a.asked(id) > 0 && s.Op == "get" {
				confirmed[s.Tenant] = time.Now()
			}
			if len(c.Cached()) > 2 {
				fault = fmt.Sprintf("step %d: %d tenants in a cache of two", n, len(c.Cached()))
				return
			}
		}
	})
	return fault
}

func checkGet(c *tenancy.CachedConfigurationAdapter, a *authority, tenant int, seen map[int]int64, confirmed map[int]time.Time, maxStale time.Duration) string {
	config, err := c.GetTenantConfig(context.Background(), idOf(tenant))
	a.mu.Lock()
	defer a.mu.Unlock()
	truth := a.known[idOf(tenant)]
	switch {
	case err != nil && a.down == nil:
		return "an error while the authority answers: " + err.Error()
	case err != nil:
		return ""
	case config.TenantID != idOf(tenant):
		return "another tenant's configuration"
	case config.Version < seen[tenant] && config.Status == ports.TenantActive:
		return fmt.Sprintf("active at version %d after version %d was known", config.Version, seen[tenant])
	case config.Version > truth.Version:
		return "a version that never was"
	case a.down != nil && config.Status == ports.TenantActive && !confirmed[tenant].IsZero() && time.Since(confirmed[tenant]) > ttl*115/100+maxStale:
		return "stale past the hard limit"
	}
	seen[tenant] = max(seen[tenant], config.Version)
	return ""
}

func TestCacheInvariants(t *testing.T) {
	t.Parallel()
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			Op:     rapid.SampledFrom([]string{"get", "get", "get", "suspend", "resume", "event", "all", "fail", "heal"}).Draw(t, "op"),
			Tenant: rapid.IntRange(0, 2).Draw(t, "tenant"),
			Wait:   time.Duration(rapid.SampledFrom([]int{0, 0, 1, 3, 60, 250, 400, 1200}).Draw(t, "wait")) * time.Second,
		}
	}), 1, 40)
	rapid.Check(t, func(rt *rapid.T) {
		if fault := runSteps(t, steps.Draw(rt, "steps")); fault != "" {
			rt.Fatal(fault)
		}
	})
}
