//go:build integration

package rabbitmq_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/shared/adapters/rabbitmq"
	"matcher/internal/testkit"
)

func TestNewBroker_RefusesWhatIsNoAddressWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "http://user:secret@broker", "amqp://user:secret@broker:port/%zz"} {
		_, err := rabbitmq.NewBroker(address, slog.New(slog.DiscardHandler))
		require.Error(t, err, address)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestBroker_WithoutAServerNothingBlocksForEver(t *testing.T) {
	t.Parallel()
	broker, err := rabbitmq.NewBroker("amqp://127.0.0.1:1/", slog.New(slog.DiscardHandler))
	require.NoError(t, err, "a process starts without its broker")
	go func() { _ = broker.Start(context.WithoutCancel(t.Context())) }()
	ctx, cancel := context.WithTimeout(t.Context(), tick)
	defer cancel()
	require.ErrorIs(t, broker.Ready(ctx), rabbitmq.ErrUnavailable)
	_, err = broker.Publisher(ctx, "")
	require.ErrorIs(t, err, rabbitmq.ErrUnavailable)
	require.NoError(t, broker.Stop())
	_, err = broker.Publisher(t.Context(), "another")
	require.ErrorIs(t, err, rabbitmq.ErrUnavailable, "after Stop there are no new connections")
}

func TestBroker_ReconnectsAfterItsConnectionWasClosed(t *testing.T) {
	t.Parallel()
	node := testkit.NewRabbitNode(t)
	address := node.VHost(t)
	broker, err := rabbitmq.NewBroker(address, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	go func() { _ = broker.Start(context.WithoutCancel(t.Context())) }()
	t.Cleanup(func() { _ = broker.Stop() })
	require.NoError(t, broker.Ready(t.Context()))
	p, err := broker.Publisher(t.Context(), "")
	require.NoError(t, err)
	testkit.AMQP(t, address)
	node.Ctl(t, "close_all_connections", "--global", "an operator closes them")

	ctx := auth.WithTenant(t.Context(), "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
	err = p.Send(ctx, "a.key", recon.Event{ID: "1", Payload: []byte("{}")})
	if err == nil {
		err = p.Outcomes(ctx)[0]
	}
	require.ErrorIs(t, err, rabbitmq.ErrUnavailable, "whether it arrived is unknown")
	p.Release()
	require.Eventually(t, func() bool {
		again, err := broker.Publisher(t.Context(), "")
		if err != nil {
			return false
		}
		defer again.Release()
		if again.Send(ctx, "a.key", recon.Event{ID: "1", Payload: []byte("{}")}) != nil {
			return false
		}
		outcomes := again.Outcomes(ctx)
		return len(outcomes) == 1 && errors.Is(outcomes[0], rabbitmq.ErrReturned)
	}, patience, time.Second)
}
