//go:build unit || !integration

package testkit

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	messaging "matcher/internal/shared/adapters/rabbitmq"
)

const (
	tenantA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
	tenantB = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
)

// delivered is what a consumer gets of an event of tenant A.
func delivered(routingKey string) amqp.Delivery {
	return amqp.Delivery{
		Headers: amqp.Table{messaging.HeaderTenant: tenantA}, MessageId: "7", RoutingKey: routingKey,
		Body: []byte(`{"id":"7","tenantId":"` + tenantA + `","key":"ingestion.completed","payload":{"rows":3}}`),
	}
}

func TestVerifyTenant(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"ingestion.completed." + tenantA, "ingestion.completed"} {
		message, err := VerifyTenant(delivered(key))
		require.NoError(t, err, key)
		require.Equal(t, tenantA, message.TenantID)
		require.JSONEq(t, `{"rows":3}`, string(message.Payload))
	}

	for name, forge := range map[string]func(*amqp.Delivery){
		"the key names another tenant":    func(d *amqp.Delivery) { d.RoutingKey = "ingestion.completed." + tenantB },
		"the key names another event":     func(d *amqp.Delivery) { d.RoutingKey = "matching.run_completed." + tenantA },
		"the header names another tenant": func(d *amqp.Delivery) { d.Headers[messaging.HeaderTenant] = tenantB },
		"there is no header":              func(d *amqp.Delivery) { d.Headers = nil },
		"the header is no text":           func(d *amqp.Delivery) { d.Headers[messaging.HeaderTenant] = 7 },
		"the header is in upper case":     func(d *amqp.Delivery) { d.Headers[messaging.HeaderTenant] = "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA" },
		"the id is another event's":       func(d *amqp.Delivery) { d.MessageId = "x" },
		"the body is no JSON":             func(d *amqp.Delivery) { d.Body = []byte("tenant=" + tenantA) },
		"the body is empty":               func(d *amqp.Delivery) { d.Body = []byte("{}") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := delivered("ingestion.completed." + tenantA)
			forge(&d)
			_, err := VerifyTenant(d)
			require.Error(t, err)
		})
	}
}
