//go:build integration

package rabbitmq_test

import (
	"context"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/shared/adapters/rabbitmq"
	"matcher/internal/testkit"
)

// T63: commits go on while the broker is away, the backlog is exactly what they made, nothing is tried meanwhile, and
// each tenant's events come out in their order.
func TestT63_BrokerAwayAndBack(t *testing.T) {
	t.Parallel()
	node := testkit.NewRabbitNode(t)
	b := setupAt(t, node.VHost(t))
	b.queue("all", nil, "#")
	first, firstID := b.NewTenant(t)
	second, secondID := b.NewTenant(t)
	relay := b.relay()
	b.start(relay)
	b.emit(first, completed, 1)
	require.Len(t, b.take("all", 1), 1)
	b.eventually("it is recorded", func() bool { return b.unsent(firstID) == 0 })

	node.Stop(t)
	before := relay.Stats()
	const away = 100
	for n := range away {
		b.emit(first, completed, n)
		b.emit(second, completed, n)
	}
	require.Equal(t, away, b.unsent(firstID))
	require.Equal(t, away, b.unsent(secondID))
	backlog, err := relay.Backlog(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, backlog.Tenants)
	require.Positive(t, backlog.Oldest)
	require.LessOrEqual(t, relay.Stats().Visits-before.Visits, int64(4), "no attempts without a broker but one that saw it go")

	node.Start(t)
	byTenant := map[string][]int64{}
	for _, d := range b.take("all", 2*away) {
		message, err := testkit.VerifyTenant(d)
		require.NoError(t, err)
		byTenant[message.TenantID] = append(byTenant[message.TenantID], message.Seq)
	}
	require.Equal(t, map[string][]int64{firstID: upTo(away + 1)[1:], secondID: upTo(away)}, byTenant)
	b.eventually("nothing is left", func() bool { return b.unsent(firstID)+b.unsent(secondID) == 0 })
}

// T64: what the broker did not take stays unsent, is tried again, and arrives once it can.
func TestT64_NackedStaysUnsent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queue("full", amqp.Table{"x-max-length": 2, "x-overflow": "reject-publish"}, "#")
	ctx, tenantID := b.NewTenant(t)
	relay := b.relay(func(cfg *rabbitmq.RelayConfig) { cfg.Batch = 1 })
	b.start(relay)
	b.emit(ctx, completed, 1, 2, 3, 4, 5, 6)
	b.eventually("the queue is full", func() bool { return relay.Stats().Failures > 1 })
	unsent := b.unsent(tenantID)
	require.Positive(t, unsent)
	require.Equal(t, int64(6-unsent), relay.Stats().Sent)
	require.Equal(t, upTo(6), numbers(t, b.take("full", 6)), "the rest came when there was room, in order")
	b.eventually("all are sent", func() bool { return b.unsent(tenantID) == 0 })
}

func TestT64_ReturnedStaysUnsentAndHoldsUpNoOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queue("completed", nil, "ingestion.completed.*")
	ctx, tenantID := b.NewTenant(t)
	relay := b.relay(func(cfg *rabbitmq.RelayConfig) { cfg.ParkedFirst = 100 * time.Millisecond })
	b.start(relay)
	b.emit(ctx, "period.closed", "no queue is bound to this one")
	b.emit(ctx, completed, 2)
	require.Equal(t, []int64{2}, numbers(t, b.take("completed", 1)))
	b.eventually("the other one is set aside and tried again", func() bool {
		return b.count(`SELECT count(*) FROM "`+tenantID+`".outbox_parked WHERE event_seq = 1 AND attempts > 1 AND cause LIKE '%bound%'`) == 1
	})
	require.Equal(t, int64(1), relay.Stats().Sent)

	b.queue("periods", nil, "period.*.*")
	require.Equal(t, []int64{1}, numbers(t, b.take("periods", 1)))
	b.eventually("now it is sent", func() bool { return b.unsent(tenantID) == 0 && relay.Stats().Sent == 2 })
}

func TestT64_ChannelCloseStaysUnsent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queue("all", nil, "#")
	ctx, tenantID := b.NewTenant(t)
	relay := b.relay(func(cfg *rabbitmq.RelayConfig) { cfg.ParkedFirst = 100 * time.Millisecond })
	b.start(relay)
	b.emit(ctx, completed, 1)
	b.take("all", 1)
	b.eventually("it is recorded", func() bool { return b.unsent(tenantID) == 0 })
	// The broker closes the channel of the next visit: its exchange is gone.
	require.NoError(t, b.channel.ExchangeDelete(rabbitmq.Exchange, false, false))
	b.emit(ctx, completed, 2)
	b.eventually("the visit breaks off", func() bool { return relay.Stats().Failures > 0 })
	require.Equal(t, int64(1), relay.Stats().Sent)
	b.eventually("the relay made the exchange anew", func() bool {
		return testkit.AMQP(t, b.address).ExchangeDeclarePassive(rabbitmq.Exchange, "topic", true, false, false, false, nil) == nil
	})
	b.queue("all", nil, "#")
	require.Equal(t, []int64{2}, numbers(t, b.take("all", 1)))
}

func TestT64_BlockedConnectionStaysUnsent(t *testing.T) {
	t.Parallel()
	node := testkit.NewRabbitNode(t)
	b := setupAt(t, node.VHost(t))
	b.queue("all", nil, "#")
	ctx, tenantID := b.NewTenant(t)
	relay := b.relay()
	b.start(relay)
	b.emit(ctx, completed, 1)
	b.take("all", 1)
	b.eventually("it is recorded", func() bool { return b.unsent(tenantID) == 0 })

	node.Ctl(t, "set_vm_memory_high_watermark", "absolute", "1")
	b.emit(ctx, completed, 2, 3)
	short, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b.eventually("the broker reports that it is blocked", func() bool {
		now, cancel := context.WithTimeout(short, tick)
		defer cancel()
		return b.broker.Ready(now) != nil
	})
	require.Equal(t, 2, b.unsent(tenantID))
	require.Equal(t, int64(1), relay.Stats().Sent)

	node.Ctl(t, "set_vm_memory_high_watermark", "0.6")
	b.eventually("they are sent", func() bool { return b.unsent(tenantID) == 0 })
	got, err := testkit.AMQP(t, b.address).QueueDeclarePassive("all", true, false, false, false, amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum})
	require.NoError(t, err)
	require.Equal(t, []int64{2, 3}, firstOf(numbers(t, b.take("all", got.Messages))))
}

// BenchmarkRelay relays the backlog of four tenants into a quorum queue.
func BenchmarkRelay(b *testing.B) {
	in := setup(b)
	in.queue("all", nil, "#")
	const tenants, commit = 4, 100
	for b.Loop() {
		b.StopTimer()
		total := 0
		for range tenants {
			ctx, _ := in.NewTenant(b)
			for range 5000 / commit {
				require.NoError(b, in.DB.Tx(ctx, func(tx *postgres.Tx) error {
					for n := range commit {
						tx.Emit(completed, map[string]int{"rows": n})
					}
					return nil
				}))
				total += commit
			}
		}
		relay := in.relay()
		b.StartTimer()
		from := time.Now()
		in.start(relay)
		for relay.Stats().Sent < int64(total) {
			<-time.After(tick)
		}
		b.ReportMetric(float64(total)/time.Since(from).Seconds(), "events/s")
		b.StopTimer()
		in.stop(relay)
		b.StartTimer()
	}
}
