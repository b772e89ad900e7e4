package bootstrap

import (
	"context"
	"errors"
	"fmt"

	imports "matcher/internal/ingestion/adapters/rabbitmq"
	"matcher/internal/jobs"
	"matcher/internal/matching"
	matches "matcher/internal/matching/adapters/rabbitmq"
	"matcher/internal/recon"
	messaging "matcher/internal/shared/adapters/rabbitmq"
	"matcher/internal/shared/ports"
)

// startWorkers works on the jobs of the installation's database, and of every other in which a tenant is seen to lie.
func (a *App) startWorkers(ctx context.Context) error {
	if err := a.openBroker(); err != nil {
		return err
	}
	places := &jobs.Places{Open: a.openPlace, Most: a.cfg.Tenancy.MultiTenantMaxTenantPools, Log: a.log}
	a.onClose(places.Stop)
	a.startPurging(ctx)
	stop, err := a.openPlace(ctx, "")
	if err != nil {
		return err
	}
	a.onClose(stop)
	a.provider.seen.Store(new(func(ctx context.Context, tenant *ports.TenantConfig) {
		if place, err := a.provider.connections.WorkPlace(tenant); err == nil && place != "" {
			places.Visit(ctx, place)
		}
	}))
	a.provider.sweep.Wake() // it sees every tenant there is
	return nil
}

// openPlace starts the job queue and the relay of one database. The relay stops last: the last jobs have events too.
func (a *App) openPlace(ctx context.Context, place string) (stop func(context.Context) error, err error) {
	pool, err := a.provider.connections.WorkPool(ctx, place)
	if err != nil {
		return nil, err
	}
	queue, err := jobs.New(pool, a.log)
	if err != nil {
		return nil, err
	}
	runs := &matching.Service{DB: a.DB, Log: a.log}
	queue.Recover(jobs.Recovery{DB: a.DB, Database: place, Alive: map[recon.JobKind]func(context.Context, recon.Job) (bool, error){
		recon.JobRun:      func(ctx context.Context, job recon.Job) (bool, error) { return runs.Alive(ctx, job.Subject) },
		recon.JobSchedule: func(context.Context, recon.Job) (bool, error) { return false, nil }, // it takes no time, and twice does no harm
	}})
	err = queue.Start(ctx, map[recon.JobKind]jobs.Handler{
		recon.JobRun:      func(ctx context.Context, job recon.Job) error { return runs.Execute(ctx, job.Subject) },
		recon.JobSchedule: func(ctx context.Context, job recon.Job) error { return runs.Fire(ctx, job) },
	})
	if err != nil {
		return nil, err
	}
	relay := a.startRelay(ctx, place)
	return func(ctx context.Context) error { return errors.Join(queue.Stop(ctx), relay.Stop(ctx)) }, nil
}

// RelayStats says what this process has relayed from the installation's own database; nothing in a role without workers.
func (a *App) RelayStats() messaging.RelayStats {
	if a.relay == nil {
		return messaging.RelayStats{}
	}
	return a.relay.Stats()
}

// openBroker names the broker that RABBITMQ_URL names. The service neither waits for it nor fails without it.
func (a *App) openBroker() error {
	if a.cfg.RabbitMQ.URL == "" {
		return nil
	}
	broker, err := messaging.NewBroker(a.cfg.RabbitMQ.URL, a.log)
	if err != nil {
		return fmt.Errorf("opening the broker that RABBITMQ_URL names: %w", err)
	}
	a.broker = broker
	a.onClose(broker.Close)
	return nil
}

// startRelay brings the committed events of a database's tenants to the broker. Without one it only keeps the outbox's
// markers small, and events are read from the feed.
func (a *App) startRelay(ctx context.Context, place string) *messaging.Relay {
	several := a.cfg.Tenancy.MultiTenantEnabled
	relay := messaging.NewRelay(messaging.RelayConfig{
		DB: a.DB, Database: place, Broker: a.broker, Log: a.log, Figures: a.relayed, VHost: a.messagingVHost,
		Publishers: map[string]messaging.EventPublisher{
			imports.Prefix: imports.EventPublisher{MultiTenant: several},
			matches.Prefix: matches.EventPublisher{MultiTenant: several},
		},
		Default: messaging.DefaultEventPublisher{MultiTenant: several},
	})
	if place == "" {
		a.relay = relay
	}
	relay.Start(ctx)
	return relay
}

// messagingVHost is the virtual host that a tenant's configuration names.
func (a *App) messagingVHost(ctx context.Context, tenantID string) (string, error) {
	tenant, err := a.provider.configuration.GetTenantConfig(ctx, tenantID)
	if err != nil {
		return "", err
	}
	return tenant.MessagingVHost, nil
}
