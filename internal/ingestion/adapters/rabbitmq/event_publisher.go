// Package rabbitmq publishes the events of imports.
package rabbitmq

import (
	"context"

	"matcher/internal/auth"
	"matcher/internal/recon"
	broker "matcher/internal/shared/adapters/rabbitmq"
)

// Prefix is the first word of the keys of these events.
const Prefix = "ingestion"

// EventPublisher publishes events of imports to the topic exchange of all events.
type EventPublisher struct {
	MultiTenant bool // routing keys name the tenant
}

var _ broker.EventPublisher = EventPublisher{}

// PublishEvent sends the event under the tenant in ctx.
func (p EventPublisher) PublishEvent(ctx context.Context, to broker.Outlet, event recon.Event) error {
	key := event.Key
	if p.MultiTenant {
		key = broker.TenantScopedRoutingKey(event.Key, auth.LookupTenantID(ctx))
	}
	return to.Send(ctx, key, event)
}
