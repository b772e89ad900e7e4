package adapters

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"matcher/internal/shared/ports"
)

// WorkPlace returns the name, for WorkPool, of the database that holds a tenant's schema, jobs and outbox markers. ""
// is the installation's own.
func (m *TenantConnectionManager) WorkPlace(tenant *ports.TenantConfig) (string, error) {
	settings := m.settings.Load()
	target, err := settings.placementOf(tenant)
	if err != nil {
		return "", err
	}
	own, err := settings.placementOf(&ports.TenantConfig{})
	if err != nil || target.key == own.key {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.places[target.key] = *tenant
	return target.key, nil
}

// WorkPool returns the pool of the worker role in a database that WorkPlace names. The job queue uses it and must have
// stopped before Close. New connections log in with the current settings or tenant's configuration.
func (m *TenantConnectionManager) WorkPool(ctx context.Context, place string) (*pgxpool.Pool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.work == nil {
		return nil, ErrManagerClosed
	}
	if pool := m.work[place]; pool != nil {
		return pool, nil
	}
	if _, known := m.places[place]; !known && place != "" {
		return nil, errors.New("no tenant is placed in that database")
	}
	target, err := m.targetOf(place)
	if err != nil {
		return nil, err
	}
	config, err := m.settings.Load().rolePool(target, RoleWork)
	if err != nil {
		return nil, err
	}
	config.BeforeConnect = func(_ context.Context, login *pgx.ConnConfig) error {
		m.mu.Lock()
		target, err := m.targetOf(place)
		m.mu.Unlock()
		if err != nil {
			return err
		}
		current, err := pgx.ParseConfig(target.dsn)
		if err != nil {
			return errors.New("the application's DSN cannot be read")
		}
		login.User, login.Password = current.User, current.Password
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config) // dials nothing yet
	if err != nil {
		return nil, fmt.Errorf("opening the pool of %s: %w", RoleWork, err)
	}
	m.work[place] = pool
	return pool, nil
}

// targetOf returns a place as the settings describe it now. The caller holds the lock.
func (m *TenantConnectionManager) targetOf(place string) (poolTarget, error) {
	tenant := m.places[place] // of "" the zero value: the installation's own database
	return m.settings.Load().placementOf(&tenant)
}
