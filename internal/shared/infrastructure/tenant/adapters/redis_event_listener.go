package adapters

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/redis/go-redis/v9"

	"matcher/internal/auth"
	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
)

const (
	// maxEventBytes is far beyond the 200 bytes that an event takes.
	maxEventBytes = 16 << 10
	// listenerSilence without a message makes the listener ask whether the line is alive; as long again, and it is not.
	listenerSilence = 5 * time.Second
	// The waits between two tries to subscribe grow from one to the other.
	reconnectLeast, reconnectMost = 100 * time.Millisecond, 5 * time.Second
	// listenerStop is how long Stop waits for events under way.
	listenerStop = 10 * time.Second
)

// RedisTenantEventListenerConfig is the channel and the callbacks of a listener.
type RedisTenantEventListenerConfig struct {
	Channel string
	// OnEvent is called for one event of a tenant after the other, for several tenants at once. After an error or a
	// panic it is called again, a few times.
	OnEvent func(ctx context.Context, event ports.TenantEvent) error
	// OnGap is called when events may have been missed: after every subscription, and when too many came at once. It
	// must not block. Pub/Sub keeps nothing for absent subscribers, so the callback reads the authority then.
	OnGap func()
	Log   *slog.Logger // nil discards
}

// RedisTenantEventListener receives tenant events on a Redis Pub/Sub channel. An event is only a hint: malformed,
// unknown, repeated and outdated ones change nothing.
type RedisTenantEventListener struct {
	client redis.UniversalClient
	config RedisTenantEventListenerConfig
	log    *slog.Logger

	started  atomic.Bool
	stopOnce sync.Once
	stop     chan struct{}
	ended    chan struct{}

	received, dropped, lag atomic.Int64
}

var _ ports.TenantEventListener = (*RedisTenantEventListener)(nil)

// NewRedisTenantEventListener dials nothing before Start.
func NewRedisTenantEventListener(client redis.UniversalClient,
	config RedisTenantEventListenerConfig,
) (*RedisTenantEventListener, error) {
	if client == nil {
		return nil, errors.New("the tenant event listener needs a Redis client")
	}
	if config.Channel == "" {
		return nil, errors.New("the tenant event listener needs a channel")
	}
	if config.OnEvent == nil {
		return nil, errors.New("the tenant event listener needs a callback")
	}
	if config.OnGap == nil {
		config.OnGap = func() {}
	}
	log := config.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &RedisTenantEventListener{
		client: client, config: config, log: log, stop: make(chan struct{}),
		ended: make(chan struct{}),
	}, nil
}

// Start listens until ctx ends or Stop is called, and subscribes again whenever the line breaks. It can be called once.
func (l *RedisTenantEventListener) Start(ctx context.Context) error {
	if !l.started.CompareAndSwap(false, true) {
		return errors.New("the tenant event listener has been started already")
	}
	defer close(l.ended)
	ctx, cancel := context.WithCancel(ctx)
	queue := newEventQueue(ctx, l.log, l.config.OnEvent)
	defer queue.wait()
	var stopping sync.WaitGroup
	defer stopping.Wait()
	defer cancel()
	stopping.Go(func() {
		select {
		case <-l.stop:
			cancel()
		case <-ctx.Done():
		}
	})
	l.listen(ctx, queue)
	return nil
}

// Stop ends Start and waits for events under way. It may come before Start, which then ends at once, and twice.
func (l *RedisTenantEventListener) Stop() error {
	l.stopOnce.Do(func() { close(l.stop) })
	if !l.started.Load() {
		return nil
	}
	select {
	case <-l.ended:
		return nil
	case <-time.After(listenerStop):
		return errors.New("stopping the tenant event listener: an event is still being handled")
	}
}

func (l *RedisTenantEventListener) listen(ctx context.Context, queue *eventQueue) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = reconnectLeast, reconnectMost
	for ctx.Err() == nil {
		err := l.receive(ctx, queue, wait.Reset)
		if ctx.Err() != nil {
			return
		}
		l.log.WarnContext(ctx, "the subscription to tenant events is lost and will be renewed", "error", err)
		_ = safego.Pause(ctx, wait.NextBackOff(), nil)
	}
}

// receive is the life of one subscription.
func (l *RedisTenantEventListener) receive(ctx context.Context, queue *eventQueue, subscribed func()) error {
	pubsub := l.client.Subscribe(ctx, l.config.Channel)
	defer pubsub.Close()
	defer context.AfterFunc(ctx, func() { pubsub.Close() })() // a read does not end with its context
	asked := false
	for {
		message, err := pubsub.ReceiveTimeout(ctx, listenerSilence)
		switch {
		case isTimeout(err) && !asked:
			asked = true
			if err := pubsub.Ping(ctx); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		asked = false
		switch message := message.(type) {
		case *redis.Subscription:
			subscribed()
			l.config.OnGap()
		case *redis.Message:
			l.handleMessage(ctx, queue, message.Payload)
		}
	}
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

// handleMessage must survive any payload.
func (l *RedisTenantEventListener) handleMessage(ctx context.Context, queue *eventQueue, payload string) {
	defer safego.RecoverAndLogWithContext(ctx, l.log, "tenant.listener")
	l.received.Add(1)
	event, err := decodeTenantEvent(payload)
	if err != nil {
		l.dropped.Add(1)
		l.log.WarnContext(ctx, "a tenant event was ignored", "reason", err, "bytes", len(payload))
		return
	}
	if !event.Time.IsZero() {
		l.lag.Store(int64(max(time.Since(event.Time), 0)))
	}
	if !queue.offer(event) {
		l.dropped.Add(1)
		l.log.WarnContext(ctx, "tenant event queue is full; the sweep will apply the change", "tenant", event.TenantID)
		l.config.OnGap()
	}
}

// ListenerStats counts received and dropped messages. Lag is the age of the last event with a time; clocks of two
// machines differ.
type ListenerStats struct {
	Received, Dropped int64
	Lag               time.Duration
}

// Stats returns the counts since the start.
func (l *RedisTenantEventListener) Stats() ListenerStats {
	return ListenerStats{l.received.Load(), l.dropped.Load(), time.Duration(l.lag.Load())}
}

// decodeTenantEvent reads what any publisher may have written: unknown fields are passed over, and an optional one that
// cannot be read counts as absent. Errors never quote the payload.
func decodeTenantEvent(payload string) (ports.TenantEvent, error) {
	if len(payload) > maxEventBytes {
		return ports.TenantEvent{}, errors.New("it is too long")
	}
	var raw struct {
		Type     string          `json:"type"`
		TenantID string          `json:"tenantId"`
		Version  json.RawMessage `json:"version"`
		Time     json.RawMessage `json:"time"`
	}
	if err := json.Unmarshal([]byte(payload), &raw); err != nil {
		return ports.TenantEvent{}, errors.New("it is no event")
	}
	event := ports.TenantEvent{Type: raw.Type, TenantID: raw.TenantID}
	switch raw.Type {
	case ports.TenantEventCreated, ports.TenantEventUpdated, ports.TenantEventDeleted, ports.TenantEventSuspended,
		ports.TenantEventActivated:
	default:
		return ports.TenantEvent{}, errors.New("its type is unknown")
	}
	if !auth.IsUUID(raw.TenantID) {
		return ports.TenantEvent{}, errors.New("it names no tenant")
	}
	if json.Unmarshal(raw.Version, &event.Version) != nil || event.Version < 0 {
		event.Version = 0
	}
	if json.Unmarshal(raw.Time, &event.Time) != nil {
		event.Time = time.Time{}
	}
	return event, nil
}
