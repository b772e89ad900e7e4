package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"matcher/internal/auth"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

const (
	// maxStaleness is how far behind its primary a replica may be and still serve.
	maxStaleness = 2 * time.Second
	// positionAge is how old the newest known positions of primary and replica may be before they are asked for again.
	positionAge = 250 * time.Millisecond
	// positionTimeout bounds asking for both.
	positionTimeout = 2 * time.Second
	// replicaPatience bounds the beginning of a read on a replica.
	replicaPatience = time.Second
	// maxPositions kept: more than maxStaleness / positionAge.
	maxPositions = 16
	// maxWriters is how many tenants' last writes are remembered one by one.
	maxWriters = 10_000
)

// ReadStale is Read for lists and reports: it may be served by a replica, up to two seconds behind the primary, but
// never behind what this tenant has written through this process. It must not decide anything. fn may run twice: an
// error on the replica (it is lost, it is behind, the tenant is not there yet, a row was vacuumed away) is never the
// answer; the primary is asked then.
func (db *DB) ReadStale(ctx context.Context, fn func(*Tx) error) error {
	tenantID, err := auth.TenantID(ctx)
	if err != nil {
		return err
	}
	if db.readReplica(ctx, tenantID, fn) {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return db.Read(ctx, fn)
}

// readReplica reports whether the replica has answered.
func (db *DB) readReplica(ctx context.Context, tenantID string, fn func(*Tx) error) bool {
	placement, has := db.connections.ReplicatedPlacement(ctx, tenantID)
	if !has {
		return false
	}
	state := db.replicas.state(placement)
	if state.claimUpdate(time.Now()) {
		go db.updatePositions(context.WithoutCancel(ctx), tenantID, state)
	}
	position, serves := state.need(tenantID, time.Now())
	if !serves {
		return false
	}
	s, err := db.beginOnReplica(ctx, tenantID, position)
	if err == nil {
		defer s.lease.Release()
		err = db.finish(ctx, s, fn)
	}
	if connectionLost(err) {
		state.forget() // a replica that is lost is not asked until its position is known again
	}
	return err == nil
}

// beginOnReplica is impatient, since the primary can answer as well. Its BEGIN fails where the server is no replica
// or has not replayed the position: behind one address there may be several. The division is how a statement without
// a table fails.
func (db *DB) beginOnReplica(ctx context.Context, tenantID string, position walPosition) (session, error) {
	ctx, cancel := context.WithTimeout(ctx, replicaPatience)
	defer cancel()
	lease, err := db.acquireReplica(ctx, tenantID)
	if err != nil {
		return session{}, err
	}
	tx, err := db.ApplyTenantSchema(ctx, lease, fmt.Sprintf(
		"%s; SELECT 1 / (pg_catalog.pg_is_in_recovery() AND pg_catalog.pg_last_wal_replay_lsn() >= '%s')::int", beginRead, position))
	if err != nil {
		lease.Release()
	}
	return session{lease: lease, tx: tx}, err
}

func (db *DB) acquireReplica(ctx context.Context, tenantID string) (*tenancy.Lease, error) {
	lease, err := db.connections.AcquireReplica(ctx, tenantID)
	if err == nil && lease == nil {
		err = errors.New("the tenant's database has no replica any more")
	}
	return lease, err
}

// updatePositions asks the primary for its position and then the replica for its own, so that a replica that is level
// is known to be. A replica is used only where reads keep coming: the first after a pause finds nothing known.
func (db *DB) updatePositions(ctx context.Context, tenantID string, state *replicaState) {
	ctx, cancel := context.WithTimeout(ctx, positionTimeout)
	defer cancel()
	asked := time.Now()
	var replayed walPosition
	written, err := position(ctx, `SELECT pg_catalog.pg_current_wal_insert_lsn()::text`, func() (*tenancy.Lease, error) {
		return db.connections.Acquire(ctx, tenantID)
	})
	if err == nil {
		replayed, err = position(ctx,
			`SELECT coalesce(pg_catalog.pg_last_wal_replay_lsn(), '0/0')::text WHERE pg_catalog.pg_is_in_recovery()`,
			func() (*tenancy.Lease, error) { return db.acquireReplica(ctx, tenantID) })
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	state.updating = false
	if err != nil {
		state.updated, state.replayed = time.Now(), 0
		return
	}
	state.updated, state.replayed = asked, replayed
	state.primary = append(state.primary, primaryPosition{asked, written})
	state.primary = state.primary[max(0, len(state.primary)-maxPositions):]
}

// position reads a place in the log of the server that acquire leases a connection to.
func position(ctx context.Context, sql string, acquire func() (*tenancy.Lease, error)) (walPosition, error) {
	lease, err := acquire()
	if err != nil {
		return 0, err
	}
	defer lease.Release()
	var text string
	err = lease.Conn.QueryRow(ctx, sql).Scan(&text)
	lease.Began(err, connectionLost(err))
	if err != nil {
		return 0, err
	}
	var high, low uint32
	if _, err := fmt.Sscanf(text, "%X/%X", &high, &low); err != nil {
		return 0, fmt.Errorf("reading a position of the log: %w", err)
	}
	return walPosition(high)<<32 | walPosition(low), nil
}

// walPosition is a place in a primary's log; a replica that has replayed it shows every commit before it.
type walPosition uint64

func (p walPosition) String() string { return fmt.Sprintf("%X/%X", uint32(p>>32), uint32(p)) }

// replicas knows how far each placement's replica is.
type replicas struct {
	mu     sync.Mutex
	states map[string]*replicaState
}

func (r *replicas) state(placement string) *replicaState {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.states[placement]
	if state == nil {
		state = &replicaState{writes: map[string]time.Time{}}
		r.states[placement] = state
	}
	return state
}

// replicaState decides from memory alone whether a replica may serve a tenant: no read pays a round trip for it.
type replicaState struct {
	mu       sync.Mutex
	primary  []primaryPosition // oldest first
	replayed walPosition       // what the replica was seen to have replayed; 0 while nothing is known of it
	updated  time.Time
	updating bool

	writes map[string]time.Time // when a tenant's last commit had been answered
	floor  time.Time            // of tenants that are not in writes
}

// primaryPosition is where the primary was at some moment after asked.
type primaryPosition struct {
	asked time.Time
	at    walPosition
}

// need returns the position that a replica must have replayed to serve the tenant now; false where the replica is not
// known to have replayed it.
func (s *replicaState) need(tenantID string, now time.Time) (walPosition, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := now.Add(-maxStaleness)
	for _, written := range []time.Time{s.floor, s.writes[tenantID]} {
		if !written.Before(since) {
			since = written
		}
	}
	for _, p := range s.primary {
		if !p.asked.Before(since) {
			// The earliest position after both the tenant's last write and the limit of staleness.
			return p.at, p.at <= s.replayed
		}
	}
	return 0, false
}

// wrote records a write. A commit that failed may have happened too, so it counts.
func (s *replicaState) wrote(tenantID string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.writes[tenantID]; !known && len(s.writes) >= maxWriters {
		clear(s.writes) // as if all of them had written now
		s.floor = at
	}
	s.writes[tenantID] = at
}

// claimUpdate reports whether the positions are old and the caller is the one to ask for them.
func (s *replicaState) claimUpdate(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.updating || now.Sub(s.updated) < positionAge {
		return false
	}
	s.updating = true
	return true
}

// forget makes the replica's position unknown.
func (s *replicaState) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replayed = 0
}
