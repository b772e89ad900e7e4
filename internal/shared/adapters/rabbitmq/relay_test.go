//go:build integration

package rabbitmq_test

import (
	"context"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"matcher/internal/auth"
	imports "matcher/internal/ingestion/adapters/rabbitmq"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/shared/adapters/rabbitmq"
	"matcher/internal/testkit"
)

func TestRelay_BringsEachTenantsEventsInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queue("completed", nil, "ingestion.completed.*")
	b.queue("all", nil, "#")
	first, firstID := b.NewTenant(t)
	second, secondID := b.NewTenant(t)
	traced := trace.ContextWithSpanContext(first, trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{7}, SpanID: trace.SpanID{9}}))
	b.emit(traced, completed, map[string]int{"rows": 1})
	b.emit(first, completed, map[string]int{"rows": 2})
	b.emit(second, completed, map[string]int{"rows": 3})
	b.emit(first, recon.EventRunCompleted, map[string]int{"groups": 4})
	b.emit(first, recon.EventExceptionOpened, map[string]int{"n": 5})
	b.start(b.relay())

	byTenant := map[string][]int64{}
	for _, d := range b.take("completed", 3) {
		message, err := testkit.VerifyTenant(d)
		require.NoError(t, err)
		byTenant[message.TenantID] = append(byTenant[message.TenantID], message.Seq)
		require.Equal(t, "ingestion.completed."+message.TenantID, d.RoutingKey)
		require.Equal(t, message.TenantID, d.Headers["X-Tenant-ID"])
		if message.TenantID == firstID && message.Seq == 1 {
			require.Equal(t, "00-07000000000000000000000000000000-0900000000000000-00", d.Headers["traceparent"], "the command's trace goes on")
		}
	}
	require.Equal(t, map[string][]int64{firstID: {1, 2}, secondID: {1}}, byTenant)

	keys := map[string]bool{}
	for _, d := range b.take("all", 5) {
		keys[d.RoutingKey] = true
	}
	require.True(t, keys["matching.run_completed."+firstID])
	require.True(t, keys["exception.opened."+firstID], "a key of no part's own goes the default way")
	b.eventually("the work is done", func() bool {
		return b.count(`SELECT (SELECT count(*) FROM work.outbox_markers) + (SELECT count(*) FROM work.outbox_visits)`) == 0
	})
	require.Zero(t, b.unsent(firstID))
}

func TestRelay_SingleTenantKeysAreUnsuffixed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queue("completed", nil, "ingestion.completed")
	ctx, tenantID := b.NewTenant(t)
	b.emit(ctx, completed, 1)
	b.start(b.relay(func(cfg *rabbitmq.RelayConfig) {
		cfg.Publishers[imports.Prefix] = imports.NewEventPublisher(false)
	}))
	message, err := testkit.VerifyTenant(b.take("completed", 1)[0])
	require.NoError(t, err)
	require.Equal(t, tenantID, message.TenantID, "the header names the tenant all the same")
}

func TestRelay_TenantWithAVirtualHostOfItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := setupAt(t, testkit.RabbitMQ(t))
	own.queue("completed", nil, "ingestion.completed.*")
	uri, err := amqp.ParseURI(own.address)
	require.NoError(t, err)
	ctx, tenantID := b.NewTenant(t)
	b.emit(ctx, completed, 1)
	b.start(b.relay(func(cfg *rabbitmq.RelayConfig) {
		cfg.VHost = func(_ context.Context, id string) (string, error) {
			require.Equal(t, tenantID, id)
			return uri.Vhost, nil
		}
	}))
	require.Equal(t, upTo(1), numbers(t, own.take("completed", 1)))
	require.Contains(t, b.broker.Hosts(), uri.Vhost)
}

func TestRelay_WithoutABrokerKeepsTheBacklogSmallAndWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queue("completed", nil, "#")
	ctx, tenantID := b.NewTenant(t)
	b.emit(ctx, completed, 1, 2, 3)
	idle := b.relay(func(cfg *rabbitmq.RelayConfig) { cfg.Broker = nil })
	b.start(idle)
	b.eventually("three markers become one row", func() bool {
		return b.count(`SELECT (SELECT count(*) FROM work.outbox_markers) * 10 + (SELECT count(*) FROM work.outbox_visits)`) == 1
	})
	b.stop(idle)
	require.Equal(t, 3, b.unsent(tenantID))
	b.start(b.relay())
	require.Equal(t, upTo(3), numbers(t, b.take("completed", 3)), "a broker configured later gets all of it")
}

func TestRelay_StopFinishesTheBatchAndASecondRelayGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queue("completed", nil, "#")
	ctx, tenantID := b.NewTenant(t)
	const events = 300
	require.NoError(t, b.DB.Tx(ctx, func(tx *postgres.Tx) error {
		for n := range events {
			tx.Emit(completed, n)
		}
		return nil
	}))
	small := func(cfg *rabbitmq.RelayConfig) { cfg.Batch = 10 }
	first := b.relay(small)
	b.start(first)
	b.eventually("it is at work", func() bool { return first.Stats().Sent > 0 })
	b.stop(first)
	sent := int64(events - b.unsent(tenantID))
	require.Equal(t, sent, first.Stats().Sent)
	require.Zero(t, sent%10, "whole batches")

	b.start(b.relay(small))
	require.Equal(t, upTo(events), numbers(t, b.take("completed", events)), "each once, in order, over both")
}

// T15: a consumer that checks keeps what was forged from its tenant's data, and nothing else.
func TestT15_ConsumerDropsWhatHeaderBodyAndKeyDisagreeOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queue("dead", nil)
	b.queue("completed", amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}, "ingestion.completed.*")
	a, tenantA := b.NewTenant(t)
	other, tenantB := b.NewTenant(t)
	// B's own event may claim what it likes: it goes out as B's.
	b.emit(other, completed, map[string]string{"tenantId": tenantA})
	b.emit(a, completed, map[string]string{"from": "A"})
	relay := b.relay()
	b.start(relay)
	b.eventually("both are sent", func() bool { return relay.Stats().Sent == 2 })
	// Someone with the broker's credentials forges a message for A around a body of B's.
	forged := amqp.Publishing{MessageId: "x", Headers: amqp.Table{"X-Tenant-ID": tenantA}, Body: []byte(`{"id":"x","key":"ingestion.completed","tenantId":"` + tenantB + `"}`)}
	require.NoError(t, b.channel.PublishWithContext(t.Context(), rabbitmq.Exchange, "ingestion.completed."+tenantA, true, false, forged))
	forged.Headers = amqp.Table{"X-Tenant-ID": tenantB}
	require.NoError(t, b.channel.PublishWithContext(t.Context(), rabbitmq.Exchange, "ingestion.completed."+tenantA, true, false, forged))

	applied := map[string]string{} // what a consumer has made of each tenant's data
	deliveries, err := testkit.AMQP(t, b.address).Consume("completed", "", false, false, false, false, nil)
	require.NoError(t, err)
	for range 4 {
		d := <-deliveries
		message, err := testkit.VerifyTenant(d)
		if err != nil {
			require.NoError(t, d.Reject(false))
			continue
		}
		applied[message.TenantID] += string(message.Payload)
		require.NoError(t, d.Ack(false))
	}
	require.Equal(t, map[string]string{tenantA: `{"from":"A"}`, tenantB: `{"tenantId":"` + tenantA + `"}`}, applied)
	require.Len(t, b.take("dead", 2), 2)
}

// T54: whichever moment the relay dies at, the next one sends what had no confirm on record.
func TestT54_CrashLosesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, point := range rabbitmq.CrashPoints {
		t.Run(point, func(t *testing.T) {
			queue := "after: " + point
			ctx, tenantID := b.NewTenant(t)
			b.queue(queue, nil, "#."+tenantID)
			b.emit(ctx, completed, 1, 2, 3)
			hasty := func(cfg *rabbitmq.RelayConfig) { cfg.Lease = 300 * time.Millisecond }
			crashing := b.relay(hasty)
			crashing.CrashAt(point)
			b.start(crashing)
			b.eventually("it crashes", func() bool { return crashing.Stats().Visits > 0 })
			b.stop(crashing)
			require.Equal(t, 3, b.unsent(tenantID), "nothing is marked sent without a recorded confirm")

			relay := b.relay(hasty)
			b.start(relay)
			b.eventually("all are sent", func() bool { return b.unsent(tenantID) == 0 })
			b.stop(relay)
			got, err := b.channel.QueueDeclarePassive(queue, true, false, false, false, amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum})
			require.NoError(t, err)
			require.Equal(t, upTo(3), firstOf(numbers(t, b.take(queue, got.Messages))), "at least once, the effect once, in order")
		})
	}
}

// T66: what the broker will never take is set aside with its cause, and holds up neither its tenant nor others.
func TestT66_PoisonMessageIsSetAside(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queue("completed", nil, "#")
	ctx, tenantID := b.NewTenant(t)
	neighbourCtx, neighbour := b.NewTenant(t)
	tooLong := make([]byte, 2<<20) // twice what the tests' broker takes
	b.emit(ctx, completed, 1, tooLong, 3, 4)
	b.emit(neighbourCtx, completed, 1)
	relay := b.relay(func(cfg *rabbitmq.RelayConfig) {
		cfg.AttemptsMax, cfg.ParkedMax, cfg.ParkedFirst = 2, 3, time.Millisecond
	})
	b.start(relay)
	b.eventually("it is given up, with the cause", func() bool {
		return b.count(`SELECT count(*) FROM "`+tenantID+`".outbox_parked WHERE event_seq = 2 AND retry_at IS NULL AND attempts = 3 AND cause LIKE '%larger%'`) == 1
	})
	b.eventually("and the tenant is left alone", func() bool { return b.count(`SELECT count(*) FROM work.outbox_visits`) == 0 })
	b.stop(relay)
	got, err := b.channel.QueueDeclarePassive("completed", true, false, false, false, amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum})
	require.NoError(t, err)
	tenants := map[string][]int64{}
	for _, d := range b.take("completed", got.Messages) {
		message, err := testkit.VerifyTenant(d)
		require.NoError(t, err)
		tenants[message.TenantID] = append(tenants[message.TenantID], message.Seq)
	}
	require.Equal(t, []int64{1, 3, 4}, firstOf(tenants[tenantID]), "the others are there at least once, in order")
	require.Equal(t, []int64{1}, firstOf(tenants[neighbour]))
}

// T108, thin: 1,000 events of 20 of 30 tenants. The others are never looked at.
func TestT108_OnlyTenantsWithWorkAreVisited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queue("all", nil, "#")
	var mu sync.Mutex
	visited := map[string]int{}
	relay := b.relay(func(cfg *rabbitmq.RelayConfig) {
		cfg.VHost = func(ctx context.Context, tenantID string) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			visited[tenantID]++
			require.Equal(t, tenantID, auth.LookupTenantID(ctx))
			return "", nil
		}
	})
	const tenants, busy, events = 30, 20, 1000
	want := map[string]bool{}
	for n := range tenants {
		ctx, tenantID := b.NewTenant(t)
		if n >= busy {
			continue
		}
		want[tenantID] = true
		for range 5 { // several commits, each with its marker
			require.NoError(t, b.DB.Tx(ctx, func(tx *postgres.Tx) error {
				for i := range events / busy / 5 {
					tx.Emit(completed, i)
				}
				return nil
			}))
		}
	}
	b.start(relay)
	b.take("all", events)
	b.eventually("the work is done", func() bool { return b.count(`SELECT count(*) FROM work.outbox_visits`) == 0 })
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, visited, busy)
	for tenantID, times := range visited {
		require.True(t, want[tenantID])
		require.Equal(t, 1, times, "one visit takes all that a tenant has")
	}
}
