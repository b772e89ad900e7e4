package rabbitmq

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"matcher/internal/auth"
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

// VerifyTenant reads a delivery and says whose it is. It refuses one whose header, body and routing key do not agree
// on the tenant, and one without any: a consumer rejects those without requeueing. A key without a tenant's suffix, as
// an installation with one tenant publishes, agrees with any.
func VerifyTenant(delivery amqp.Delivery) (Message, error) {
	var message Message
	if err := json.Unmarshal(delivery.Body, &message); err != nil {
		return Message{}, fmt.Errorf("the message is not ours: %w", err)
	}
	header, _ := delivery.Headers[HeaderTenant].(string)
	switch {
	case !auth.IsUUID(header) || header != message.TenantID:
		return Message{}, fmt.Errorf("the tenants of header and body are not the same canonical UUID")
	case message.ID == "" || delivery.MessageId != message.ID:
		return Message{}, fmt.Errorf("the message's id is not its event's")
	case message.Key == "" || !keyAgrees(delivery.RoutingKey, message):
		return Message{}, fmt.Errorf("the routing key does not name the message's event and tenant")
	}
	return message, nil
}

func keyAgrees(routingKey string, message Message) bool {
	suffix, isKey := strings.CutPrefix(routingKey, message.Key)
	return isKey && (suffix == "" || suffix == "."+message.TenantID)
}
