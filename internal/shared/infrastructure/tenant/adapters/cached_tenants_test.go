//go:build unit || !integration

package adapters_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/shared/ports"
)

func TestCachedTenants_Observe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(1)
		c := newCache(t, a)
		get := func(n int) string { return outcome(c.GetTenantConfig(t.Context(), idOf(n))) }
		get(0)
		known := a.known[idOf(0)]
		touched := known
		touched.UpdatedAt = time.Now()
		require.False(t, c.Observe(known))
		require.False(t, c.Observe(touched), "times alone are no difference")

		a.set(idOf(0), ports.TenantSuspended, 2)
		require.True(t, c.Observe(a.known[idOf(0)]))
		require.Equal(t, "SUSPENDED v2", get(0))
		require.False(t, c.Observe(known), "a list read earlier than what is known")
		require.Equal(t, 2, a.asked(idOf(0)))

		other := ports.TenantConfig{TenantID: idOf(1), Status: ports.TenantActive, Version: 1}
		require.False(t, c.Observe(other), "nothing was known of it")
		require.Equal(t, "NOT_FOUND", get(1))
		require.False(t, c.Observe(ports.TenantConfig{TenantID: idOf(1), Status: ports.TenantDeleted}))
		require.Equal(t, "NOT_FOUND", get(1))
		a.set(idOf(1), ports.TenantActive, 1)
		require.True(t, c.Observe(other), "it was held for nobody's")
		require.Equal(t, "ACTIVE v1", get(1))
	})
}

func TestCachedTenants_ObserveOvertakesALoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(1)
		c := newCache(t, a)
		gate := make(chan struct{})
		a.gate = gate
		got := make(chan string, 1)
		go func() { got <- outcome(c.GetTenantConfig(t.Context(), idOf(0))) }()
		synctest.Wait()
		a.set(idOf(0), ports.TenantSuspended, 2)
		a.change(func() { a.gate = nil })
		c.Observe(a.known[idOf(0)])
		require.Equal(t, "SUSPENDED v2", <-got)
		close(gate)
	})
}

func TestCachedTenants_Revalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(3)
		c := newCache(t, a)
		for n := range 3 {
			c.GetTenantConfig(t.Context(), idOf(n))
		}
		a.set(idOf(1), ports.TenantSuspended, 2)
		a.change(func() { delete(a.known, idOf(2)) })
		known, err := c.Revalidate(t.Context())
		require.NoError(t, err)
		statuses := map[string]ports.TenantStatus{}
		for _, config := range known {
			statuses[config.TenantID] = config.Status
		}
		require.Equal(t, map[string]ports.TenantStatus{
			idOf(0): ports.TenantActive, idOf(1): ports.TenantSuspended, idOf(2): ports.TenantDeleted,
		}, statuses)

		a.change(func() { a.down = errDown })
		known, err = c.Revalidate(t.Context())
		require.ErrorIs(t, err, errDown)
		require.Empty(t, known)
	})
}
