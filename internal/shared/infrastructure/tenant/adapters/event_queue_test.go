//go:build unit || !integration

package adapters

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
)

func tenantNumber(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func updated(n int, version int64) ports.TenantEvent {
	return ports.TenantEvent{Type: ports.TenantEventUpdated, TenantID: tenantNumber(n), Version: version}
}

// recorder is a callback that notes what it handled.
type recorder struct {
	mu      sync.Mutex
	handled []ports.TenantEvent
	before  func(context.Context, ports.TenantEvent) error
}

func (r *recorder) handle(ctx context.Context, event ports.TenantEvent) error {
	if r.before != nil {
		if err := r.before(ctx, event); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handled = append(r.handled, event)
	return nil
}

func (r *recorder) versions(n int) (versions []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, event := range r.handled {
		if event.TenantID == tenantNumber(n) {
			versions = append(versions, event.Version)
		}
	}
	return versions
}

// onQueue plays with a queue on virtual time and sees it end.
func onQueue(t *testing.T, r *recorder, play func(t *testing.T, q *eventQueue)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		q := newEventQueue(ctx, slog.New(slog.DiscardHandler), r.handle)
		play(t, q)
		cancel()
		q.wait()
	})
}

func TestEventQueue_InOrderWithinATenantAndNothingOldTwice(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	onQueue(t, r, func(t *testing.T, q *eventQueue) {
		for _, version := range []int64{1, 2, 2, 4, 3, 0, 4, 5, 0} {
			require.True(t, q.offer(updated(1, version)))
			synctest.Wait()
		}
		require.Equal(t, []int64{1, 2, 4, 0, 5, 0}, r.versions(1), "repeated and overtaken events change nothing")
	})
	r = &recorder{}
	onQueue(t, r, func(t *testing.T, q *eventQueue) {
		gate := make(chan struct{})
		r.before = func(context.Context, ports.TenantEvent) error { <-gate; return nil }
		for _, version := range []int64{1, 3, 2, 4} { // all of them wait together
			require.True(t, q.offer(updated(1, version)))
		}
		close(gate)
		synctest.Wait()
		require.Equal(t, []int64{1, 3, 4}, r.versions(1))
	})
}

func TestEventQueue_ASlowTenantHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	r.before = func(ctx context.Context, event ports.TenantEvent) error {
		if event.Type == ports.TenantEventCreated {
			<-ctx.Done() // a schema that a stalled database does not make
			return ctx.Err()
		}
		return nil
	}
	onQueue(t, r, func(t *testing.T, q *eventQueue) {
		for n := range 100 {
			require.True(t, q.offer(ports.TenantEvent{Type: ports.TenantEventCreated, TenantID: tenantNumber(n)}))
		}
		require.True(t, q.offer(updated(500, 1)))
		synctest.Wait()
		require.Equal(t, []int64{1}, r.versions(500))
	})
}

func TestEventQueue_Bounded(t *testing.T) {
	t.Parallel()
	r := &recorder{}
	r.before = func(ctx context.Context, _ ports.TenantEvent) error { <-ctx.Done(); return ctx.Err() }
	onQueue(t, r, func(t *testing.T, q *eventQueue) {
		for version := range maxWaitingEvents {
			require.True(t, q.offer(updated(0, int64(version+1))))
		}
		require.False(t, q.offer(updated(0, 100)), "one tenant's share is full")
		for n := 1; n < maxWaitingTenants; n++ {
			require.True(t, q.offer(updated(n, 1)))
		}
		require.False(t, q.offer(updated(maxWaitingTenants, 1)), "the queue is full")
	})
	onQueue(t, &recorder{}, func(t *testing.T, q *eventQueue) {
		for n := range maxSeenVersions + 10 {
			for !q.offer(updated(n, 1)) {
				synctest.Wait()
			}
		}
		synctest.Wait()
		q.mu.Lock()
		defer q.mu.Unlock()
		require.Len(t, q.seen, maxSeenVersions)
		require.Empty(t, q.waiting)
	})
}

func TestT89_HandlerErrorsAndPanicsAreRetried(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("no") },
		"panic": func() error { panic("boom") },
	} {
		r := &recorder{}
		var tries, failures atomic.Int64
		failures.Store(2)
		r.before = func(context.Context, ports.TenantEvent) error {
			if tries.Add(1) <= failures.Load() {
				return fail()
			}
			return nil
		}
		onQueue(t, r, func(t *testing.T, q *eventQueue) {
			require.True(t, q.offer(updated(1, 7)))
			for len(r.versions(1)) == 0 {
				require.NoError(t, safego.Pause(t.Context(), eventPause, nil))
			}
			require.EqualValues(t, 3, tries.Load(), name)

			tries.Store(0)
			failures.Store(100)
			require.True(t, q.offer(updated(2, 7)))
			require.NoError(t, safego.Pause(t.Context(), 20*eventPause, nil))
			require.EqualValues(t, eventAttempts, tries.Load(), "%s: given up, for the sweep", name)

			failures.Store(0)
			require.True(t, q.offer(updated(2, 6)))
			require.True(t, q.offer(updated(2, 7)))
			synctest.Wait()
			require.Equal(t, []int64{7}, r.versions(2), "%s: what failed may be delivered again, what is older may not", name)
		})
	}
}
