//go:build unit || !integration

package adapters_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

const ttl = 300 * time.Second

func idOf(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// authority is a port whose answers a test decides.
type authority struct {
	mu    sync.Mutex
	known map[string]ports.TenantConfig
	down  error
	calls map[string]int
	gate  chan struct{} // when not nil, answers wait for it, taken before they wait
}

func newAuthority(tenants int) *authority {
	a := &authority{known: map[string]ports.TenantConfig{}, calls: map[string]int{}}
	for n := range tenants {
		a.set(idOf(n), ports.TenantActive, 1)
	}
	return a
}

func (a *authority) set(tenantID string, status ports.TenantStatus, version int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known[tenantID] = ports.TenantConfig{TenantID: tenantID, Slug: "s", Status: status, Version: version}
}

func (a *authority) change(edit func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	edit()
}

func (a *authority) asked(tenantID string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[tenantID]
}

func (a *authority) GetTenantConfig(ctx context.Context, tenantID string) (*ports.TenantConfig, error) {
	a.mu.Lock()
	a.calls[tenantID]++
	config, known := a.known[tenantID]
	down, gate := a.down, a.gate
	a.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	switch {
	case down != nil:
		return nil, down
	case !known:
		return nil, recon.NotFound("tenant")
	default:
		return &config, nil
	}
}

var errDown = recon.Unavailable("DOWN", time.Second, "down")

func newCache(t *testing.T, a *authority, options ...tenancy.CacheOption) *tenancy.CachedConfigurationAdapter {
	t.Helper()
	cache, err := tenancy.NewCachedConfigurationAdapter(a, ttl, options...)
	require.NoError(t, err)
	return cache
}

// advance lets virtual time go by.
func advance(by time.Duration) { <-time.After(by) }

// outcome is what a caller sees, in a word.
func outcome(config *ports.TenantConfig, err error) string {
	if err != nil {
		return string(recon.KindOf(err))
	}
	return fmt.Sprintf("%s v%d", config.Status, config.Version)
}

func TestNewCachedConfigurationAdapter(t *testing.T) {
	t.Parallel()
	a := newAuthority(0)
	_, err := tenancy.NewCachedConfigurationAdapter(nil, ttl)
	require.ErrorContains(t, err, "port")
	for _, bad := range []time.Duration{0, -1} {
		_, err = tenancy.NewCachedConfigurationAdapter(a, bad)
		require.ErrorContains(t, err, "time to live")
	}
	for _, option := range []tenancy.CacheOption{
		tenancy.WithTTLJitter(1), tenancy.WithTTLJitter(-0.1), tenancy.WithCacheSize(0),
		tenancy.WithMaxStale(-1), tenancy.WithLoadTimeout(0),
	} {
		_, err = tenancy.NewCachedConfigurationAdapter(a, ttl, option)
		require.ErrorContains(t, err, "out of range")
	}
	_, err = tenancy.NewCachedConfigurationAdapter(a, ttl, tenancy.WithTTLJitter(0.15))
	require.NoError(t, err)
}

func TestCachedConfiguration_HitAndExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(1)
		c := newCache(t, a)
		for range 3 {
			require.Equal(t, "ACTIVE v1", outcome(c.GetTenantConfig(t.Context(), idOf(0))))
		}
		require.Equal(t, 1, a.asked(idOf(0)), "a hit asks nobody")
		advance(ttl)
		a.set(idOf(0), ports.TenantActive, 2)
		require.Equal(t, "ACTIVE v2", outcome(c.GetTenantConfig(t.Context(), idOf(0))), "an expired entry waits for the answer")
		require.Equal(t, 2, a.asked(idOf(0)))
		require.Equal(t, tenancy.CacheStats{Hits: 2, Misses: 2, Loads: 2}, c.Stats())
	})
}

func TestCachedConfiguration_StaleOnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(1)
		c := newCache(t, a, tenancy.WithMaxStale(time.Minute))
		get := func() string { return outcome(c.GetTenantConfig(t.Context(), idOf(0))) }
		get()
		a.change(func() { a.down = errDown })
		advance(ttl)
		require.Equal(t, "ACTIVE v1", get())
		require.Equal(t, "ACTIVE v1", get())
		require.Equal(t, 2, a.asked(idOf(0)), "a failing authority is left alone for a moment")
		advance(time.Minute)
		require.Equal(t, "UNAVAILABLE", get(), "past the hard limit")
		a.change(func() { a.down = nil })
		require.Equal(t, "ACTIVE v1", get(), "it recovers by itself")
	})
}

func TestCachedConfiguration_Invalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(2)
		c := newCache(t, a)
		get := func(n int) string { return outcome(c.GetTenantConfig(t.Context(), idOf(n))) }
		get(0)
		get(1)
		c.Invalidate(idOf(0))
		get(0)
		get(1)
		require.Equal(t, []int{2, 1}, []int{a.asked(idOf(0)), a.asked(idOf(1))})
		c.InvalidateAll()
		get(0)
		get(1)
		require.Equal(t, []int{3, 2}, []int{a.asked(idOf(0)), a.asked(idOf(1))})
		require.ElementsMatch(t, []string{idOf(0), idOf(1)}, c.Cached())

		require.False(t, c.InvalidateOlder(idOf(0), 1), "what is known is no older")
		require.Equal(t, 3, a.asked(idOf(0)))
		require.True(t, c.InvalidateOlder(idOf(0), 2))
		require.False(t, c.InvalidateOlder(idOf(9), 7), "nothing was known")
		a.change(func() { a.down = errDown })
		require.Equal(t, "UNAVAILABLE", get(0), "what was invalidated is never served again")
	})
}

func TestT90_CacheOnVirtualTime(t *testing.T) {
	t.Parallel()
	t.Run("lives are spread by the jitter and keep within it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			const tenants = 200
			a := newAuthority(tenants)
			c := newCache(t, a, tenancy.WithTTLJitter(0.15))
			load := func() (asked int) {
				for n := range tenants {
					c.GetTenantConfig(t.Context(), idOf(n))
				}
				synctest.Wait()
				for n := range tenants {
					asked += a.asked(idOf(n))
				}
				return asked
			}
			load()
			early, late := time.Duration(float64(ttl)*0.8*0.85), time.Duration(float64(ttl)*0.8*1.15)
			advance(early - time.Second)
			require.Equal(t, tenants, load(), "nobody is due before 0.8 · 0.85 of the TTL")
			advance(ttl*8/10 - early + time.Second)
			half := load() - tenants
			require.Greater(t, half, tenants/4)
			require.Less(t, half, tenants*3/4)
			advance(late - ttl*8/10 + time.Second)
			require.GreaterOrEqual(t, load(), 2*tenants, "everybody is due after 0.8 · 1.15 of it")
			require.Zero(t, c.Stats().Stale)
		})
	})
	t.Run("an unknown tenant is unknown for 5 to 10 s, and at once known when its creation is told", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(0)
			c := newCache(t, a)
			get := func() string { return outcome(c.GetTenantConfig(t.Context(), idOf(0))) }
			require.Equal(t, "NOT_FOUND", get())
			advance(5*time.Second - 1)
			require.Equal(t, "NOT_FOUND", get())
			require.Equal(t, 1, a.asked(idOf(0)))
			advance(5*time.Second + 1)
			require.Equal(t, "NOT_FOUND", get())
			require.Equal(t, 2, a.asked(idOf(0)))
			a.set(idOf(0), ports.TenantActive, 1)
			require.Equal(t, "NOT_FOUND", get())
			require.True(t, c.InvalidateOlder(idOf(0), 1))
			require.Equal(t, "ACTIVE v1", get())
		})
	})
	t.Run("from 80 % of its life a configuration is asked for in the background, once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(1)
			c := newCache(t, a)
			get := func() string { return outcome(c.GetTenantConfig(t.Context(), idOf(0))) }
			get()
			a.set(idOf(0), ports.TenantActive, 2)
			advance(ttl * 8 / 10)
			gate := make(chan struct{})
			a.change(func() { a.gate = gate })
			for range 5 {
				require.Equal(t, "ACTIVE v1", get(), "nobody waits for it")
			}
			synctest.Wait()
			require.Equal(t, 2, a.asked(idOf(0)))
			close(gate)
			synctest.Wait()
			require.Equal(t, "ACTIVE v2", get())
			for range 20 { // in use it never expires
				advance(ttl / 10)
				require.Equal(t, "ACTIVE v2", get())
				synctest.Wait()
			}
			require.EqualValues(t, 1, c.Stats().Misses)
		})
	})
	t.Run("no more tenants than its size, and those in use stay", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(30)
			c := newCache(t, a, tenancy.WithCacheSize(10))
			for n := range 30 {
				require.Equal(t, "ACTIVE v1", outcome(c.GetTenantConfig(t.Context(), idOf(n))))
				c.GetTenantConfig(t.Context(), idOf(0))
			}
			require.Len(t, c.Cached(), 10)
			require.Equal(t, 1, a.asked(idOf(0)), "used all the time")
			require.Contains(t, c.Cached(), idOf(29))
			for n := range 500 { // unknown ones are bounded too, and push nobody out
				c.GetTenantConfig(t.Context(), idOf(1000+n))
			}
			require.Len(t, c.Cached(), 10)
		})
	})
	t.Run("an answer that an invalidation overtook is neither kept nor given", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			for name, invalidate := range map[string]func(*tenancy.CachedConfigurationAdapter){
				"one": func(c *tenancy.CachedConfigurationAdapter) { c.Invalidate(idOf(0)) },
				"all": func(c *tenancy.CachedConfigurationAdapter) { c.InvalidateAll() },
			} {
				a := newAuthority(1)
				c := newCache(t, a)
				gate := make(chan struct{})
				a.change(func() { a.gate = gate })
				got := make(chan string, 1)
				go func() { got <- outcome(c.GetTenantConfig(t.Context(), idOf(0))) }()
				synctest.Wait() // the old answer is on its way
				a.set(idOf(0), ports.TenantSuspended, 2)
				a.change(func() { a.gate = nil })
				invalidate(c)
				require.Equal(t, "SUSPENDED v2", <-got, name)
				close(gate) // only now the old answer arrives
				synctest.Wait()
				require.Equal(t, "SUSPENDED v2", outcome(c.GetTenantConfig(t.Context(), idOf(0))), name)
			}
		})
	})
}

func TestT90_ACallersCloneIsItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, newAuthority(1))
		for range 2 { // the first is the loaded one, the second a hit
			mine, err := c.GetTenantConfig(t.Context(), idOf(0))
			require.NoError(t, err)
			mine.Status, mine.Database = ports.TenantDeleted, "elsewhere"
		}
		require.Equal(t, "ACTIVE v1", outcome(c.GetTenantConfig(t.Context(), idOf(0))))
	})
	for field := range reflect.TypeFor[ports.TenantConfig]().Fields() {
		deep := slices.Contains([]reflect.Kind{reflect.Map, reflect.Slice, reflect.Pointer, reflect.Interface, reflect.Chan}, field.Type.Kind())
		require.False(t, deep, "%s: cloneTenantConfig must copy it", field.Name)
	}
}

func TestCachedConfiguration_RefusesWhatIsNoTenant(t *testing.T) {
	t.Parallel()
	a := newAuthority(0)
	c := newCache(t, a)
	for _, bad := range []string{"", "*", "'; DROP SCHEMA x; --", "../../etc", "AAAAAAAA-0000-4000-8000-000000000000", string(make([]byte, 300))} {
		require.Equal(t, "NOT_FOUND", outcome(c.GetTenantConfig(t.Context(), bad)))
	}
	require.Empty(t, maps.Clone(a.calls), "nothing of it goes upstream")
}

// lying answers with nothing, with somebody else, or panics.
type lying struct {
	answer func() (*ports.TenantConfig, error)
}

func (l lying) GetTenantConfig(context.Context, string) (*ports.TenantConfig, error) {
	return l.answer()
}

func TestCachedConfiguration_AuthorityThatLies(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func() (*ports.TenantConfig, error){
		"nothing": func() (*ports.TenantConfig, error) { return nil, nil }, //nolint:nilnil // the lie
		"another tenant": func() (*ports.TenantConfig, error) {
			return &ports.TenantConfig{TenantID: idOf(1), Status: ports.TenantActive}, nil
		},
		"panic": func() (*ports.TenantConfig, error) { panic(errors.New("boom")) },
	} {
		c, err := tenancy.NewCachedConfigurationAdapter(lying{answer}, ttl)
		require.NoError(t, err)
		config, err := c.GetTenantConfig(t.Context(), idOf(0))
		require.Error(t, err, name)
		require.Nil(t, config, name)
		require.Empty(t, c.Cached(), name)
	}
}

func BenchmarkWarm(b *testing.B) {
	a := newAuthority(1000)
	c, err := tenancy.NewCachedConfigurationAdapter(a, ttl)
	require.NoError(b, err)
	for n := range 1000 {
		_, _ = c.GetTenantConfig(b.Context(), idOf(n))
	}
	id := idOf(7)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.GetTenantConfig(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}
