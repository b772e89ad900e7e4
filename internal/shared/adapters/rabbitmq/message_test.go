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

// delivered is what a consumer gets of a publishing.
func delivered(t *testing.T, tenantID, routingKey string) amqp.Delivery {
	t.Helper()
	p, err := publishing(tenantID, event())
	require.NoError(t, err)
	return amqp.Delivery{Headers: p.Headers, MessageId: p.MessageId, Body: p.Body, RoutingKey: routingKey}
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

func TestVerifyTenant(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"ingestion.completed." + tenantA, "ingestion.completed"} {
		message, err := VerifyTenant(delivered(t, tenantA, key))
		require.NoError(t, err, key)
		require.Equal(t, tenantA, message.TenantID)
		require.JSONEq(t, `{"rows":3}`, string(message.Payload))
	}

	for name, forge := range map[string]func(*amqp.Delivery){
		"the key names another tenant":    func(d *amqp.Delivery) { d.RoutingKey = "ingestion.completed." + tenantB },
		"the key names another event":     func(d *amqp.Delivery) { d.RoutingKey = "matching.run_completed." + tenantA },
		"the header names another tenant": func(d *amqp.Delivery) { d.Headers[HeaderTenant] = tenantB },
		"there is no header":              func(d *amqp.Delivery) { d.Headers = nil },
		"the header is no text":           func(d *amqp.Delivery) { d.Headers[HeaderTenant] = 7 },
		"the header is in upper case":     func(d *amqp.Delivery) { d.Headers[HeaderTenant] = "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA" },
		"the id is another event's":       func(d *amqp.Delivery) { d.MessageId = "x" },
		"the body is no JSON":             func(d *amqp.Delivery) { d.Body = []byte("tenant=" + tenantA) },
		"the body is empty":               func(d *amqp.Delivery) { d.Body = []byte("{}") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := delivered(t, tenantA, "ingestion.completed."+tenantA)
			forge(&d)
			_, err := VerifyTenant(d)
			require.Error(t, err)
		})
	}
}
