//go:build unit || !integration

package adapters_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

// failingFor answers every tenant but those, which get a 500.
func failingFor(numbers ...int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		tenantID, _ := settingsPath(r.URL.Path)
		for _, n := range numbers {
			if tenantID == idOf(n) {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
		}
		activeTenants(w, r)
	}
}

func TestBreaker_OpensAfterFiveFailuresInARow(t *testing.T) {
	t.Parallel()
	m := newManager(t, status(http.StatusServiceUnavailable))
	r := newRemote(t, m)
	for range 10 {
		require.Equal(t, "UNAVAILABLE", outcome(r.GetTenantConfig(t.Context(), idOf(1))))
	}
	require.EqualValues(t, 5, m.calls.Load())
	m.says(activeTenants)
	_, err := r.GetTenantConfig(t.Context(), idOf(2))
	require.Equal(t, recon.KindUnavailable, recon.KindOf(err), "nobody answers, so nobody is asked, whoever the tenant is")
	require.EqualValues(t, 5, m.calls.Load())
}

func TestBreaker_OneTenantsTroubleIsItsOwn(t *testing.T) {
	t.Parallel()
	m := newManager(t, failingFor(1))
	r := newRemote(t, m)
	for range 10 {
		require.Equal(t, "UNAVAILABLE", outcome(r.GetTenantConfig(t.Context(), idOf(1))))
	}
	require.EqualValues(t, 5, m.calls.Load(), "its own breaker is open")
	require.Equal(t, "ACTIVE v3", outcome(r.GetTenantConfig(t.Context(), idOf(2))), "and nobody else's")
}

func TestBreaker_ErrorsOfManyTenantsAreTheManagers(t *testing.T) {
	t.Parallel()
	m := newManager(t, status(http.StatusInternalServerError))
	r := newRemote(t, m)
	for n := range 10 {
		require.Equal(t, "UNAVAILABLE", outcome(r.GetTenantConfig(t.Context(), idOf(n))))
	}
	before := m.calls.Load()
	m.says(activeTenants)
	require.Equal(t, "UNAVAILABLE", outcome(r.GetTenantConfig(t.Context(), idOf(20))))
	require.Equal(t, before, m.calls.Load())
}

func TestBreaker_HalfOpenLetsOneProbeThrough(t *testing.T) {
	t.Parallel()
	m := newManager(t, status(http.StatusServiceUnavailable))
	r := newRemote(t, m, func(s *tenancy.RemoteConfiguration) { s.BreakerTimeout, s.BreakerThreshold = 100*time.Millisecond, 1 })
	require.Equal(t, "UNAVAILABLE", outcome(r.GetTenantConfig(t.Context(), idOf(1))))
	entered, release := make(chan struct{}, 10), make(chan struct{})
	m.says(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-release
		activeTenants(w, r)
	})
	got := make(chan string, 1)
	require.Eventually(t, func() bool {
		go func() { got <- outcome(r.GetTenantConfig(t.Context(), idOf(1))) }()
		select {
		case <-entered:
			return true
		case <-got: // still open
			return false
		}
	}, time.Minute, 10*time.Millisecond)
	require.Equal(t, "UNAVAILABLE", outcome(r.GetTenantConfig(t.Context(), idOf(2))), "while the probe is out")
	close(release)
	require.Equal(t, "ACTIVE v3", <-got)
	require.Equal(t, "ACTIVE v3", outcome(r.GetTenantConfig(t.Context(), idOf(2))))
}

func TestBreaker_ATenantKnownToFailDoesNotKeepTheManagersOpen(t *testing.T) {
	t.Parallel()
	m := newManager(t, failingFor(1))
	r := newRemote(t, m, func(s *tenancy.RemoteConfiguration) { s.BreakerTimeout, s.BreakerThreshold = 20*time.Millisecond, 2 })
	require.Equal(t, "UNAVAILABLE", outcome(r.GetTenantConfig(t.Context(), idOf(1)))) // known to fail from here on
	m.says(status(http.StatusServiceUnavailable))
	require.Equal(t, "UNAVAILABLE", outcome(r.GetTenantConfig(t.Context(), idOf(2)))) // the manager's breaker opens
	m.says(failingFor(1))
	require.Eventually(t, func() bool {
		_, _ = r.GetTenantConfig(t.Context(), idOf(1)) // takes the probe whenever it can
		return outcome(r.GetTenantConfig(t.Context(), idOf(2))) == "ACTIVE v3"
	}, time.Minute, 5*time.Millisecond)
}
