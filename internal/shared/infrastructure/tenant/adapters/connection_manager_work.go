package adapters

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"matcher/internal/shared/ports"
)

// ErrUnknownPlace is returned for a database that no tenant has been seen to lie in.
var ErrUnknownPlace = errors.New("no tenant is known to lie in that database")

// WorkPlace names the database that holds a tenant's jobs and outbox markers, for WorkPool: the one with its schema. ""
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

// WorkPool is the pool of the worker role in a database, as WorkPlace names it. It is the job queue's, which must have
// stopped before Close. Its new connections log in as the settings, or the tenant's configuration, say by then.
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
		return nil, ErrUnknownPlace
	}
	target, err := m.targetOf(place)
	if err != nil {
		return nil, err
	}
	pool, err := openRolePool(ctx, *m.settings.Load(), target, RoleWork, func(_ context.Context, config *pgx.ConnConfig) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.currentLogin(place, config)
	}) // dials nothing yet
	if err != nil {
		return nil, err
	}
	m.work[place] = pool
	return pool, nil
}

// targetOf is a place as the settings describe it now. The caller holds the lock.
func (m *TenantConnectionManager) targetOf(place string) (poolTarget, error) {
	tenant := m.places[place] // of "" the zero value, which lies in the installation's own database
	return m.settings.Load().placementOf(&tenant)
}

func (m *TenantConnectionManager) currentLogin(place string, config *pgx.ConnConfig) error {
	target, err := m.targetOf(place)
	if err != nil {
		return err
	}
	current, err := pgx.ParseConfig(target.dsn)
	if err != nil {
		return errors.New("the application's DSN cannot be read")
	}
	config.User, config.Password = current.User, current.Password
	return nil
}
