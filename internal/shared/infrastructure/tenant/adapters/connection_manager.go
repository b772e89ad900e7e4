package adapters

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"matcher/internal/recon"
	"matcher/internal/shared/ports"
	"matcher/internal/shared/safego"
)

const (
	// retryAfterBusy is the Retry-After of a tenant whose share is used up.
	retryAfterBusy = time.Second
	// retryAfterQuarantine is that of a tenant whose schema an operator must repair.
	retryAfterQuarantine = time.Minute
)

// TenantConnectionManager leases connections to tenants. A pool belongs to a database; a tenant holds leases from its
// own share of it, so that no tenant can take all of them. Before a lease it checks that the tenant is known and
// active: unknown ones would churn the pool. After a few failures of a database, leases of it are refused at once,
// and tenants of other databases never wait for it.
type TenantConnectionManager struct {
	settings      atomic.Pointer[ConnectionSettings]
	configuration ports.ConfigurationPort
	pools         *poolSet
	figures       *connectionFigures

	mu     sync.Mutex
	work   map[string]*pgxpool.Pool      // by place; nil once closed
	places map[string]ports.TenantConfig // a tenant of each place

	life safego.Life
}

// NewTenantConnectionManager opens no connection before the first lease. The caller wraps configuration in a cache.
func NewTenantConnectionManager(settings ConnectionSettings,
	configuration ports.ConfigurationPort,
) (*TenantConnectionManager, error) {
	if configuration == nil {
		return nil, errors.New("the connection manager needs a configuration port")
	}
	if err := settings.check(); err != nil {
		return nil, err
	}
	m := &TenantConnectionManager{
		configuration: configuration, pools: newPoolSet(), work: map[string]*pgxpool.Pool{},
		places: map[string]ports.TenantConfig{},
	}
	settings = settings.withDefaults()
	m.settings.Store(&settings)
	var err error
	if m.figures, err = newConnectionFigures(settings.Meter, m.pools); err != nil {
		return nil, err
	}
	return m, nil
}

// Reconfigure applies new settings: another login, other pool sizes, other clusters. Requests under way keep their
// connections; the next request of each database opens a new pool, and the old one drains. The name of the own
// database, the roles and the telemetry stay.
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

// Lease is one connection held for one tenant. It must be released exactly once, in any state.
type Lease struct {
	Conn   *pgxpool.Conn
	Tenant *ports.TenantConfig
	// Role is the tenant's role, "" where the installation has none.
	Role string
	// Placement is the tenant's database; HasReplica is whether it has one, Replica whether the connection is to that.
	Placement           string
	HasReplica, Replica bool

	pool    *databasePool
	report  func(error)
	release func()
}

// Began reports the result of the lease's first statement. If the connection was lost, the idle connections of its
// pool are closed too, and the next lease dials.
func (l *Lease) Began(err error, lost bool) {
	if lost {
		l.pool.Reset()
		err = errors.Join(err, errUnreachable)
	}
	l.report(err)
}

// Doubt marks a connection whose session is in an unknown state. It is destroyed when it is released.
func (l *Lease) Doubt() { l.Conn.Conn().PgConn().CustomData()[inDoubt] = true }

// Release returns the connection. One in an unknown state (a transaction still open, a query unfinished, a broken
// wire, a transaction whose end is unknown) is destroyed, never reused; see resetSearchPath.
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

// ReplicatedPlacement returns the tenant's database and whether it has a replica.
func (m *TenantConnectionManager) ReplicatedPlacement(
	ctx context.Context, tenantID string,
) (placement string, has bool) {
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
		return recon.Unavailable(recon.CodeTenantQuarantined, retryAfterQuarantine,
			"tenant is quarantined: its schema migration failed")
	case tenant.Status == ports.TenantActive:
		return nil
	case tenant.Status == ports.TenantSuspended:
		return recon.Forbidden(recon.CodeTenantSuspended, "this tenant is suspended")
	default:
		return recon.NotFound("tenant")
	}
}

func (m *TenantConnectionManager) leaseFrom(ctx context.Context, settings *ConnectionSettings, target poolTarget,
	lease *Lease,
) (*Lease, error) {
	pool, err := m.pools.hold(target, settings)
	if err != nil {
		return nil, err
	}
	lease.pool = pool
	done, err := pool.breaker.Allow()
	if err != nil {
		m.pools.letGo(pool)
		return nil, errors.Join(unreachableNow(), errUnreachable)
	}
	var once sync.Once
	lease.report = func(err error) { once.Do(func() { done(err) }) }
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
		stat := pool.Stat()
		return waitError(ctx, err, stat.AcquiredConns() < stat.MaxConns()) // with room left, the server did not answer
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

// waitError distinguishes the caller's own end, a server that cannot be reached, and a share or a pool that stayed
// full for the whole wait.
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
		return recon.Unavailable(recon.CodeTenantBusy, retryAfterBusy, "all of the tenant's connections are in use")
	default:
		return fmt.Errorf("waiting for a connection: %w", err)
	}
}

// Start closes idle pools until ctx ends or Close is called.
func (m *TenantConnectionManager) Start(ctx context.Context) error {
	return m.life.Run(ctx, func(ctx context.Context) error {
		for safego.Pause(ctx, max(m.settings.Load().IdleTimeout/2, time.Second), nil) == nil {
			m.pools.reap(time.Now().Add(-m.settings.Load().IdleTimeout))
		}
		return nil
	})
}

// Close refuses new leases, waits for those under way until ctx ends, and closes every pool. If ctx ends first, that
// is the error, and the connections under way close with their transactions.
func (m *TenantConnectionManager) Close(ctx context.Context) error {
	_ = m.life.Stop()
	_ = m.figures.gauges.Unregister() // with the pools that they show
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

// HasRoles reports whether each tenant has a role of its own.
func (m *TenantConnectionManager) HasRoles() bool { return !m.settings.Load().WithoutRoles }

// Database returns the name of the installation's own database.
func (m *TenantConnectionManager) Database() string { return m.settings.Load().Database }

// ConnectTimeout bounds a lease's first statement.
func (m *TenantConnectionManager) ConnectTimeout() time.Duration {
	return m.settings.Load().ConnectTimeout
}

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
