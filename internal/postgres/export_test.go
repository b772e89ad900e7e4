//go:build integration

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// WithoutRole takes the second wall away: the connection keeps the role it logged in with.
func (db *DB) WithoutRole() *DB {
	bare := *db
	bare.withoutRole = true
	return &bare
}

// WithWiderPath breaks the first wall: other schemas stand behind the tenant's on the path.
func (db *DB) WithWiderPath(schemas ...string) *DB {
	wide := *db
	wide.widenedPath = schemas
	return &wide
}

// Exec runs any statement inside the door.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return tx.tx.Exec(ctx, sql, args...)
}

// Text is the one value of any query inside the door.
func (tx *Tx) Text(ctx context.Context, sql string, args ...any) (text string, err error) {
	err = tx.tx.QueryRow(ctx, sql, args...).Scan(&text)
	return text, err
}

// Text is the one value of any query of the worker role.
func (tx *WorkTx) Text(ctx context.Context, sql string, args ...any) (text string, err error) {
	err = tx.tx.QueryRow(ctx, sql, args...).Scan(&text)
	return text, err
}
