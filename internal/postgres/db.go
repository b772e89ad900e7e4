// Package postgres is the one door to the data. A Tx can only be had for the tenant in the context, and every query is
// a method on it, so that code which can reach a row can only reach its own tenant's.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/safego"
)

// JobInserter writes jobs into the queue inside the caller's transaction, which has taken the worker role. now is the
// database's clock, and when jobs are due that have no time of their own.
type JobInserter interface {
	InsertMany(ctx context.Context, tx pgx.Tx, jobs []recon.Job, now time.Time) error
}

// DB hands out transactions that are scoped to one tenant.
type DB struct {
	connections *tenancy.TenantConnectionManager
	jobs        JobInserter
	replicas    *replicas
	withoutRole bool     // tests take the second wall away
	widenedPath []string // tests widen the search path
}

// New makes the door. jobs may be set later by SetJobs, before the first transaction that enqueues.
func New(connections *tenancy.TenantConnectionManager, jobs JobInserter) *DB {
	return &DB{connections: connections, jobs: jobs, replicas: &replicas{states: map[string]*replicaState{}}}
}

// SetJobs breaks the circle at start: the queue's handlers need the DB that enqueues. It is for the wiring alone.
func (db *DB) SetJobs(jobs JobInserter) { db.jobs = jobs }

const (
	beginWrite = "BEGIN"
	beginRead  = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

	// endTimeout bounds a rollback after its caller has gone.
	endTimeout = 5 * time.Second
	// A deadlock's victim is tried again after 5 to 20 ms, twice: three victims in a row are a fault to be seen.
	maxAttempts = 3
	retryPause  = 5 * time.Millisecond
)

// Tx runs fn in a read-committed transaction of the tenant in ctx and commits, unless fn returns an error or panics.
// Audit rows, events and jobs that fn recorded are written in the same commit, after fn. An error that fn returns comes
// back, with violated constraints turned into conflicts. fn runs once; see TxRetry.
func (db *DB) Tx(ctx context.Context, fn func(*Tx) error) error {
	return db.run(ctx, beginWrite, fn)
}

// Read runs fn on one repeatable-read, read-only snapshot of the tenant in ctx, on the primary: every commit that was
// answered before is in it, so that decisions may rest on it. What fn records is not written. See ReadStale.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	return db.run(ctx, beginRead, fn)
}

// TxRetry is Tx for an fn that may run again from its start: a transaction that PostgreSQL ended to break a deadlock
// left nothing behind. An fn that consumes a stream must use Tx.
func (db *DB) TxRetry(ctx context.Context, fn func(*Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := db.Tx(ctx, fn)
		if attempt == maxAttempts || !retryable(err) {
			return err
		}
		if err := safego.Pause(ctx, time.Duration(attempt)*retryPause+rand.N(2*retryPause), nil); err != nil {
			return err
		}
	}
}

func (db *DB) run(ctx context.Context, begin string, fn func(*Tx) error) error {
	tenantID, err := auth.TenantID(ctx)
	if err != nil {
		return err
	}
	s, err := db.begin(ctx, tenantID, begin)
	if err != nil {
		return err
	}
	defer s.lease.Release()
	err = db.finish(ctx, s, fn)
	if s.writes && s.lease.HasReplica {
		db.replicas.state(s.lease.Placement).wrote(tenantID, time.Now())
	}
	return err
}

// session is a tenant's transaction on a leased connection.
type session struct {
	lease  *tenancy.Lease
	tx     pgx.Tx
	writes bool
}

// beginAttempts: a connection that had died unnoticed is found by its BEGIN, before anything was done on it, so a
// second one may try.
const beginAttempts = 2

// begin leases a connection and opens the tenant's transaction on it.
func (db *DB) begin(ctx context.Context, tenantID, begin string) (session, error) {
	for attempt := 1; ; attempt++ {
		lease, err := db.connections.Acquire(ctx, tenantID)
		if err != nil {
			return session{}, err
		}
		pgxTx, err := db.ApplyTenantSchema(ctx, lease, begin)
		if err == nil {
			return session{lease, pgxTx, begin == beginWrite}, nil
		}
		lease.Release()
		if attempt == beginAttempts || ctx.Err() != nil || !connectionLost(err) {
			return session{}, beginError(ctx, err)
		}
	}
}

// finish runs fn and ends the transaction.
func (db *DB) finish(ctx context.Context, s session, fn func(*Tx) error) (err error) {
	ended := false // the server has confirmed that the transaction is over
	defer func() {
		// It does nothing after a commit; after a panic it runs before the lease goes back.
		if !rollback(ctx, s.tx) && !ended {
			s.lease.Doubt()
		}
	}()
	tx := newTx(ctx, s.tx, s.lease.Tenant.TenantID)
	tx.weight = s.lease.Tenant.Weight
	err = fn(tx)
	tx.tx = nil // nothing of fn runs from here on, not even a goroutine it left behind
	if err == nil && s.writes {
		err = db.flush(ctx, s.tx, tx)
	}
	if err == nil {
		err = s.tx.Commit(ctx)
		ended = err == nil
		if connectionLost(err) { // between COMMIT and its answer: the server may have done either
			err = &translated{
				cause: err, outcomeUnknown: true,
				public: recon.Unavailable(recon.CodeOutcomeUnknown, retryAfterOutage,
					"the connection to the database was lost while the change was being saved: check whether it was made before repeating it"),
			}
		}
	}
	return domainError(ctx, err)
}

// ApplyTenantSchema begins a transaction that sees one tenant's schema and nothing else, with that tenant's rights
// and nothing more, until it ends: SET LOCAL leaves with the transaction, so the connection's next user starts clean.
// It is one round trip. PostgreSQL accepts a search path that leads nowhere, so the last statement fails when the
// schema is not there.
func (db *DB) ApplyTenantSchema(ctx context.Context, lease *tenancy.Lease, begin string) (pgx.Tx, error) {
	schema := auth.QuoteIdentifier(lease.Tenant.TenantID)
	path := []string{schema}
	for _, wider := range db.widenedPath {
		path = append(path, auth.QuoteIdentifier(wider))
	}
	query := begin + "; SET LOCAL search_path TO " + strings.Join(path, ", ")
	if lease.Role != "" && !db.withoutRole {
		query += "; SET LOCAL ROLE " + auth.QuoteIdentifier(lease.Role)
	}
	query += "; SELECT '" + schema + "'::regnamespace"
	// A server's first answer takes no longer than a connection to it: a begin locks nothing.
	bounded, cancel := context.WithTimeout(ctx, db.connections.ConnectTimeout())
	defer cancel()
	registerTypes(lease.Conn.Conn().TypeMap())
	tx, err := lease.Conn.Conn().BeginTx(bounded, pgx.TxOptions{BeginQuery: query})
	lease.Began(err, err != nil && ctx.Err() == nil && connectionLost(err))
	if err != nil && lease.Conn.Conn().PgConn().TxStatus() == 'E' {
		// The block is open though it failed: ended here the connection is clean, else the pool would drop it.
		_, _ = lease.Conn.Exec(ctx, "ROLLBACK")
	}
	return tx, err
}

// Work runs fn as the worker role of a database ("" is the installation's own), which sees no tenant's tables.
func (db *DB) Work(ctx context.Context, database string, fn func(*WorkTx) error) error {
	pool, err := db.connections.WorkPool(ctx, database)
	if err != nil {
		return err
	}
	pgxTx, err := pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL search_path TO work"})
	if err != nil {
		return domainError(ctx, fmt.Errorf("beginning the worker's transaction: %w", err))
	}
	defer rollback(ctx, pgxTx)
	err = fn(&WorkTx{tx: pgxTx})
	if err == nil {
		err = pgxTx.Commit(ctx)
	}
	return domainError(ctx, err)
}

// rollback works after ctx has ended too, and reports whether the server has answered it. When it fails the
// connection is closed by the driver and so by the pool.
func rollback(ctx context.Context, tx pgx.Tx) (answered bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	err := tx.Rollback(ctx)
	if err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		_ = tx.Conn().Close(ctx)
	}
	return err == nil
}
