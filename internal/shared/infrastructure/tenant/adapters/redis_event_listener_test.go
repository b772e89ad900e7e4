//go:build unit || !integration

package adapters_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

const channel = "matcher.tenant.events"

func ignoreEvent(context.Context, ports.TenantEvent) error { return nil }

// redisClient speaks to a server of the test's own in this process, or to the given one.
func redisClient(t testing.TB, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	return client
}

// hearing is a listener at work, with what it heard.
type hearing struct {
	*tenancy.RedisTenantEventListener
	events chan ports.TenantEvent
	gaps   chan struct{} // one for each subscription
	ended  chan error
}

func listen(t testing.TB, client *redis.Client, onEvent func(context.Context, ports.TenantEvent) error) *hearing {
	t.Helper()
	h := &hearing{events: make(chan ports.TenantEvent, 1000), gaps: make(chan struct{}, 100), ended: make(chan error, 1)}
	listener, err := tenancy.NewRedisTenantEventListener(client, tenancy.RedisTenantEventListenerConfig{
		Channel: channel,
		OnEvent: func(ctx context.Context, event ports.TenantEvent) error {
			if onEvent != nil {
				if err := onEvent(ctx, event); err != nil {
					return err
				}
			}
			h.events <- event
			return nil
		},
		OnGap: func() { h.gaps <- struct{}{} },
		Log:   slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	h.RedisTenantEventListener = listener
	go func() { h.ended <- listener.Start(context.Background()) }()
	t.Cleanup(func() { require.NoError(t, listener.Stop()) })
	<-h.gaps
	return h
}

func publish(t testing.TB, client *redis.Client, payload string) {
	t.Helper()
	require.NoError(t, client.Publish(context.Background(), channel, payload).Err())
}

func TestNewRedisTenantEventListener(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer client.Close()
	_, err := tenancy.NewRedisTenantEventListener(client, tenancy.RedisTenantEventListenerConfig{Channel: channel})
	require.ErrorContains(t, err, "callback")
	_, err = tenancy.NewRedisTenantEventListener(client, tenancy.RedisTenantEventListenerConfig{OnEvent: ignoreEvent})
	require.ErrorContains(t, err, "channel")
	_, err = tenancy.NewRedisTenantEventListener(nil, tenancy.RedisTenantEventListenerConfig{Channel: channel, OnEvent: ignoreEvent})
	require.ErrorContains(t, err, "client")
	listener, err := tenancy.NewRedisTenantEventListener(client, tenancy.RedisTenantEventListenerConfig{Channel: channel, OnEvent: ignoreEvent})
	require.NoError(t, err)
	require.NotNil(t, listener)
}

func TestRedisTenantEventListener_HandlesWhatIsAnEventAndNothingElse(t *testing.T) {
	t.Parallel()
	client := redisClient(t, "redis://"+miniredis.RunT(t).Addr())
	h := listen(t, client, nil)
	for _, bad := range []string{
		"", "null", "{", "[]", `"tenant.created"`, "\xff\xfe", `{"type":"tenant.created"}`, `{"tenantId":"` + idOf(1) + `"}`,
		`{"type":"tenant.exploded","tenantId":"` + idOf(1) + `"}`,
		`{"type":"tenant.updated","tenantId":"'; DROP SCHEMA x; --"}`,
		`{"type":"tenant.updated","tenantId":"AAAAAAAA-0000-4000-8000-000000000000"}`,
		`{"type":"tenant.updated","tenantId":"*"}`, `{"type":7,"tenantId":[]}`,
		`{"type":"tenant.updated","tenantId":"` + idOf(1) + `","x":"` + strings.Repeat("x", 20<<10) + `"}`,
	} {
		publish(t, client, bad)
	}
	good := map[string]ports.TenantEvent{
		`{"type":"tenant.created","tenantId":"` + idOf(1) + `"}`:                                              {Type: "tenant.created", TenantID: idOf(1)},
		`{"type":"tenant.updated","tenantId":"` + idOf(2) + `","version":3,"new":{"a":1}}`:                    {Type: "tenant.updated", TenantID: idOf(2), Version: 3},
		`{"type":"tenant.deleted","tenantId":"` + idOf(3) + `","version":"three","time":7}`:                   {Type: "tenant.deleted", TenantID: idOf(3)},
		`{"type":"tenant.suspended","tenantId":"` + idOf(4) + `","version":-3,"time":"2026-11-23T10:00:00Z"}`: {Type: "tenant.suspended", TenantID: idOf(4), Time: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)},
		`{"type":"tenant.activated","tenantId":"` + idOf(5) + `"}`:                                            {Type: "tenant.activated", TenantID: idOf(5)},
	}
	want := map[string]ports.TenantEvent{}
	for payload, event := range good {
		publish(t, client, payload)
		want[event.TenantID] = event
	}
	got := map[string]ports.TenantEvent{}
	for range good {
		event := <-h.events
		got[event.TenantID] = event
	}
	require.Equal(t, want, got)
	stats := h.Stats()
	require.Equal(t, []int64{19, 14}, []int64{stats.Received, stats.Dropped})
	require.GreaterOrEqual(t, stats.Lag, time.Since(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))-time.Minute)
	require.Empty(t, h.events)
}

func TestT89_ListenerSurvivesItsHandlerAndStopsWithoutALeak(t *testing.T) { //nolint:paralleltest // goleak
	server := miniredis.RunT(t)
	client := redisClient(t, "redis://"+server.Addr())
	before := goleak.IgnoreCurrent()
	var once sync.Once
	h := listen(t, client, func(context.Context, ports.TenantEvent) error {
		once.Do(func() { panic("boom") })
		return nil
	})
	publish(t, client, `{"type":"tenant.created","tenantId":"`+idOf(1)+`"}`)
	require.Equal(t, idOf(1), (<-h.events).TenantID, "tried again")

	require.ErrorContains(t, h.Start(t.Context()), "already")
	require.Equal(t, 1, server.PubSubNumSub(channel)[channel], "two Starts, one subscription")

	for range 2 {
		require.NoError(t, h.Stop())
	}
	require.NoError(t, <-h.ended)
	require.ErrorContains(t, h.Start(t.Context()), "already", "a listener lives once")
	require.NoError(t, client.Close())
	goleak.VerifyNone(t, before)
}

func TestRedisTenantEventListener_StopBeforeStart(t *testing.T) {
	t.Parallel()
	client := redisClient(t, "redis://"+miniredis.RunT(t).Addr())
	listener, err := tenancy.NewRedisTenantEventListener(client, tenancy.RedisTenantEventListenerConfig{Channel: channel, OnEvent: ignoreEvent})
	require.NoError(t, err)
	require.NoError(t, listener.Stop())
	require.NoError(t, listener.Stop())
	require.NoError(t, listener.Start(t.Context()), "it ends at once")
}

func TestRedisTenantEventListener_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	client := redisClient(t, "redis://"+miniredis.RunT(t).Addr())
	subscribed := make(chan struct{})
	listener, err := tenancy.NewRedisTenantEventListener(client, tenancy.RedisTenantEventListenerConfig{
		Channel: channel, OnEvent: ignoreEvent, OnGap: func() { close(subscribed) },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- listener.Start(ctx) }()
	<-subscribed
	cancel()
	require.NoError(t, <-ended)
}

func TestRedisTenantEventListener_SubscribesAgainAfterAnOutage(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	client := redisClient(t, "redis://"+server.Addr())
	h := listen(t, client, nil)
	server.Close()
	require.NoError(t, server.Restart())
	<-h.gaps // whoever missed events is told to look
	publish(t, client, `{"type":"tenant.updated","tenantId":"`+idOf(1)+`"}`)
	require.Equal(t, idOf(1), (<-h.events).TenantID)
}

func TestRedisTenantEventListener_AFloodAsksForTheSweep(t *testing.T) {
	t.Parallel()
	client := redisClient(t, "redis://"+miniredis.RunT(t).Addr())
	gate := make(chan struct{})
	h := listen(t, client, func(context.Context, ports.TenantEvent) error { <-gate; return nil })
	for version := range 30 {
		publish(t, client, fmt.Sprintf(`{"type":"tenant.updated","tenantId":"%s","version":%d}`, idOf(1), version+1))
	}
	<-h.gaps
	close(gate)
	require.Positive(t, h.Stats().Dropped)
}

func FuzzTenantEvent(f *testing.F) {
	f.Add(`{"type":"tenant.created","tenantId":"` + idOf(1) + `","version":1,"time":"2026-11-23T10:00:00Z"}`)
	f.Add(`{"type":"tenant.updated","tenantId":"` + idOf(1) + `","version":1e400}`)
	f.Add(`{"type":"tenant.updated","tenantId":null}`)
	f.Add(`[{}]`)
	f.Fuzz(func(t *testing.T, payload string) {
		event, err := tenancy.DecodeTenantEvent(payload)
		if err != nil {
			if len(payload) > 20 && strings.Contains(err.Error(), payload) {
				t.Fatal("the error quotes the payload")
			}
			return
		}
		if event.Version < 0 || len(event.TenantID) != 36 || !strings.HasPrefix(event.Type, "tenant.") {
			t.Fatalf("no event: %+v", event)
		}
		again, err := json.Marshal(event)
		if err != nil {
			return // a year beyond 9999 can be read but not written
		}
		if twice, err := tenancy.DecodeTenantEvent(string(again)); err != nil || twice.TenantID != event.TenantID || twice.Version != event.Version {
			t.Fatalf("%s reads as %+v: %v", again, twice, err)
		}
	})
}

func FuzzNewRedisTenantEventListener(f *testing.F) {
	f.Add("matcher.tenant.events", true)
	f.Add("", false)
	f.Add("\x00\r\n", true)
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	f.Cleanup(func() { client.Close() })
	f.Fuzz(func(t *testing.T, name string, callback bool) {
		config := tenancy.RedisTenantEventListenerConfig{Channel: name}
		if callback {
			config.OnEvent = ignoreEvent
		}
		listener, err := tenancy.NewRedisTenantEventListener(client, config)
		if (err == nil) != (callback && name != "") || (listener == nil) != (err != nil) {
			t.Fatalf("%q %v: %v", name, callback, err)
		}
		if listener != nil && listener.Stop() != nil {
			t.Fatal("Stop is safe before Start")
		}
	})
}
