package adapters

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/semaphore"
)

// databasePool is the pool of one database with the tenants' shares in it.
type databasePool struct {
	*pgxpool.Pool
	holders  int       // guarded by the manager's mutex: leases out and callers waiting for one
	lastUsed time.Time // likewise

	mu     sync.Mutex
	shares map[string]*tenantShare
}

// tenantShare bounds the connections that one tenant holds. It lives as long as somebody holds or awaits one.
type tenantShare struct {
	slots *semaphore.Weighted
	size  int
	users int // guarded by the pool's mutex
}

// newDatabasePool dials nothing: the first lease does.
func newDatabasePool(settings ConnectionSettings, database string) (*databasePool, error) {
	config, err := settings.poolConfig(database)
	if err != nil {
		return nil, err
	}
	config.AfterRelease = reusable
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("opening the pool of a database: %w", err)
	}
	return &databasePool{Pool: pool, lastUsed: time.Now(), shares: map[string]*tenantShare{}}, nil
}

// enter takes one slot of the tenant's share. A share whose size changed is replaced; leases of the old one run out.
func (p *databasePool) enter(ctx context.Context, tenantID string, size int) (*tenantShare, error) {
	p.mu.Lock()
	share := p.shares[tenantID]
	if share == nil || share.size != size {
		share = &tenantShare{slots: semaphore.NewWeighted(int64(size)), size: size}
		p.shares[tenantID] = share
	}
	share.users++
	p.mu.Unlock()
	if err := share.slots.Acquire(ctx, 1); err != nil {
		p.forget(tenantID, share)
		return nil, err
	}
	return share, nil
}

func (p *databasePool) leave(tenantID string, share *tenantShare) {
	share.slots.Release(1)
	p.forget(tenantID, share)
}

func (p *databasePool) forget(tenantID string, share *tenantShare) {
	p.mu.Lock()
	defer p.mu.Unlock()
	share.users--
	if share.users == 0 && p.shares[tenantID] == share {
		delete(p.shares, tenantID)
	}
}
