package adapters

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"matcher/internal/recon"
	"matcher/internal/shared/ports"
)

// retryAfterBusy is what a tenant whose share is used up is asked to wait.
const retryAfterBusy = time.Second

// retryAfterQuarantine is what callers of a tenant are asked to wait whose schema somebody has to look at.
const retryAfterQuarantine = time.Minute

// TenantConnectionManager leases connections to tenants. A pool belongs to a database; a tenant holds leases from its
// own share of it, so that no tenant can take all of them. Before a lease it makes sure that the tenant is known and
// active: unknown ones would churn the pool. A database that does not answer is refused at once after a few failures,
// and tenants of other databases never wait for it.
type TenantConnectionManager struct {
	settings      atomic.Pointer[ConnectionSettings]
	configuration ports.ConfigurationPort
	pools         *poolSet
	figures       *connectionFigures

	mu     sync.Mutex
	work   map[string]*pgxpool.Pool      // by place; nil once closed
	places map[string]ports.TenantConfig // somebody who lies there, by place

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
	if err := settings.check(); err != nil {
		return nil, err
	}
	m := &TenantConnectionManager{
		configuration: configuration, pools: newPoolSet(), work: map[string]*pgxpool.Pool{}, stop: make(chan struct{}),
		places: map[string]ports.TenantConfig{},
	}
	settings = settings.withDefaults()
	m.settings.Store(&settings)
	var err error
	if m.figures, err = newConnectionFigures(settings.Meter, m.pools); err != nil {
		return nil, err
	}
	m.reaping.Go(m.reapIdle)
	return m, nil
}

// Reconfigure takes new settings: another login, other pool sizes, other clusters. Requests under way end on the
// connections they have; the next of each database open a new pool, and the old one drains. What the process is built
// on stays: its own database's name, its roles, its telemetry.
func (m *TenantConnectionManager) Reconfigure(settings ConnectionSettings) error {
	if err := settings.check(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.settings.Load()
	settings = settings.withDefaults()
	settings.Database, settings.WithoutRoles = before.Database, before.WithoutRoles
	settings.Meter, settings.Tracer = before.Meter, before.Tracer
	settings.generation = before.generation + 1
	m.settings.Store(&settings)
	return nil
}

// Lease is one connection held for one tenant. It must be released exactly once, whatever happened to it.
type Lease struct {
	Conn   *pgxpool.Conn
	Tenant *ports.TenantConfig
	// Role is the tenant's role, "" where the installation has none.
	Role string
	// Placement is the tenant's database; HasReplica says that it has one, Replica that the connection is to that.
	Placement           string
	HasReplica, Replica bool

	pool    *databasePool
	report  func(error)
	release func()
}

// Began tells how the lease's first statement fared. Where it found the connection lost, those that lay idle beside it
// are given up with it, and the next lease dials.
func (l *Lease) Began(err error, lost bool) {
	if lost {
		l.pool.Reset()
		err = errors.Join(err, errUnreachable)
	}
	l.report(err)
}

// Doubt marks a connection of which nobody can say where its session stands. It is destroyed when it comes back.
func (l *Lease) Doubt() { l.Conn.Conn().PgConn().CustomData()[inDoubt] = true }

// Release gives the connection back. One whose state is in doubt (a transaction still open, a query unfinished, a
// broken wire, a transaction whose end is unknown) is destroyed, never reused; see resetSearchPath.
func (l *Lease) Release() { l.release() }

// Acquire leases a connection to the tenant's database. Errors: recon.NotFound("tenant"), Forbidden TENANT_SUSPENDED,
// Unavailable TENANT_BUSY when the tenant's share stays used up, Unavailable DATABASE_UNAVAILABLE.
func (m *TenantConnectionManager) Acquire(ctx context.Context, tenantID string) (*Lease, error) {
	lease, err := m.acquire(ctx, tenantID, false)
	m.figures.leased(ctx, lease, err)
	return lease, err
}

// AcquireReplica leases a connection to a replica of the tenant's database; nil where it has none.
func (m *TenantConnectionManager) AcquireReplica(ctx context.Context, tenantID string) (*Lease, error) {
	lease, err := m.acquire(ctx, tenantID, true)
	if lease != nil || err != nil {
		m.figures.leased(ctx, lease, err)
	}
	return lease, err
}

// ReplicatedPlacement names the tenant's database where it has a replica.
func (m *TenantConnectionManager) ReplicatedPlacement(ctx context.Context, tenantID string) (placement string, has bool) {
	settings := m.settings.Load()
	tenant, err := m.configuration.GetTenantConfig(ctx, tenantID)
	if err != nil || tenant.Status != ports.TenantActive {
		return "", false
	}
	target, err := settings.placementOf(tenant)
	if err != nil {
		return "", false
	}
	_, has = settings.replicaOf(tenant, target)
	return target.key, has
}

func (m *TenantConnectionManager) acquire(ctx context.Context, tenantID string, fromReplica bool) (*Lease, error) {
	tenant, err := m.configuration.GetTenantConfig(ctx, tenantID)
	if err != nil {
		return nil, err
	}
	if err := admit(tenant); err != nil {
		return nil, err
	}
	settings := m.settings.Load()
	target, err := settings.placementOf(tenant)
	if err != nil {
		return nil, err
	}
	lease := &Lease{Tenant: tenant, Placement: target.key, Replica: fromReplica}
	replica, has := settings.replicaOf(tenant, target)
	lease.HasReplica = has
	switch {
	case fromReplica && !has:
		return nil, nil //nolint:nilnil // nil is "there is none"
	case fromReplica:
		target = replica
	}
	return m.leaseFrom(ctx, settings, target, lease)
}

func admit(tenant *ports.TenantConfig) error {
	switch {
	case tenant.Status == ports.TenantActive && tenant.Quarantined:
		return recon.Unavailable("TENANT_QUARANTINED", retryAfterQuarantine, "this tenant's data is being seen to: its schema could not be brought up to date")
	case tenant.Status == ports.TenantActive:
		return nil
	case tenant.Status == ports.TenantSuspended:
		return recon.Forbidden("TENANT_SUSPENDED", "this tenant is suspended")
	default:
		return recon.NotFound("tenant")
	}
}

func (m *TenantConnectionManager) leaseFrom(ctx context.Context, settings *ConnectionSettings, target poolTarget, lease *Lease) (*Lease, error) {
	pool, err := m.pools.hold(target, settings)
	if err != nil {
		return nil, err
	}
	lease.pool = pool
	done, err := pool.allow()
	if err != nil {
		m.pools.letGo(pool)
		return nil, err
	}
	lease.report = onceReport(done)
	if err := m.fill(ctx, settings, lease); err != nil {
		lease.report(err)
		m.pools.letGo(pool)
		return nil, err
	}
	if !settings.WithoutRoles {
		lease.Role = TenantRole(pool.database, lease.Tenant.TenantID)
	}
	return lease, nil
}

func onceReport(done func(error)) func(error) {
	var once sync.Once
	return func(err error) { once.Do(func() { done(err) }) }
}

// fill waits for the tenant's share and for a connection, AcquireTimeout at most.
func (m *TenantConnectionManager) fill(ctx context.Context, settings *ConnectionSettings, lease *Lease) error {
	waiting, cancel := context.WithTimeout(ctx, settings.AcquireTimeout)
	defer cancel()
	pool, tenantID := lease.pool, lease.Tenant.TenantID
	share, err := pool.enter(waiting, tenantID, settings.shareOf(lease.Tenant, pool.target))
	if err != nil {
		return waitError(ctx, err, false)
	}
	if lease.Conn, err = pool.Acquire(waiting); err != nil {
		pool.leave(tenantID, share)
		return waitError(ctx, err, pool.starved())
	}
	noteTenant(lease.Conn.Conn(), tenantID)
	lease.release = sync.OnceFunc(func() {
		lease.report(nil)
		lease.Conn.Release()
		pool.leave(tenantID, share)
		m.pools.letGo(pool)
	})
	return nil
}

// waitError tells the caller's own end from a server that cannot be reached and from a share or a pool that stayed full
// for the whole wait.
func waitError(ctx context.Context, err error, starved bool) error {
	lost := connectionError(err)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("waiting for a connection: %w", context.Cause(ctx))
	case lost != err: //nolint:errorlint // identity: was it wrapped?
		return errors.Join(lost, errUnreachable)
	case errors.Is(err, context.DeadlineExceeded) && starved:
		return errors.Join(unreachableNow(), errUnreachable, err)
	case errors.Is(err, context.DeadlineExceeded):
		return recon.Unavailable("TENANT_BUSY", retryAfterBusy, "all of the tenant's connections are in use")
	default:
		return fmt.Errorf("waiting for a connection: %w", err)
	}
}

func (m *TenantConnectionManager) reapIdle() {
	ticker := time.NewTicker(max(m.settings.Load().IdleTimeout/2, time.Second))
	defer ticker.Stop()
	for {
		select {
		case <-m.stop:
			return
		case now := <-ticker.C:
			m.pools.reap(now.Add(-m.settings.Load().IdleTimeout))
		}
	}
}

// Close refuses new leases, waits for those that are out until ctx ends, and closes every pool. When ctx ends first the
// error says so, and the connections still out end with their transactions.
func (m *TenantConnectionManager) Close(ctx context.Context) error {
	m.stopOnce.Do(func() { close(m.stop) })
	m.reaping.Wait()
	m.figures.stop()
	pools := m.pools.shut()
	m.mu.Lock()
	work := m.work
	m.work = nil
	m.mu.Unlock()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		m.pools.leases.Wait()
		for _, pool := range pools {
			pool.Close()
		}
		for _, pool := range work {
			pool.Close()
		}
	}()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		closePools(pools) // the idle connections now, the others as they come back
		return fmt.Errorf("draining the tenants' connections: %w", ctx.Err())
	}
}

// HasRoles reports whether the installation's second wall stands.
func (m *TenantConnectionManager) HasRoles() bool { return !m.settings.Load().WithoutRoles }

// Pools is the number of databases with an open pool; those that drain are not among them.
func (m *TenantConnectionManager) Pools() int { return int(m.pools.counts().open) }

// Database is the installation's own database.
func (m *TenantConnectionManager) Database() string { return m.settings.Load().Database }

// ConnectTimeout bounds a lease's first statement.
func (m *TenantConnectionManager) ConnectTimeout() time.Duration {
	return m.settings.Load().ConnectTimeout
}
