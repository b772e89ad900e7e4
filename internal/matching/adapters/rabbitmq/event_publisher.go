// Package rabbitmq publishes the events of runs and match groups.
package rabbitmq

import (
	"context"

	"matcher/internal/auth"
	broker "matcher/internal/shared/adapters/rabbitmq"
)

// Prefix is the first word of the keys of these events.
const Prefix = "matching"

// NewEventPublisher returns the publisher of events of runs and match groups to the topic exchange of all events.
// With several tenants their routing keys name the tenant in ctx.
func NewEventPublisher(multiTenant bool) broker.EventPublisher {
	return broker.EventPublisher{MultiTenant: multiTenant, Scoped: func(ctx context.Context, baseKey string) string {
		return broker.TenantScopedRoutingKey(baseKey, auth.LookupTenantID(ctx))
	}}
}
