package adapters

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/sync/semaphore"

	"matcher/internal/recon"
)

const (
	// poolFailures in a row close a database to callers for poolPause; then one of them tries it.
	poolFailures = 5
	poolPause    = 2 * time.Second
)

// databasePool is the pool of one database with the tenants' shares in it.
type databasePool struct {
	*pgxpool.Pool
	target   poolTarget
	database string // the name that the target or its DSN gives
	breaker  *gobreaker.TwoStepCircuitBreaker[any]

	holders  int       // guarded by the pool set's mutex: leases out and callers waiting for one
	lastUsed time.Time // likewise
	retired  bool      // likewise: replaced by another, and closed when its last holder leaves

	mu     sync.Mutex
	shares map[string]*tenantShare
}

// tenantShare bounds the connections that one tenant holds. It exists while a caller holds or awaits one.
type tenantShare struct {
	slots *semaphore.Weighted
	size  int
	users int // guarded by the pool's mutex
}

// newDatabasePool dials nothing: the first lease does.
func newDatabasePool(settings *ConnectionSettings, target poolTarget) (*databasePool, error) {
	config, err := settings.configFor(target)
	if err != nil {
		return nil, err
	}
	config.AfterRelease = func(conn *pgx.Conn) bool { return resetSearchPath(conn) && reusable(conn) }
	// No ping before use: the BEGIN that comes first finds a dead connection as well, and costs no trip of its own.
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("opening the pool of a database: %w", err)
	}
	return &databasePool{
		Pool: pool, target: target, database: config.ConnConfig.Database,
		breaker: gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
			MaxRequests: 1, Timeout: poolPause,
			ReadyToTrip:  func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= poolFailures },
			IsSuccessful: func(err error) bool { return !errors.Is(err, errUnreachable) },
		}),
		lastUsed: time.Now(), shares: map[string]*tenantShare{},
	}, nil
}

// errUnreachable is reported to a breaker if the server, and not the caller, caused the failure.
var errUnreachable = errors.New("the database cannot be reached")

func unreachableNow() *recon.Error {
	return recon.Unavailable(recon.CodeDatabaseUnavailable, retryAfterOutage,
		"the database cannot be reached at the moment")
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

// Keys of what a connection keeps between its leases.
const (
	tenantsSeen = "matcher.tenants"
	inDoubt     = "matcher.in_doubt"
)

func noteTenant(conn *pgx.Conn, tenantID string) {
	data := conn.PgConn().CustomData()
	seen, _ := data[tenantsSeen].(map[string]struct{})
	if seen == nil {
		seen = map[string]struct{}{}
		data[tenantsSeen] = seen
	}
	seen[tenantID] = struct{}{}
}

// reusable is false for a returned connection that has served enough tenants.
func reusable(conn *pgx.Conn) bool {
	seen, _ := conn.PgConn().CustomData()[tenantsSeen].(map[string]struct{})
	return len(seen) < maxTenantsPerConnection
}

// resetSearchPath reports whether the next tenant may have a returned connection. SET LOCAL ended with the
// transaction if the server reported the transaction's end; otherwise the path may still be a tenant's, and only the
// end of the session is certain to reset it. The pool has already destroyed connections with a transaction open, a
// statement unfinished or a broken wire.
func resetSearchPath(conn *pgx.Conn) bool {
	wire := conn.PgConn()
	doubt, _ := wire.CustomData()[inDoubt].(bool)
	path := wire.ParameterStatus("search_path") // PostgreSQL 18 reports it with every change, older ones never do
	return !doubt && wire.TxStatus() == 'I' && (path == "" || path == homePath)
}
