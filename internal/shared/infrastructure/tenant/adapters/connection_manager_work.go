package adapters

import (
	"cmp"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// WorkPool is the pool of the worker role in a database, "" being the installation's own. It is the job queue's, which
// must have stopped before Close. Its new connections log in as the settings say by then.
func (m *TenantConnectionManager) WorkPool(ctx context.Context, database string) (*pgxpool.Pool, error) {
	database = cmp.Or(database, m.Database())
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.work == nil {
		return nil, ErrManagerClosed
	}
	if pool := m.work[database]; pool != nil {
		return pool, nil
	}
	pool, err := openRolePool(ctx, *m.settings.Load(), database, RoleWork, m.currentLogin) // dials nothing yet
	if err != nil {
		return nil, err
	}
	m.work[database] = pool
	return pool, nil
}

func (m *TenantConnectionManager) currentLogin(_ context.Context, config *pgx.ConnConfig) error {
	current, err := pgx.ParseConfig(m.settings.Load().DSN)
	if err != nil {
		return errors.New("the application's DSN cannot be read")
	}
	config.User, config.Password = current.User, current.Password
	return nil
}
