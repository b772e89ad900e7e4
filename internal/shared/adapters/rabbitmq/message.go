package rabbitmq

import (
	"encoding/json"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"matcher/internal/recon"
)

// Headers of every message.
const (
	HeaderTenant = "X-Tenant-ID"
	headerTrace  = "traceparent"
)

// Message is the body of every message, as JSON. A consumer that has seen its ID has applied it: delivery is at least
// once. Seq rises by one per event of the tenant.
type Message struct {
	ID         string          `json:"id"`
	TenantID   string          `json:"tenantId"`
	Seq        int64           `json:"seq"`
	Key        string          `json:"key"`
	OccurredAt time.Time       `json:"occurredAt"`
	Payload    json.RawMessage `json:"payload"`
}

const contentType = "application/json"

func publishing(tenantID string, event recon.Event) (amqp.Publishing, error) {
	body, err := json.Marshal(Message{
		ID: event.ID, TenantID: tenantID, Seq: event.Seq, Key: event.Key,
		OccurredAt: event.OccurredAt.UTC(), Payload: event.Payload,
	})
	if err != nil {
		return amqp.Publishing{}, fmt.Errorf("encoding event %d: %w", event.Seq, err)
	}
	headers := amqp.Table{HeaderTenant: tenantID}
	if event.Traceparent != "" {
		headers[headerTrace] = event.Traceparent
	}
	return amqp.Publishing{
		Headers: headers, ContentType: contentType, DeliveryMode: amqp.Persistent,
		MessageId: event.ID, Timestamp: event.OccurredAt, Type: event.Key, AppId: "matcher", Body: body,
	}, nil
}
