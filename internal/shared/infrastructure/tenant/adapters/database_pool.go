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
	retired  bool      // likewise: replaced by another, and closed when nobody holds it any more

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
		Pool: pool, target: target, database: config.ConnConfig.Database, breaker: newPoolBreaker(),
		lastUsed: time.Now(), shares: map[string]*tenantShare{},
	}, nil
}

// errUnreachable is what a breaker is told when the server, and not the caller, was at fault.
var errUnreachable = errors.New("the database cannot be reached")

func newPoolBreaker() *gobreaker.TwoStepCircuitBreaker[any] {
	return gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		MaxRequests: 1, Timeout: poolPause,
		ReadyToTrip:  func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= poolFailures },
		IsSuccessful: func(err error) bool { return !errors.Is(err, errUnreachable) },
	})
}

// allow refuses at once while the database has failed too often in a row. done is to be told how the caller fared.
func (p *databasePool) allow() (done func(error), err error) {
	done, err = p.breaker.Allow()
	if err != nil {
		return nil, errors.Join(unreachableNow(), errUnreachable)
	}
	return done, nil
}

func unreachableNow() *recon.Error {
	return recon.Unavailable("DATABASE_UNAVAILABLE", retryAfterOutage, "the database cannot be reached at the moment")
}

// starved says that a wait ended though the pool had room: its server did not answer.
func (p *databasePool) starved() bool {
	stat := p.Stat()
	return stat.AcquiredConns() < stat.MaxConns()
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

// What a connection remembers between its leases.
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

// reusable is asked when a connection comes back: it ends those that have served enough tenants.
func reusable(conn *pgx.Conn) bool {
	seen, _ := conn.PgConn().CustomData()[tenantsSeen].(map[string]struct{})
	return len(seen) < maxTenantsPerConnection
}

// resetSearchPath is asked when a connection comes back, and says whether the next tenant may have it. SET LOCAL has
// left with the transaction wherever the server said that the transaction is over; where it did not say so, the path
// may still be a tenant's, and only the end of the session is certain to reset it. The pool has already destroyed
// connections with a transaction open, a statement unfinished or a broken wire.
func resetSearchPath(conn *pgx.Conn) bool {
	wire := conn.PgConn()
	doubt, _ := wire.CustomData()[inDoubt].(bool)
	path := wire.ParameterStatus("search_path") // PostgreSQL 18 reports it with every change, older ones never do
	return !doubt && wire.TxStatus() == 'I' && (path == "" || path == homePath)
}
