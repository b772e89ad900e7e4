package adapters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"matcher/internal/shared/ports"
)

// RedisTenantEventPublisher notifies every instance that a tenant changed. A lost event costs time, not correctness:
// the sweep finds the change within a minute.
type RedisTenantEventPublisher struct {
	client  redis.UniversalClient
	channel string
}

// NewRedisTenantEventPublisher publishes on the channel that listeners subscribe to.
func NewRedisTenantEventPublisher(client redis.UniversalClient, channel string) (*RedisTenantEventPublisher, error) {
	if client == nil || channel == "" {
		return nil, errors.New("the tenant event publisher needs a Redis client and a channel")
	}
	return &RedisTenantEventPublisher{client: client, channel: channel}, nil
}

// Publish returns when Redis has the event.
func (p *RedisTenantEventPublisher) Publish(ctx context.Context, event ports.TenantEvent) error {
	payload, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encoding a tenant event: %w", err)
	}
	if err := p.client.Publish(ctx, p.channel, payload).Err(); err != nil {
		return fmt.Errorf("publishing a tenant event: %w", err)
	}
	return nil
}
