//go:build integration

package adapters_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
	"matcher/internal/testkit"
)

const eventChannel = "matcher.tenant.events"

func realRedis(t *testing.T, address string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(address)
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	return client
}

// instance is one process: a cache over the registry, a listener and a sweep, on real servers.
type instance struct {
	cache *tenancy.CachedConfigurationAdapter
	sweep *tenancy.TenantSweep
	heard chan ports.TenantEvent
	gaps  chan struct{}
}

func startInstance(t *testing.T, in *testkit.Installation, client *redis.Client) *instance {
	t.Helper()
	i := &instance{heard: make(chan ports.TenantEvent, 10_000), gaps: make(chan struct{}, 1000)}
	var err error
	i.cache, err = tenancy.NewCachedConfigurationAdapter(in.Registry, time.Hour)
	require.NoError(t, err)
	i.sweep, err = tenancy.NewTenantSweep(tenancy.TenantSweepConfig{
		List: tenancy.ListRegistry(in.Registry), Cache: i.cache, Pending: in.Provisioner.PendingTenants, Schemas: in.Provisioner, Database: in.Database, Period: time.Hour,
	})
	require.NoError(t, err)
	listener, err := tenancy.NewRedisTenantEventListener(client, tenancy.RedisTenantEventListenerConfig{
		Channel: eventChannel,
		OnEvent: func(ctx context.Context, event ports.TenantEvent) error {
			i.cache.InvalidateOlder(event.TenantID, event.Version)
			i.heard <- event
			return nil
		},
		OnGap: func() { i.gaps <- struct{}{}; i.sweep.Wake() },
		Log:   slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = i.sweep.Start(ctx) })
	running.Go(func() { _ = listener.Start(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	<-i.gaps
	return i
}

func (i *instance) status(t *testing.T, tenantID string) ports.TenantStatus {
	t.Helper()
	config, err := i.cache.GetTenantConfig(t.Context(), tenantID)
	if recon.KindOf(err) == recon.KindNotFound {
		return ""
	}
	require.NoError(t, err)
	return config.Status
}

func TestT69_SubscriberKilledWhileEventsAreLost(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	client := realRedis(t, testkit.Redis(t))
	i := startInstance(t, in, client)
	const tenants = 100
	ids := make([]string, tenants)
	for n := range ids {
		ids[n] = in.RegisterTenant(t)
		if n%2 == 0 { // half of them are warm, and will be suspended; the others get a schema
			require.Equal(t, ports.TenantActive, i.status(t, ids[n]))
		}
	}
	sweeps := i.sweep.Stats().Sweeps
	start := time.Now()
	killed, err := client.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Result()
	require.NoError(t, err)
	require.EqualValues(t, 1, killed)
	for n := 0; n < tenants; n += 2 { // nobody hears of these: Pub/Sub keeps nothing
		_, err := in.Registry.SetStatus(t.Context(), ids[n], ports.TenantSuspended)
		require.NoError(t, err)
	}
	<-i.gaps
	require.Eventually(t, func() bool { // every suspension is known, and every active tenant has its schema
		for n, tenantID := range ids {
			if n%2 == 0 && i.status(t, tenantID) != ports.TenantSuspended {
				return false
			}
		}
		pending, err := in.Provisioner.PendingTenants(t.Context(), ids)
		return err == nil && i.sweep.Stats().Sweeps > sweeps && !slices.ContainsFunc(pending, func(tenantID string) bool {
			return i.status(t, tenantID) != ports.TenantSuspended
		})
	}, 60*time.Second, 20*time.Millisecond)
	t.Logf("100 tenants converged %v after the line was cut: %+v", time.Since(start).Round(time.Millisecond), i.sweep.Stats())
}

func TestListener_KilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	client := realRedis(t, testkit.Redis(t))
	i := startInstance(t, in, client)
	for version := range int64(10) {
		require.NoError(t, client.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err())
		<-i.gaps
		require.NoError(t, client.Publish(t.Context(), eventChannel,
			fmt.Sprintf(`{"type":"tenant.updated","tenantId":"11111111-1111-1111-1111-111111111111","version":%d}`, version+1)).Err())
		require.Equal(t, version+1, (<-i.heard).Version)
	}
}

func TestListener_SuspensionIsInForceWithinASecondWithEvents(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	client := realRedis(t, testkit.Redis(t))
	publisher, err := tenancy.NewRedisTenantEventPublisher(client, eventChannel)
	require.NoError(t, err)
	one, two := startInstance(t, in, client), startInstance(t, in, client)
	_, tenantID := in.NewTenant(t)
	require.Equal(t, ports.TenantActive, one.status(t, tenantID))
	require.Equal(t, ports.TenantActive, two.status(t, tenantID))
	start := time.Now()
	changed, err := in.Registry.SetStatus(t.Context(), tenantID, ports.TenantSuspended)
	require.NoError(t, err)
	require.NoError(t, publisher.Publish(t.Context(), ports.TenantEvent{Type: ports.TenantEventSuspended, TenantID: tenantID, Version: changed.Version}))
	require.Eventually(t, func() bool {
		return one.status(t, tenantID) == ports.TenantSuspended && two.status(t, tenantID) == ports.TenantSuspended
	}, 20*time.Second, time.Millisecond)
	t.Logf("suspended on two instances within %v", time.Since(start).Round(time.Millisecond))
}

// blackHole forwards to an address until it is told to swallow: the line stays open and nothing comes through.
type blackHole struct {
	net.Listener
	mu     sync.Mutex
	closed bool
	conns  []net.Conn
}

func newBlackHole(t *testing.T, target string) *blackHole {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	hole := &blackHole{Listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			up, err := new(net.Dialer).DialContext(context.Background(), "tcp", target)
			if err != nil {
				conn.Close()
				return
			}
			hole.mu.Lock()
			hole.conns = append(hole.conns, conn, up)
			hole.mu.Unlock()
			go func() { _, _ = io.Copy(up, conn) }()
			go hole.forward(conn, up)
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		hole.mu.Lock()
		defer hole.mu.Unlock()
		for _, conn := range hole.conns {
			conn.Close()
		}
	})
	return hole
}

// forward gives each line its own fate: those open when swallow is called never speak again.
func (h *blackHole) forward(conn, up net.Conn) {
	buffer := make([]byte, 4096)
	mute := false
	for {
		n, err := up.Read(buffer)
		if err != nil {
			return
		}
		h.mu.Lock()
		if h.closed {
			mute = true
		}
		h.mu.Unlock()
		if !mute {
			if _, err := conn.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
}

func (h *blackHole) swallow(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = on
}

func TestListener_ALineThatDiedInSilenceIsNoticed(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	address := testkit.Redis(t)
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	hole := newBlackHole(t, parsed.Host)
	i := startInstance(t, in, realRedis(t, "redis://"+hole.Addr().String()+"/0"))
	direct := realRedis(t, address)
	hole.swallow(true)
	// One swallowed message makes the old line mute for good; new lines work again.
	require.NoError(t, direct.Publish(t.Context(), eventChannel, `{}`).Err())
	time.AfterFunc(200*time.Millisecond, func() { hole.swallow(false) })
	select {
	case <-i.gaps:
	case <-time.After(30 * time.Second):
		t.Fatal("nobody noticed")
	}
}
