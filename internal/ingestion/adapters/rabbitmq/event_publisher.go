// Package rabbitmq publishes the events of imports.
package rabbitmq

import (
	"context"

	"matcher/internal/auth"
	broker "matcher/internal/shared/adapters/rabbitmq"
)

// Prefix is the first word of the keys of these events.
const Prefix = "ingestion"

// NewEventPublisher returns the publisher of events of imports to the topic exchange of all events. With several
// tenants their routing keys name the tenant in ctx.
func NewEventPublisher(multiTenant bool) broker.EventPublisher {
	return broker.EventPublisher{MultiTenant: multiTenant, Scoped: func(ctx context.Context, baseKey string) string {
		return broker.TenantScopedRoutingKey(baseKey, auth.LookupTenantID(ctx))
	}}
}
