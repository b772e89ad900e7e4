package rabbitmq

import (
	"context"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// Outlet takes messages for the exchange: a Publisher, or a test's recorder.
type Outlet interface {
	Send(ctx context.Context, routingKey string, event recon.Event) error
}

// EventPublisher publishes the events of one part of the product, under the tenant in ctx.
type EventPublisher struct {
	MultiTenant bool // routing keys name the tenant
	// Scoped returns the routing key of the tenant in ctx.
	Scoped func(ctx context.Context, baseKey string) string
}

// PublishEvent sends an event under its key, which names the tenant where there are several.
func (p EventPublisher) PublishEvent(ctx context.Context, to Outlet, event recon.Event) error {
	key := event.Key
	if p.MultiTenant {
		key = p.Scoped(ctx, key)
	}
	return to.Send(ctx, key, event)
}

// NewDefaultEventPublisher returns the publisher of all events whose part of the product has none.
func NewDefaultEventPublisher(multiTenant bool) EventPublisher {
	return EventPublisher{MultiTenant: multiTenant, Scoped: func(ctx context.Context, baseKey string) string {
		return TenantScopedRoutingKey(baseKey, auth.LookupTenantID(ctx))
	}}
}
