//go:build integration

package rabbitmq_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/shared/adapters/rabbitmq"
	"matcher/internal/testkit"
)

func TestPublisher(t *testing.T) {
	t.Parallel()
	address := testkit.RabbitMQ(t)
	broker, err := rabbitmq.NewBroker(address, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	go func() { _ = broker.Start(context.WithoutCancel(t.Context())) }()
	t.Cleanup(func() { _ = broker.Stop() })
	require.NoError(t, broker.Ready(t.Context()))
	channel := testkit.AMQP(t, address)
	require.NoError(t, channel.ExchangeDeclare(rabbitmq.Exchange, "topic", true, false, false, false, nil))
	_, err = channel.QueueDeclare("even", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, channel.QueueBind("even", "even", rabbitmq.Exchange, false, nil))
	ctx := auth.WithTenant(t.Context(), "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
	numbered := func(n int) recon.Event {
		return recon.Event{Seq: int64(n), ID: strconv.Itoa(n), Key: "even", Payload: []byte("{}")}
	}

	t.Run("500 in flight have an outcome each, in their order", func(t *testing.T) {
		p, err := broker.Publisher(t.Context(), "")
		require.NoError(t, err)
		defer p.Release()
		for n := range rabbitmq.InFlightMax {
			require.NoError(t, p.Send(ctx, []string{"even", "odd"}[n%2], numbered(n)))
		}
		require.Error(t, p.Send(ctx, "even", numbered(500)), "one more is refused")
		for n, outcome := range p.Outcomes(ctx) {
			if n%2 == 0 {
				require.NoError(t, outcome, n)
			} else {
				require.ErrorIs(t, outcome, rabbitmq.ErrReturned, n)
			}
		}
		require.Empty(t, p.Outcomes(ctx), "each is returned once")
	})
	t.Run("without a tenant nothing is sent", func(t *testing.T) {
		p, err := broker.Publisher(t.Context(), "")
		require.NoError(t, err)
		defer p.Release()
		require.ErrorIs(t, p.Send(t.Context(), "even", numbered(1)), auth.ErrNoTenant)
	})
	t.Run("a caller who gives up leaves its messages unsent", func(t *testing.T) {
		p, err := broker.Publisher(t.Context(), "")
		require.NoError(t, err)
		defer p.Release()
		require.NoError(t, p.Send(ctx, "even", numbered(1)))
		gone, cancel := context.WithCancel(ctx)
		cancel()
		for _, outcome := range p.Outcomes(gone) {
			if outcome != nil { // the confirm may have come first
				require.ErrorIs(t, outcome, rabbitmq.ErrUnavailable)
			}
		}
	})
}
