package bootstrap

import (
	"context"
	"fmt"

	imports "matcher/internal/ingestion/adapters/rabbitmq"
	"matcher/internal/jobs"
	"matcher/internal/matching"
	matches "matcher/internal/matching/adapters/rabbitmq"
	"matcher/internal/recon"
	messaging "matcher/internal/shared/adapters/rabbitmq"
	"matcher/internal/shared/ports"
)

// startWorkers works on the jobs of the installation's database, and of every other that holds a tenant.
func (a *App) startWorkers() error {
	if a.cfg.RabbitMQ.URL != "" {
		broker, err := messaging.NewBroker(a.cfg.RabbitMQ.URL, a.log)
		if err != nil {
			return fmt.Errorf("opening the broker of RABBITMQ_URL: %w", err)
		}
		a.broker = broker
		a.run("broker", broker)
	}
	const own = 1
	places := jobs.NewPlaces(own+a.cfg.Tenancy.MultiTenantMaxTenantPools, a.log, a.openPlace)
	a.run("jobs", places)
	if a.authority() != nil {
		a.run("tenant.purge", a.tenants)
	}
	places.Visit("")
	a.provider.seen.Store(new(func(tenant *ports.TenantConfig) {
		if place, err := a.provider.connections.WorkPlace(tenant); err == nil {
			places.Visit(place)
		}
	}))
	a.provider.sweep.Wake() // it sees every tenant
	return nil
}

// openPlace returns what works in one database. The relay starts first and stops last: the last jobs have events too.
func (a *App) openPlace(ctx context.Context, place string) ([]jobs.Service, error) {
	pool, err := a.provider.connections.WorkPool(ctx, place)
	if err != nil {
		return nil, err
	}
	runs := &matching.Service{DB: a.DB, Log: a.log}
	workers, err := jobs.NewWorkers(jobs.Config{
		Pool: pool, DB: a.DB, Database: place, Log: a.log,
		Handlers: map[recon.JobKind]jobs.Handler{
			recon.JobRun:      func(ctx context.Context, job recon.Job) error { return runs.Execute(ctx, job.Subject) },
			recon.JobSchedule: runs.Fire,
		},
		Alive: map[recon.JobKind]func(context.Context, recon.Job) (bool, error){
			recon.JobRun: func(ctx context.Context, job recon.Job) (bool, error) { return runs.Alive(ctx, job.Subject) },
			// It takes no time, and twice does no harm.
			recon.JobSchedule: func(context.Context, recon.Job) (bool, error) { return false, nil },
		},
	})
	if err != nil {
		return nil, err
	}
	return []jobs.Service{a.newRelay(place), workers}, nil
}

// newRelay returns what brings the committed events of a database's tenants to the broker. Without one it only keeps the
// outbox's markers few, and events are read from the feed.
func (a *App) newRelay(place string) *messaging.Relay {
	several := a.cfg.Tenancy.MultiTenantEnabled
	return messaging.NewRelay(messaging.RelayConfig{
		DB: a.DB, Database: place, Broker: a.broker, Log: a.log, Figures: a.relayed, VHost: a.messagingVHost,
		Publishers: map[string]messaging.EventPublisher{
			imports.Prefix: imports.NewEventPublisher(several),
			matches.Prefix: matches.NewEventPublisher(several),
		},
		Default: messaging.NewDefaultEventPublisher(several),
	})
}

// messagingVHost returns the virtual host that a tenant's configuration names.
func (a *App) messagingVHost(ctx context.Context, tenantID string) (string, error) {
	tenant, err := a.provider.configuration.GetTenantConfig(ctx, tenantID)
	if err != nil {
		return "", err
	}
	return tenant.MessagingVHost, nil
}
