// Package postgres is the one door to the data. A Tx can only be had for the tenant in the context, and every query is
// a method on it, so that code which can reach a row can only reach its own tenant's.
package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// JobInserter writes jobs into the queue inside the caller's transaction.
type JobInserter interface {
	InsertMany(ctx context.Context, tx pgx.Tx, jobs []recon.Job) error
}

// DB hands out transactions that are scoped to one tenant.
type DB struct{}

// Tx runs fn in a read-committed transaction of the tenant in ctx and commits, unless fn returns an error or panics.
// Audit rows, events and jobs that fn recorded are written in the same commit, after fn. An error that fn returns comes
// back, with violated constraints turned into conflicts.
func (db *DB) Tx(ctx context.Context, fn func(*Tx) error) error {
	panic("skeleton")
}

// Read runs fn on one repeatable-read, read-only snapshot of the tenant in ctx.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	panic("skeleton")
}

// Work runs fn as the worker role of a database ("" is the installation's own), which sees no tenant's tables.
func (db *DB) Work(ctx context.Context, database string, fn func(*WorkTx) error) error {
	panic("skeleton")
}
