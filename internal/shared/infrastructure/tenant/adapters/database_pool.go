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
	"golang.org/x/sync/singleflight"

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

// ErrManagerClosed is returned to callers that come after Close.
var ErrManagerClosed = errors.New("the connection manager is closed")

// poolSet holds the open pools by what they are pools of. One that a newer description has replaced drains: it serves
// those who hold it and is closed with the last of them, so that no request notices.
type poolSet struct {
	creations singleflight.Group

	mu      sync.Mutex
	pools   map[string]*databasePool
	retired map[*databasePool]struct{}
	closed  bool
	leases  sync.WaitGroup // raised under mu only while not closed
}

func newPoolSet() *poolSet {
	return &poolSet{pools: map[string]*databasePool{}, retired: map[*databasePool]struct{}{}}
}

// hold finds or makes the pool of a target and keeps it from being closed until letGo.
func (s *poolSet) hold(target poolTarget, settings *ConnectionSettings) (*databasePool, error) {
	for {
		if pool, err := s.holdOpen(target); pool != nil || err != nil {
			return pool, err
		}
		// One caller builds, outside s.mu, so that tenants of other databases do not wait; then everyone looks again.
		_, err, _ := s.creations.Do(target.key, func() (any, error) { return nil, s.open(target, settings) })
		if err != nil {
			return nil, err
		}
	}
}

// holdOpen is nil when there is no pool, or only one that the target's description has overtaken.
func (s *poolSet) holdOpen(target poolTarget) (*databasePool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrManagerClosed
	}
	pool := s.pools[target.key]
	// A caller that still holds an older description gets the pool of the newer one.
	if pool == nil || !pool.target.same(target) && target.version >= pool.target.version {
		return nil, nil //nolint:nilnil // nil is "none yet"
	}
	pool.target.version = max(pool.target.version, target.version)
	pool.holders++
	s.leases.Add(1)
	return pool, nil
}

func (s *poolSet) letGo(pool *databasePool) {
	s.mu.Lock()
	pool.holders--
	pool.lastUsed = time.Now()
	drained := pool.retired && pool.holders == 0
	if drained {
		delete(s.retired, pool)
	}
	s.mu.Unlock()
	if drained {
		go pool.Close() // it waits for the last connection to come back
	}
	s.leases.Done()
}

func (s *poolSet) open(target poolTarget, settings *ConnectionSettings) error {
	if pool, err := s.holdOpen(target); pool != nil || err != nil {
		if pool != nil {
			s.letGo(pool) // an earlier flight made it
		}
		return err
	}
	pool, err := newDatabasePool(settings, target)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		pool.Close()
		return ErrManagerClosed
	}
	var victims []*databasePool
	if overtaken := s.pools[target.key]; overtaken == nil {
		victims = s.takeIdle(time.Time{}, len(s.pools)+1-settings.MaxPools)
	} else if s.retire(overtaken) {
		victims = append(victims, overtaken)
	}
	s.pools[target.key] = pool
	s.mu.Unlock()
	go closePools(victims) // a server that does not answer may not hold this one's tenants up
	return nil
}

// retire lets a pool drain. It reports whether the pool has no holder, and then the caller closes it. The caller has
// s.mu.
func (s *poolSet) retire(pool *databasePool) (empty bool) {
	pool.retired = true
	if pool.holders > 0 {
		s.retired[pool] = struct{}{}
	}
	return pool.holders == 0
}

// takeIdle removes up to count pools without holders that were last used before the given time (zero: at any time),
// least recently used first. The cap is soft: pools in use stay. The caller has s.mu.
func (s *poolSet) takeIdle(before time.Time, count int) []*databasePool {
	var taken []*databasePool
	for len(taken) < count {
		oldest := ""
		for key, pool := range s.pools {
			idle := pool.holders == 0 && (before.IsZero() || pool.lastUsed.Before(before))
			if idle && (oldest == "" || pool.lastUsed.Before(s.pools[oldest].lastUsed)) {
				oldest = key
			}
		}
		if oldest == "" {
			break
		}
		taken = append(taken, s.pools[oldest])
		delete(s.pools, oldest)
	}
	return taken
}

// reap closes the pools that are unused since the given time.
func (s *poolSet) reap(before time.Time) {
	s.mu.Lock()
	idle := s.takeIdle(before, len(s.pools))
	s.mu.Unlock()
	closePools(idle)
}

// shut refuses new holders and hands over every pool, to be closed when the leases are back.
func (s *poolSet) shut() (all []*databasePool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, pool := range s.pools {
		all = append(all, pool)
	}
	for pool := range s.retired {
		all = append(all, pool)
	}
	clear(s.pools)
	return all
}

// poolCounts is what the gauges show.
type poolCounts struct{ open, draining, idle, used int64 }

func (s *poolSet) counts() (c poolCounts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add := func(pool *databasePool) {
		stat := pool.Stat()
		c.idle, c.used = c.idle+int64(stat.IdleConns()), c.used+int64(stat.AcquiredConns())
	}
	for _, pool := range s.pools {
		add(pool)
	}
	for pool := range s.retired {
		add(pool)
	}
	c.open, c.draining = int64(len(s.pools)), int64(len(s.retired))
	return c
}

func closePools(pools []*databasePool) {
	for _, pool := range pools {
		go pool.Close() // each waits for its own server alone
	}
}
