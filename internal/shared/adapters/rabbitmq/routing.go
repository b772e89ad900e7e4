// Package rabbitmq hands committed events to a broker: routing keys that name the tenant, a supervised connection,
// channels with publisher confirms, and the relay from the tenants' outboxes. Nothing counts as sent before the broker
// has confirmed it.
package rabbitmq

import (
	"strings"

	"matcher/internal/recon"
)

// Exchange is the topic exchange of all events.
const Exchange = "matcher.events"

// TenantScopedRoutingKey appends the tenant to a routing key: "ingestion.completed.<tenant>". A blank tenant leaves the
// key as it is. It does not validate: whoever calls it has the tenant from a verified context.
func TenantScopedRoutingKey(baseKey, tenantID string) string {
	tenantID = strings.TrimSpace(tenantID)
	if tenantID == "" {
		return baseKey
	}
	return baseKey + "." + tenantID
}

// prefixOf is what stands before the first dot of an event's key: it says whose event it is.
func prefixOf(event recon.Event) string {
	prefix, _, _ := strings.Cut(event.Key, ".")
	return prefix
}
