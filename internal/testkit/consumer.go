package testkit

import (
	"encoding/json"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"matcher/internal/auth"
	messaging "matcher/internal/shared/adapters/rabbitmq"
)

// VerifyTenant reads a delivery as every consumer should, and returns whose it is. It refuses one whose header, body and
// routing key do not agree on the tenant, and one without any: a consumer rejects those without requeueing. A key
// without a tenant's suffix, as an installation with one tenant publishes, agrees with any.
func VerifyTenant(delivery amqp.Delivery) (message messaging.Message, err error) {
	if err := json.Unmarshal(delivery.Body, &message); err != nil {
		return messaging.Message{}, fmt.Errorf("the body is no event of Matcher: %w", err)
	}
	header, _ := delivery.Headers[messaging.HeaderTenant].(string)
	switch key := delivery.RoutingKey; {
	case !auth.IsUUID(header) || header != message.TenantID:
		return messaging.Message{}, errors.New("the tenants of header and body are not the same canonical UUID")
	case message.ID == "" || delivery.MessageId != message.ID:
		return messaging.Message{}, errors.New("the message's id is not its event's")
	case message.Key == "" || key != message.Key && key != messaging.TenantScopedRoutingKey(message.Key, message.TenantID):
		return messaging.Message{}, errors.New("the routing key does not name the message's event and tenant")
	}
	return message, nil
}
