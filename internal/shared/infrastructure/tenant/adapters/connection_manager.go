package adapters

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/singleflight"

	"matcher/internal/recon"
	"matcher/internal/shared/ports"
)

// retryAfterBusy is what a tenant whose share is used up is asked to wait.
const retryAfterBusy = time.Second

// ErrManagerClosed is returned to callers that come after Close.
var ErrManagerClosed = errors.New("the connection manager is closed")

// TenantConnectionManager leases connections to tenants. A pool belongs to a database; a tenant holds leases from its
// own share of it, so that no tenant can take all of them. Before a lease it makes sure that the tenant is known and
// active: unknown ones would churn the pool.
type TenantConnectionManager struct {
	settings      ConnectionSettings
	configuration ports.ConfigurationPort
	creations     singleflight.Group

	mu     sync.Mutex
	pools  map[string]*databasePool
	work   map[string]*pgxpool.Pool
	closed bool
	leases sync.WaitGroup // raised under mu only while not closed

	stop     chan struct{}
	reaping  sync.WaitGroup
	stopOnce sync.Once
}

// NewTenantConnectionManager opens no connection before the first lease. configuration says who is a tenant; wrapping it
// in a cache is the caller's affair.
func NewTenantConnectionManager(settings ConnectionSettings, configuration ports.ConfigurationPort) (*TenantConnectionManager, error) {
	if configuration == nil {
		return nil, errors.New("the connection manager needs a configuration port")
	}
	settings = settings.withDefaults()
	if settings.DSN == "" || settings.Database == "" {
		return nil, errors.New("the connection manager needs a DSN and a database name")
	}
	if _, err := settings.poolConfig(settings.Database); err != nil {
		return nil, err
	}
	m := &TenantConnectionManager{
		settings: settings, configuration: configuration,
		pools: map[string]*databasePool{}, work: map[string]*pgxpool.Pool{}, stop: make(chan struct{}),
	}
	m.reaping.Go(m.reapIdle)
	return m, nil
}

// Lease is one connection held for one tenant. It must be released exactly once, whatever happened to it.
type Lease struct {
	Conn   *pgxpool.Conn
	Tenant *ports.TenantConfig
	// Role is the tenant's role, "" where the installation has none.
	Role    string
	release func()
}

// Release gives the connection back. One whose state is in doubt (a transaction still open, a query unfinished, a
// broken wire) is destroyed by the pool, never reused.
func (l *Lease) Release() { l.release() }

// Acquire leases a connection to the tenant's database. Errors: recon.NotFound("tenant"), Forbidden TENANT_SUSPENDED,
// Unavailable TENANT_BUSY when the tenant's share stays used up, Unavailable DATABASE_UNAVAILABLE.
func (m *TenantConnectionManager) Acquire(ctx context.Context, tenantID string) (*Lease, error) {
	tenant, err := m.configuration.GetTenantConfig(ctx, tenantID)
	if err != nil {
		return nil, err
	}
	if err := admit(tenant); err != nil {
		return nil, err
	}
	database := cmp.Or(tenant.Database, m.settings.Database)
	pool, err := m.hold(database)
	if err != nil {
		return nil, err
	}
	lease, err := m.lease(ctx, pool, tenant)
	if err != nil {
		m.letGo(pool)
		return nil, err
	}
	if !m.settings.WithoutRoles {
		lease.Role = TenantRole(database, tenantID)
	}
	return lease, nil
}

func admit(tenant *ports.TenantConfig) error {
	switch tenant.Status {
	case ports.TenantActive:
		return nil
	case ports.TenantSuspended:
		return recon.Forbidden("TENANT_SUSPENDED", "this tenant is suspended")
	default:
		return recon.NotFound("tenant")
	}
}

func (m *TenantConnectionManager) lease(ctx context.Context, pool *databasePool, tenant *ports.TenantConfig) (*Lease, error) {
	waiting, cancel := context.WithTimeout(ctx, m.settings.AcquireTimeout)
	defer cancel()
	share, err := pool.enter(waiting, tenant.TenantID, m.shareOf(tenant))
	if err != nil {
		return nil, m.waitError(ctx, err)
	}
	conn, err := pool.Acquire(waiting)
	if err != nil {
		pool.leave(tenant.TenantID, share)
		return nil, m.waitError(ctx, err)
	}
	noteTenant(conn.Conn(), tenant.TenantID)
	release := func() {
		conn.Release()
		pool.leave(tenant.TenantID, share)
		m.letGo(pool)
	}
	return &Lease{Conn: conn, Tenant: tenant, release: sync.OnceFunc(release)}, nil
}

func (m *TenantConnectionManager) shareOf(tenant *ports.TenantConfig) int {
	return min(cmp.Or(tenant.Connections, m.settings.TenantConnections), m.settings.MaxConnections)
}

// waitError tells the caller's own end from ours: a share or a pool that stayed full for the whole wait.
func (m *TenantConnectionManager) waitError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("waiting for a connection: %w", context.Cause(ctx))
	}
	if lost := connectionError(err); lost != err { //nolint:errorlint // identity: was it wrapped?
		return lost
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return recon.Unavailable("TENANT_BUSY", retryAfterBusy, "all of the tenant's connections are in use")
	}
	return fmt.Errorf("waiting for a connection: %w", err)
}

// hold finds or makes the pool of a database and keeps it from being closed until letGo.
func (m *TenantConnectionManager) hold(database string) (*databasePool, error) {
	for {
		if pool, err := m.holdOpen(database); pool != nil || err != nil {
			return pool, err
		}
		// One caller builds, outside m.mu, so that tenants of other databases do not wait; then everyone looks again.
		if _, err, _ := m.creations.Do(database, func() (any, error) { return nil, m.open(database) }); err != nil {
			return nil, err
		}
	}
}

func (m *TenantConnectionManager) holdOpen(database string) (*databasePool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrManagerClosed
	}
	pool := m.pools[database]
	if pool != nil {
		pool.holders++
		m.leases.Add(1)
	}
	return pool, nil
}

func (m *TenantConnectionManager) letGo(pool *databasePool) {
	m.mu.Lock()
	pool.holders--
	pool.lastUsed = time.Now()
	m.mu.Unlock()
	m.leases.Done()
}

func (m *TenantConnectionManager) open(database string) error {
	if pool, err := m.holdOpen(database); pool != nil || err != nil {
		if pool != nil {
			m.letGo(pool) // an earlier flight made it
		}
		return err
	}
	pool, err := newDatabasePool(m.settings, database)
	if err != nil {
		return err
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		pool.Close()
		return ErrManagerClosed
	}
	victims := m.takeIdle(time.Time{}, len(m.pools)+1-m.settings.MaxPools)
	m.pools[database] = pool
	m.mu.Unlock()
	closePools(victims)
	return nil
}

// takeIdle removes up to count pools that nobody holds and that were last used before the given time (zero: at any
// time), least recently used first. The cap is soft: pools in use stay. The caller has m.mu.
func (m *TenantConnectionManager) takeIdle(before time.Time, count int) []*databasePool {
	var taken []*databasePool
	for len(taken) < count {
		oldest := ""
		for database, pool := range m.pools {
			idle := pool.holders == 0 && (before.IsZero() || pool.lastUsed.Before(before))
			if idle && (oldest == "" || pool.lastUsed.Before(m.pools[oldest].lastUsed)) {
				oldest = database
			}
		}
		if oldest == "" {
			break
		}
		taken = append(taken, m.pools[oldest])
		delete(m.pools, oldest)
	}
	return taken
}

func closePools(pools []*databasePool) {
	for _, pool := range pools {
		pool.Close()
	}
}

func closeWork(pools []*pgxpool.Pool) {
	for _, pool := range pools {
		pool.Close()
	}
}

func (m *TenantConnectionManager) reapIdle() {
	ticker := time.NewTicker(max(m.settings.IdleTimeout/2, time.Second))
	defer ticker.Stop()
	for {
		select {
		case <-m.stop:
			return
		case now := <-ticker.C:
			m.mu.Lock()
			idle := m.takeIdle(now.Add(-m.settings.IdleTimeout), len(m.pools))
			m.mu.Unlock()
			closePools(idle)
		}
	}
}

// Close refuses new leases, waits for those that are out until ctx ends, and closes every pool. When ctx ends first the
// error says so, and the connections still out end with their transactions.
func (m *TenantConnectionManager) Close(ctx context.Context) error {
	m.stopOnce.Do(func() { close(m.stop) })
	m.reaping.Wait()
	m.mu.Lock()
	m.closed = true
	pools, work := m.takeAll()
	m.mu.Unlock()
	drained := make(chan struct{})
	go func() { m.leases.Wait(); close(drained) }()
	select {
	case <-drained:
		closePools(pools)
		closeWork(work)
		return nil
	case <-ctx.Done():
		// Close waits for connections that are out, so it may not hold the shutdown up.
		go closePools(pools)
		go closeWork(work)
		return fmt.Errorf("draining the tenants' connections: %w", ctx.Err())
	}
}

func (m *TenantConnectionManager) takeAll() (pools []*databasePool, work []*pgxpool.Pool) {
	pools, work = slices.Collect(maps.Values(m.pools)), slices.Collect(maps.Values(m.work))
	clear(m.pools)
	clear(m.work)
	return pools, work
}

// WorkPool is the pool of the worker role in a database, "" being the installation's own. It is the job queue's, which
// must have stopped before Close.
func (m *TenantConnectionManager) WorkPool(ctx context.Context, database string) (*pgxpool.Pool, error) {
	database = cmp.Or(database, m.settings.Database)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrManagerClosed
	}
	if pool := m.work[database]; pool != nil {
		return pool, nil
	}
	pool, err := OpenRolePool(ctx, m.settings, database, RoleWork) // dials nothing yet, so the lock is held briefly
	if err != nil {
		return nil, err
	}
	m.work[database] = pool
	return pool, nil
}

// HasRoles reports whether the installation's second wall stands.
func (m *TenantConnectionManager) HasRoles() bool { return !m.settings.WithoutRoles }

// Pools is the number of databases with an open pool.
func (m *TenantConnectionManager) Pools() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.pools)
}

// Database is the installation's own database.
func (m *TenantConnectionManager) Database() string { return m.settings.Database }

// tenantsSeen is where a connection keeps which tenants it has served.
const tenantsSeen = "matcher.tenants"

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
