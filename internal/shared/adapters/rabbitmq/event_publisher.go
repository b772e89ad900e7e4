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

// EventPublisher publishes events of one part of the product, under the tenant in ctx.
type EventPublisher interface {
	PublishEvent(ctx context.Context, to Outlet, event recon.Event) error
}

// DefaultEventPublisher publishes events that no part of the product has a publisher of its own for.
type DefaultEventPublisher struct {
	MultiTenant bool // routing keys name the tenant
}

// PublishEvent is part of EventPublisher.
func (p DefaultEventPublisher) PublishEvent(ctx context.Context, to Outlet, event recon.Event) error {
	key := event.Key
	if p.MultiTenant {
		key = TenantScopedRoutingKey(event.Key, auth.LookupTenantID(ctx))
	}
	return to.Send(ctx, key, event)
}
