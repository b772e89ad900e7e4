//go:build unit || !integration

package adapters_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

const serviceKey = "s3cret-service-key"

// fakeManager is a tenant manager in this process; answer decides what it says.
type fakeManager struct {
	*httptest.Server
	calls  atomic.Int64
	answer atomic.Pointer[http.HandlerFunc]
}

func newManager(t *testing.T, answer http.HandlerFunc) *fakeManager {
	t.Helper()
	m := &fakeManager{}
	m.says(answer)
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.calls.Add(1)
		(*m.answer.Load())(w, r)
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *fakeManager) says(answer http.HandlerFunc) { m.answer.Store(&answer) }

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

// settingsPath is the tenant's id when the path is the first of the two.
func settingsPath(path string) (tenantID string, ok bool) {
	tenantID, ok = strings.CutSuffix(strings.TrimPrefix(path, "/tenants/"), "/services/matcher/settings")
	return tenantID, ok
}

func activeTenants(w http.ResponseWriter, r *http.Request) {
	tenantID, ok := settingsPath(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(ports.TenantConfig{TenantID: tenantID, Slug: "acme", Name: "Acme", Status: ports.TenantActive, Version: 3, Connections: 4})
}

func newRemote(t *testing.T, m *fakeManager, change ...func(*tenancy.RemoteConfiguration)) *tenancy.RemoteConfigurationAdapter {
	t.Helper()
	settings := tenancy.RemoteConfiguration{URL: m.URL, APIKey: serviceKey, Timeout: 10 * time.Second, BreakerTimeout: time.Hour}
	for _, edit := range change {
		edit(&settings)
	}
	r, err := tenancy.NewRemoteConfigurationAdapter(settings)
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

func TestNewRemoteConfigurationAdapter(t *testing.T) {
	t.Parallel()
	for _, good := range []tenancy.RemoteConfiguration{
		{URL: "https://tenants.example.com/base", APIKey: "k"},
		{URL: "http://127.0.0.1:4003", APIKey: "k"},
		{URL: "http://[::1]:4003", APIKey: "k"},
		{URL: "http://localhost", APIKey: "k"},
	} {
		_, err := tenancy.NewRemoteConfigurationAdapter(good)
		require.NoError(t, err, good.URL)
	}
	for _, bad := range []tenancy.RemoteConfiguration{
		{URL: "https://tenants.example.com"},
		{URL: "https://tenants.example.com", APIKey: " "},
		{URL: "https://tenants.example.com", APIKey: "hunter2\r\nX-Admin: 1"},
		{URL: "http://tenants.example.com", APIKey: "hunter2"},
		{URL: "http://127.0.0.1.example.com", APIKey: "hunter2"},
		{URL: "ftp://127.0.0.1", APIKey: "hunter2"},
		{URL: "", APIKey: "hunter2"},
		{URL: "https://user:hunter2@tenants.example.com", APIKey: "k"},
		{URL: "https://tenants.example.com?key=hunter2", APIKey: "k"},
		{URL: "https://%zz", APIKey: "hunter2"},
		{URL: "https://tenants.example.com", APIKey: "hunter2", Timeout: -1},
	} {
		_, err := tenancy.NewRemoteConfigurationAdapter(bad)
		require.Error(t, err, bad.URL)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestRemoteConfiguration_Contract(t *testing.T) {
	t.Parallel()
	t.Run("the key goes out with the environment, and the answer is the configuration", func(t *testing.T) {
		m := newManager(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-API-Key") != serviceKey || r.URL.Query().Get("environment") != "staging & co" || r.Method != http.MethodGet {
				w.WriteHeader(http.StatusTeapot)
				return
			}
			activeTenants(w, r)
		})
		r := newRemote(t, m, func(s *tenancy.RemoteConfiguration) { s.Environment = "staging & co" })
		config, err := r.GetTenantConfig(t.Context(), idOf(1))
		require.NoError(t, err)
		require.Equal(t, &ports.TenantConfig{TenantID: idOf(1), Slug: "acme", Name: "Acme", Status: ports.TenantActive, Version: 3, Connections: 4}, config)
	})
	t.Run("a manager that knows only the other path is understood", func(t *testing.T) {
		m := newManager(t, func(w http.ResponseWriter, r *http.Request) {
			tenantID, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/base/v1/tenants/"), "/associations/matcher/connections")
			if !ok {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write([]byte(`{"id":"` + tenantID + `","tenantSlug":"acme","tenantName":"Acme","status":"active","isolationMode":"schema"}`))
		})
		r := newRemote(t, m, func(s *tenancy.RemoteConfiguration) { s.URL += "/base/" })
		config, err := r.GetTenantConfig(t.Context(), idOf(1))
		require.NoError(t, err)
		require.Equal(t, &ports.TenantConfig{TenantID: idOf(1), Slug: "acme", Name: "Acme", Status: ports.TenantActive}, config)
	})
	t.Run("403 is suspended, 404 is unknown, and neither opens the breaker", func(t *testing.T) {
		m := newManager(t, status(http.StatusForbidden))
		r := newRemote(t, m)
		for range 10 {
			require.Equal(t, "SUSPENDED v0", outcome(r.GetTenantConfig(t.Context(), idOf(1))))
		}
		m.says(http.NotFound)
		for range 10 {
			require.Equal(t, "NOT_FOUND", outcome(r.GetTenantConfig(t.Context(), idOf(1))))
		}
		m.says(activeTenants)
		require.Equal(t, "ACTIVE v3", outcome(r.GetTenantConfig(t.Context(), idOf(1))))
	})
	t.Run("what is no tenant id is not sent", func(t *testing.T) {
		m := newManager(t, activeTenants)
		r := newRemote(t, m)
		require.Equal(t, "NOT_FOUND", outcome(r.GetTenantConfig(t.Context(), "../../admin")))
		require.Zero(t, m.calls.Load())
	})
}

func TestRemoteConfiguration_BadManagers(t *testing.T) {
	t.Parallel()
	elsewhere := newManager(t, func(w http.ResponseWriter, r *http.Request) { activeTenants(w, r) })
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	for name, bad := range map[string]http.HandlerFunc{
		"garbage":    text("<html>hello " + serviceKey + "</html>"),
		"empty":      text(""),
		"endless":    text(`{"tenantId":"` + idOf(1) + `","status":"ACTIVE","name":"` + strings.Repeat("x", 1<<20) + `"}`),
		"status 401": status(http.StatusUnauthorized),
		"status 429": status(http.StatusTooManyRequests),
		"status 500": status(http.StatusInternalServerError),
		"status 503": status(http.StatusServiceUnavailable),
		"status 204": status(http.StatusNoContent),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
		},
		"never": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-never:
			case <-r.Context().Done():
			}
		},
		"hang-up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"tenantId":`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines bytes.Buffer
			m := newManager(t, bad)
			r := newRemote(t, m, func(s *tenancy.RemoteConfiguration) {
				s.Timeout, s.Log = time.Second, slog.New(slog.NewTextHandler(&lines, nil))
			})
			start := time.Now()
			config, err := r.GetTenantConfig(t.Context(), idOf(1))
			require.Nil(t, config)
			require.Equal(t, recon.KindUnavailable, recon.KindOf(err), "%v", err)
			require.Less(t, time.Since(start), time.Minute, "an end that does not depend on the other side")
			require.LessOrEqual(t, m.calls.Load(), int64(2))
			require.NotContains(t, err.Error()+lines.String(), serviceKey)
			require.NotEmpty(t, lines.String(), "an operator reads why")
		})
	}
	require.Zero(t, elsewhere.calls.Load(), "a redirect would take the key along")
}

func TestT74_TenantManagerDown(t *testing.T) {
	t.Parallel()
	m := newManager(t, func(w http.ResponseWriter, r *http.Request) {
		if tenantID, ok := settingsPath(r.URL.Path); ok && tenantID == idOf(2) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		activeTenants(w, r)
	})
	remote := newRemote(t, m, func(s *tenancy.RemoteConfiguration) { s.BreakerTimeout = 50 * time.Millisecond })
	cache, err := tenancy.NewCachedConfigurationAdapter(remote, time.Millisecond)
	require.NoError(t, err)
	get := func(n int) string { return outcome(cache.GetTenantConfig(t.Context(), idOf(n))) }
	require.Equal(t, "ACTIVE v3", get(1))
	require.Equal(t, "SUSPENDED v0", get(2))

	m.says(status(http.StatusBadGateway))
	before := m.calls.Load()
	var all sync.WaitGroup
	for n := range 1000 {
		all.Go(func() {
			want := []string{"UNAVAILABLE", "ACTIVE v3", "SUSPENDED v0"}[n%3]
			if got := get(map[bool]int{true: 100, false: n % 3}[n%3 == 0]); got != want {
				t.Errorf("%s instead of %s", got, want)
			}
		})
	}
	all.Wait()
	require.Less(t, m.calls.Load()-before, int64(100), "1,000 waiters of three tenants do not become 1,000 calls")

	m.says(activeTenants)
	require.Eventually(t, func() bool { return get(100) == "ACTIVE v3" && get(2) == "ACTIVE v3" }, time.Minute, 10*time.Millisecond,
		"it recovers without a restart")
}

func TestRemoteConfiguration_ACallerThatHangsUpIsNoFailure(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	m := newManager(t, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})
	r := newRemote(t, m)
	for range 6 {
		ctx, hangUp := context.WithCancel(t.Context())
		errs := make(chan error, 1)
		go func() { _, err := r.GetTenantConfig(ctx, idOf(1)); errs <- err }()
		<-asked
		hangUp()
		require.ErrorIs(t, <-errs, context.Canceled)
	}
	m.says(activeTenants)
	require.Equal(t, "ACTIVE v3", outcome(r.GetTenantConfig(t.Context(), idOf(1))), "no breaker opened")
}

func TestRuntimeURLFault(t *testing.T) {
	t.Parallel()
	hosts := []string{"tenants.example.com", "127.0.0.1", "10.1.2.3", "169.254.169.254", "fd00:ec2::254", "100.100.100.200", "::ffff:192.168.0.1"}
	for address, good := range map[string]bool{
		"https://tenants.example.com": true, "http://127.0.0.1:8080": true,
		"https://tenants.example.org": false, "https://tenants.example.com.evil.org": false, "http://tenants.example.com": false,
		"https://10.1.2.3": false, "https://169.254.169.254": false, "https://[fd00:ec2::254]": false,
		"https://100.100.100.200": false, "https://[::ffff:192.168.0.1]": false,
	} {
		require.Equal(t, good, tenancy.RuntimeURLFault(address, hosts) == "", address)
	}
}
