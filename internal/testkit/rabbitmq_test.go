//go:build integration

package testkit

import (
	"context"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

func TestRabbitMQ_IsTheTestsOwn(t *testing.T) {
	first, second := RabbitMQ(t), RabbitMQ(t)
	require.NotEqual(t, first, second)
	require.NotContains(t, first, ":5672/")
	channel := AMQP(t, first)
	_, err := channel.QueueDeclare("q", true, false, false, false, amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum})
	require.NoError(t, err)
	_, err = AMQP(t, second).QueueDeclarePassive("q", true, false, false, false, nil)
	require.Error(t, err, "another virtual host knows nothing of it")
}

func TestRabbitNode_KeepsItsDataOverARestart(t *testing.T) {
	node := NewRabbitNode(t)
	address := node.VHost(t)
	channel := AMQP(t, address)
	require.NoError(t, channel.Confirm(false))
	_, err := channel.QueueDeclare("q", true, false, false, false, nil)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	confirm, err := channel.PublishWithDeferredConfirmWithContext(ctx, "", "q", true, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("kept")})
	require.NoError(t, err)
	acked, err := confirm.WaitContext(ctx)
	require.NoError(t, err)
	require.True(t, acked)

	node.Stop(t)
	_, err = amqp.Dial(address)
	require.Error(t, err)
	node.Start(t)
	message, found, err := AMQP(t, address).Get("q", true)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "kept", string(message.Body))
	require.Contains(t, strings.Fields(node.Ctl(t, "list_vhosts")), "test01")
}
