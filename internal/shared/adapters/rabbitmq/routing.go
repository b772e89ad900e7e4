// Package rabbitmq publishes committed events to a broker: routing keys that name the tenant, supervised connections,
// channels with publisher confirms, and the relay from the tenants' outboxes. Nothing counts as sent before the broker
// has confirmed it.
package rabbitmq

import "strings"

// Exchange is the topic exchange of all events.
const Exchange = "matcher.events"

// TenantScopedRoutingKey appends the tenant to a routing key: "ingestion.completed.<tenant>". A blank tenant leaves the
// key as it is. It does not validate: its callers have the tenant from a verified context.
func TenantScopedRoutingKey(baseKey, tenantID string) string {
	tenantID = strings.TrimSpace(tenantID)
	if tenantID == "" {
		return baseKey
	}
	return baseKey + "." + tenantID
}
