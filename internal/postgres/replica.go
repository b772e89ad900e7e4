package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

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

// errNoReplica: the configuration has changed since it was looked at.
var errNoReplica = errors.New("there is no replica any more")

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

// readReplica says whether the replica has answered.
func (db *DB) readReplica(ctx context.Context, tenantID string, fn func(*Tx) error) bool {
	placement, has := db.connections.ReplicatedPlacement(ctx, tenantID)
	if !has {
		return false
	}
	state := db.replicas.of(placement)
	if state.claimUpdate(time.Now()) {
		go db.updatePositions(context.WithoutCancel(ctx), tenantID, state)
	}
	position, serves := state.need(tenantID, time.Now())
	if !serves {
		return false
	}
	lease, pgxTx, err := db.beginOnReplica(ctx, tenantID, position)
	if err != nil {
		state.doubt(err)
		return false
	}
	defer lease.Release()
	if err := db.finish(ctx, lease, pgxTx, beginRead, fn); err != nil {
		state.doubt(err)
		return false
	}
	return true
}

// beginOnReplica is impatient, since the primary can answer as well.
func (db *DB) beginOnReplica(ctx context.Context, tenantID string, position walPosition) (*tenancy.Lease, pgx.Tx, error) {
	ctx, cancel := context.WithTimeout(ctx, replicaPatience)
	defer cancel()
	lease, err := db.connections.AcquireReplica(ctx, tenantID)
	if err != nil {
		return nil, nil, err
	}
	if lease == nil {
		return nil, nil, errNoReplica
	}
	pgxTx, err := db.ApplyTenantSchema(ctx, lease, beginReplica(position))
	if err != nil {
		lease.Release()
		return nil, nil, err
	}
	return lease, pgxTx, nil
}

// beginReplica fails where the server is no replica or has not replayed the position: behind one address there may be
// several. The division is how a statement without a table fails.
func beginReplica(position walPosition) string {
	return fmt.Sprintf("%s; SELECT 1 / (pg_catalog.pg_is_in_recovery() AND pg_catalog.pg_last_wal_replay_lsn() >= '%s')::int", beginRead, position)
}

// updatePositions asks the primary for its position and then the replica for its own, so that a replica that is level
// is known to be. A replica is used only where reads keep coming: the first after a pause finds nothing known.
func (db *DB) updatePositions(ctx context.Context, tenantID string, state *replicaState) {
	ctx, cancel := context.WithTimeout(ctx, positionTimeout)
	defer cancel()
	asked := time.Now()
	written, err := db.position(ctx, tenantID, db.connections.Acquire, `SELECT pg_catalog.pg_current_wal_insert_lsn()::text`)
	if err != nil {
		state.failed()
		return
	}
	replayed, err := db.position(ctx, tenantID, db.connections.AcquireReplica,
		`SELECT coalesce(pg_catalog.pg_last_wal_replay_lsn(), '0/0')::text WHERE pg_catalog.pg_is_in_recovery()`)
	if err != nil {
		state.failed()
		return
	}
	state.update(asked, written, replayed)
}

func (db *DB) position(
	ctx context.Context, tenantID string, acquire func(context.Context, string) (*tenancy.Lease, error), sql string,
) (walPosition, error) {
	lease, err := acquire(ctx, tenantID)
	if err != nil {
		return 0, err
	}
	if lease == nil {
		return 0, errNoReplica
	}
	defer lease.Release()
	var text string
	err = lease.Conn.QueryRow(ctx, sql).Scan(&text)
	lease.Began(err, err != nil && connectionLost(err))
	if err != nil {
		return 0, err
	}
	return parsePosition(text)
}

// walPosition is a place in a primary's log; a replica that has replayed it shows every commit before it.
type walPosition uint64

func parsePosition(text string) (walPosition, error) {
	var high, low uint32
	if _, err := fmt.Sscanf(text, "%X/%X", &high, &low); err != nil {
		return 0, fmt.Errorf("reading a position of the log: %w", err)
	}
	return walPosition(high)<<32 | walPosition(low), nil
}

func (p walPosition) String() string { return fmt.Sprintf("%X/%X", uint32(p>>32), uint32(p)) }

// replicas knows how far each placement's replica is.
type replicas struct {
	mu     sync.Mutex
	states map[string]*replicaState
}

func newReplicas() *replicas { return &replicas{states: map[string]*replicaState{}} }

func (r *replicas) of(placement string) *replicaState {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.states[placement]
	if state == nil {
		state = &replicaState{writes: map[string]time.Time{}}
		r.states[placement] = state
	}
	return state
}

func (r *replicas) wrote(placement, tenantID string, at time.Time) {
	r.of(placement).wrote(tenantID, at)
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

// need is the position that a replica must have replayed to serve the tenant now; false where none that is known of has.
func (s *replicaState) need(tenantID string, now time.Time) (walPosition, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := now.Add(-maxStaleness)
	for _, written := range []time.Time{s.floor, s.writes[tenantID]} {
		if written.After(since) || written.Equal(since) {
			since = written
		}
	}
	for _, p := range s.primary {
		if p.asked.Before(since) {
			continue
		}
		// The earliest position after both the tenant's last write and the limit of staleness.
		return p.at, p.at <= s.replayed
	}
	return 0, false
}

// wrote: a commit that failed may have happened too, so it counts.
func (s *replicaState) wrote(tenantID string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.writes[tenantID]; !known && len(s.writes) >= maxWriters {
		clear(s.writes) // as if all of them had written now
		s.floor = at
	}
	s.writes[tenantID] = at
}

// claimUpdate says that the positions are old and that the caller is the one to ask for them.
func (s *replicaState) claimUpdate(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.updating || now.Sub(s.updated) < positionAge {
		return false
	}
	s.updating = true
	return true
}

func (s *replicaState) update(asked time.Time, written, replayed walPosition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.updating, s.updated, s.replayed = false, asked, replayed
	s.primary = append(s.primary, primaryPosition{asked, written})
	s.primary = s.primary[max(0, len(s.primary)-maxPositions):]
}

func (s *replicaState) failed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.updating, s.updated, s.replayed = false, time.Now(), 0
}

// doubt stops asking a replica that is lost until it has been heard of again.
func (s *replicaState) doubt(err error) {
	if !connectionLost(err) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replayed = 0
}
