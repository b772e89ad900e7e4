//go:build unit || !integration

package rabbitmq

import (
	"encoding/json"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

const (
	tenantA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
	tenantB = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
)

func event() recon.Event {
	return recon.Event{
		Seq: 7, ID: "01890000-0000-7000-8000-000000000007", Key: recon.EventImportCompleted,
		Payload: json.RawMessage(`{"rows":3}`), OccurredAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
}

func TestPublishing(t *testing.T) {
	t.Parallel()
	p, err := publishing(tenantA, event())
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"01890000-0000-7000-8000-000000000007","tenantId":"`+tenantA+`","seq":7,"key":"ingestion.completed",
		"occurredAt":"2026-01-02T03:04:05Z","payload":{"rows":3}}`, string(p.Body))
	require.Equal(t, amqp.Table{"X-Tenant-ID": tenantA, "traceparent": event().Traceparent}, p.Headers)
	require.Equal(t, event().ID, p.MessageId)
	require.Equal(t, amqp.Persistent, p.DeliveryMode, "a message survives the broker's restart")
	require.Equal(t, "application/json", p.ContentType)

	broken := event()
	broken.Payload = json.RawMessage(`{`)
	_, err = publishing(tenantA, broken)
	require.Error(t, err, "what cannot be encoded is no message")
}
