package bootstrap

import (
	"context"
	"fmt"

	imports "matcher/internal/ingestion/adapters/rabbitmq"
	matches "matcher/internal/matching/adapters/rabbitmq"
	messaging "matcher/internal/shared/adapters/rabbitmq"
)

// startRelay brings committed events to the broker that RABBITMQ_URL names. Without one it only keeps the outbox's
// markers small, and events are read from the feed. The service neither waits for the broker nor fails without it.
func (a *App) startRelay(ctx context.Context) error {
	several := a.cfg.Tenancy.MultiTenantEnabled
	cfg := messaging.RelayConfig{
		DB: a.DB, Log: a.log, VHost: a.messagingVHost,
		Publishers: map[string]messaging.EventPublisher{
			imports.Prefix: imports.EventPublisher{MultiTenant: several},
			matches.Prefix: matches.EventPublisher{MultiTenant: several},
		},
		Default: messaging.DefaultEventPublisher{MultiTenant: several},
	}
	if address := a.cfg.RabbitMQ.URL; address != "" {
		broker, err := messaging.NewBroker(address, a.log)
		if err != nil {
			return fmt.Errorf("opening the broker that RABBITMQ_URL names: %w", err)
		}
		cfg.Broker = broker
		a.onClose(broker.Close)
	}
	a.relay = messaging.NewRelay(cfg)
	a.relay.Start(ctx)
	a.onClose(a.relay.Stop)
	return nil
}

// RelayStats says what this process has relayed; nothing in a role without workers.
func (a *App) RelayStats() messaging.RelayStats {
	if a.relay == nil {
		return messaging.RelayStats{}
	}
	return a.relay.Stats()
}

// messagingVHost is the virtual host that a tenant's configuration names.
func (a *App) messagingVHost(ctx context.Context, tenantID string) (string, error) {
	tenant, err := a.provider.configuration.GetTenantConfig(ctx, tenantID)
	if err != nil {
		return "", err
	}
	return tenant.MessagingVHost, nil
}
