//go:build integration

package rabbitmq_test

import (
	"context"
	"log/slog"
	"maps"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	imports "matcher/internal/ingestion/adapters/rabbitmq"
	matches "matcher/internal/matching/adapters/rabbitmq"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/shared/adapters/rabbitmq"
	"matcher/internal/testkit"
)

const (
	// patience is longer than several waits for a confirm, each of which a starved broker may let pass.
	patience = 3 * time.Minute
	tick     = 20 * time.Millisecond
)

// bench is a database and a broker of the test's own.
type bench struct {
	*testkit.Installation

	t       testing.TB
	address string
	channel *amqp.Channel
	broker  *rabbitmq.Broker
}

func setup(t testing.TB) *bench {
	t.Helper()
	return setupAt(t, testkit.RabbitMQ(t))
}

func setupAt(t testing.TB, address string) *bench {
	t.Helper()
	b := &bench{Installation: testkit.NewInstallation(t), t: t, address: address, channel: testkit.AMQP(t, address)}
	require.NoError(t, b.channel.ExchangeDeclare(rabbitmq.Exchange, "topic", true, false, false, false, nil))
	b.broker = b.newBroker()
	return b
}

func (b *bench) newBroker() *rabbitmq.Broker {
	b.t.Helper()
	broker, err := rabbitmq.NewBroker(b.address, slog.New(slog.DiscardHandler))
	require.NoError(b.t, err)
	go func() { _ = broker.Start(context.WithoutCancel(b.t.Context())) }()
	b.t.Cleanup(func() { require.NoError(b.t, broker.Stop()) })
	return broker
}

// relay makes one that is as hasty as a test.
func (b *bench) relay(change ...func(*rabbitmq.RelayConfig)) *rabbitmq.Relay {
	b.t.Helper()
	cfg := rabbitmq.RelayConfig{
		DB: b.DB, Broker: b.broker, Log: slog.New(slog.DiscardHandler), Poll: tick,
		Publishers: map[string]rabbitmq.EventPublisher{
			imports.Prefix: imports.NewEventPublisher(true), matches.Prefix: matches.NewEventPublisher(true),
		},
		Default: rabbitmq.NewDefaultEventPublisher(true),
	}
	for _, edit := range change {
		edit(&cfg)
	}
	return rabbitmq.NewRelay(cfg)
}

// start runs a relay until stop, or until the end of the test.
func (b *bench) start(relay *rabbitmq.Relay) {
	b.t.Helper()
	go func() { _ = relay.Start(context.WithoutCancel(b.t.Context())) }()
	b.t.Cleanup(func() { b.stop(relay) })
}

func (b *bench) stop(relay *rabbitmq.Relay) {
	b.t.Helper()
	require.NoError(b.t, relay.Stop())
}

// emit commits events one by one, as commands do.
func (b *bench) emit(ctx context.Context, key string, payloads ...any) {
	b.t.Helper()
	for _, payload := range payloads {
		require.NoError(b.t, b.DB.Tx(ctx, func(tx *postgres.Tx) error {
			tx.Emit(key, payload)
			return nil
		}))
	}
}

// count is a number that the owner reads.
func (b *bench) count(sql string) (n int) {
	b.t.Helper()
	require.NoError(b.t, b.Owner(b.t).QueryRow(context.Background(), sql).Scan(&n))
	return n
}

// unsent is how many of a tenant's events the outbox still holds.
func (b *bench) unsent(tenantID string) int {
	b.t.Helper()
	return b.count(`SELECT (SELECT count(*) FROM "` + tenantID + `".events e, "` + tenantID + `".outbox_position p WHERE e.seq > p.event_seq)
		+ (SELECT count(*) FROM "` + tenantID + `".outbox_parked)`)
}

// eventually waits for what another goroutine or process brings about.
func (b *bench) eventually(what string, is func() bool) {
	b.t.Helper()
	require.Eventually(b.t, is, patience, tick, what)
}

// queue declares a quorum queue and binds it.
func (b *bench) queue(name string, args amqp.Table, keys ...string) {
	b.t.Helper()
	all := amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum}
	maps.Copy(all, args)
	_, err := b.channel.QueueDeclare(name, true, false, false, false, all)
	require.NoError(b.t, err)
	for _, key := range keys {
		require.NoError(b.t, b.channel.QueueBind(name, key, rabbitmq.Exchange, false, nil))
	}
}

// take consumes n messages from a queue, in order, of all tenants.
func (b *bench) take(queue string, n int) (taken []amqp.Delivery) {
	b.t.Helper()
	channel := testkit.AMQP(b.t, b.address)
	deliveries, err := channel.Consume(queue, "", true, false, false, false, nil)
	require.NoError(b.t, err)
	for range n {
		select {
		case d := <-deliveries:
			taken = append(taken, d)
		case <-time.After(patience):
			require.FailNow(b.t, "messages are missing", "%d of %d came to %s", len(taken), n, queue)
		}
	}
	require.NoError(b.t, channel.Close())
	return taken
}

// numbers are the events' numbers of messages that are right in themselves.
func numbers(t testing.TB, deliveries []amqp.Delivery) (seqs []int64) {
	t.Helper()
	for _, d := range deliveries {
		message, err := testkit.VerifyTenant(d)
		require.NoError(t, err)
		seqs = append(seqs, message.Seq)
	}
	return seqs
}

// upTo is 1, 2, … n.
func upTo(n int) (seqs []int64) {
	for i := range n {
		seqs = append(seqs, int64(i+1))
	}
	return seqs
}

// firstOf drops what a consumer has seen before, as every consumer must.
func firstOf(seqs []int64) (first []int64) {
	seen := map[int64]bool{}
	for _, seq := range seqs {
		if !seen[seq] {
			first = append(first, seq)
		}
		seen[seq] = true
	}
	return first
}

const completed = recon.EventImportCompleted
