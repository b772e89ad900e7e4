package adapters

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
)

const (
	// eventWorkers handle events of different tenants at once. A created tenant's schema takes a second at worst and a
	// stalled database half a minute, so some workers never take those: a suspension does not wait behind them.
	eventWorkers     = 8
	quickOnlyWorkers = 2
	// maxWaitingTenants and maxWaitingEvents (of one tenant) bound what waits; what does not fit is left to the sweep.
	maxWaitingTenants = 10_000
	maxWaitingEvents  = 16
	// maxSeenVersions bounds the tenants whose last version is remembered. Forgetting one costs a needless question.
	maxSeenVersions = 20_000
	// eventAttempts times at most is an event tried, eventPause apart and then twice that; the sweep is the next try.
	eventAttempts = 3
	eventPause    = 200 * time.Millisecond
	// eventTimeout bounds one try: longer than provisioning may take.
	eventTimeout = 45 * time.Second
)

// eventQueue calls handle for events: in order within a tenant, in parallel for different tenants.
type eventQueue struct {
	handle func(context.Context, ports.TenantEvent) error
	log    *slog.Logger

	mu      sync.Mutex
	waiting map[string][]ports.TenantEvent // has a key while the tenant is in a channel below or with a worker
	seen    map[string]int64

	quick, slow chan string
	workers     sync.WaitGroup
}

// newEventQueue starts workers that run until ctx ends; wait returns when the last has ended.
func newEventQueue(ctx context.Context, log *slog.Logger,
	handle func(context.Context, ports.TenantEvent) error,
) *eventQueue {
	q := &eventQueue{
		handle: handle, log: log, waiting: map[string][]ports.TenantEvent{}, seen: map[string]int64{},
		quick: make(chan string, maxWaitingTenants), slow: make(chan string, maxWaitingTenants),
	}
	for n := range eventWorkers {
		slow := q.slow
		if n < quickOnlyWorkers {
			slow = nil
		}
		q.workers.Go(func() { q.work(ctx, slow) })
	}
	return q
}

func (q *eventQueue) wait() { q.workers.Wait() }

// offer queues an event unless it is old; false means that the queue is full.
func (q *eventQueue) offer(event ports.TenantEvent) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.isOld(event) {
		return true
	}
	events, busy := q.waiting[event.TenantID]
	if len(events) >= maxWaitingEvents || !busy && len(q.waiting) >= maxWaitingTenants {
		return false
	}
	q.waiting[event.TenantID] = append(events, event)
	if !busy {
		q.line(event)
	}
	return true
}

// isOld reports whether the event's version, or a later one, was seen. Events without a version are never old.
func (q *eventQueue) isOld(event ports.TenantEvent) bool {
	return event.Version != 0 && event.Version <= q.seen[event.TenantID]
}

// line queues a tenant for the workers of its next event. It never blocks: a tenant is queued once at most.
func (q *eventQueue) line(next ports.TenantEvent) {
	if next.Type == ports.TenantEventCreated {
		q.slow <- next.TenantID
		return
	}
	q.quick <- next.TenantID
}

func (q *eventQueue) work(ctx context.Context, slow <-chan string) {
	for {
		var tenantID string
		select {
		case <-ctx.Done():
			return
		case tenantID = <-q.quick:
		case tenantID = <-slow:
		}
		if event, news := q.first(tenantID); news {
			q.settle(event, q.persist(ctx, event))
		}
		q.next(tenantID)
	}
}

// first checks again whether the event is news: the one before it may have had a later version. From here on older
// events change nothing.
func (q *eventQueue) first(tenantID string) (event ports.TenantEvent, news bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	event = q.waiting[tenantID][0]
	if q.isOld(event) {
		return event, false
	}
	q.see(tenantID, event.Version)
	return event, true
}

func (q *eventQueue) see(tenantID string, version int64) {
	if version == 0 {
		return
	}
	if _, known := q.seen[tenantID]; !known && len(q.seen) >= maxSeenVersions {
		for victim := range q.seen {
			delete(q.seen, victim)
			break
		}
	}
	q.seen[tenantID] = version
}

// settle lets an event that failed be delivered again.
func (q *eventQueue) settle(event ports.TenantEvent, err error) {
	if err == nil || event.Version == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.see(event.TenantID, event.Version-1)
}

func (q *eventQueue) next(tenantID string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	rest := q.waiting[tenantID][1:]
	if len(rest) == 0 {
		delete(q.waiting, tenantID)
		return
	}
	q.waiting[tenantID] = rest
	q.line(rest[0])
}

// persist tries an event a few times.
func (q *eventQueue) persist(ctx context.Context, event ports.TenantEvent) (err error) {
	pause := eventPause
	for attempt := 1; ; attempt++ {
		if err = q.try(ctx, event); err == nil {
			return nil
		}
		q.log.WarnContext(ctx, "a tenant event could not be handled", "type", event.Type, "tenant", event.TenantID,
			"attempt", attempt, "error", err)
		if attempt == eventAttempts {
			return err
		}
		if safego.Pause(ctx, pause+rand.N(pause/2), nil) != nil {
			return err
		}
		pause *= 2
	}
}

func (q *eventQueue) try(ctx context.Context, event ports.TenantEvent) (err error) {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	defer safego.RecoverAndLogWithContext(ctx, q.log, "tenant.events")
	panicked := true
	defer func() {
		if panicked {
			err = errors.New("handling the event panicked")
		}
	}()
	err = q.handle(ctx, event)
	panicked = false
	return err
}
