package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// query begins a statement. Its error comes with the rows.
func (tx *Tx) query(ctx context.Context, sql string, args ...any) pgx.Rows {
	rows, _ := tx.tx.Query(ctx, sql, args...)
	return rows
}

// all reads rows into structs by the names of their columns.
func all[T any](rows pgx.Rows) ([]T, error) {
	return pgx.CollectRows(rows, pgx.RowToStructByNameLax[T])
}

// one reads the only row into a struct by the names of its columns. No row at all is the answer to an unknown id.
func one[T any](rows pgx.Rows, noun string) (T, error) {
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByNameLax[T])
	return found, notFound(err, noun)
}

// value reads the only value of the only row.
func value[T any](rows pgx.Rows) (T, error) { return pgx.CollectExactlyOneRow(rows, pgx.RowTo[T]) }

// exec runs a statement and returns how many rows it changed. doing is what its error is about.
func (tx *Tx) exec(ctx context.Context, doing, sql string, args ...any) (int64, error) {
	tag, err := tx.tx.Exec(ctx, sql, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	return tag.RowsAffected(), nil
}

// noun is a kind of row that is read by its id.
type noun[T any] struct {
	name    string
	sql     string // reads the row whose id is $1
	lock    string // locking clause of a change; "" is FOR UPDATE
	version func(T) int
}

// read returns the row of an id. lock is "" or a locking clause.
func (n noun[T]) read(ctx context.Context, tx *Tx, id, lock string) (found T, err error) {
	if !auth.IsUUID(id) {
		return found, recon.NotFound(n.name)
	}
	return one[T](tx.query(ctx, n.sql+" "+lock, id), n.name)
}

// forChange returns the row locked until the commit. version is what the caller read, 0 when it does not care.
func (n noun[T]) forChange(ctx context.Context, tx *Tx, id string, version int) (T, error) {
	lock := n.lock
	if lock == "" {
		lock = "FOR UPDATE"
	}
	found, err := n.read(ctx, tx, id, lock)
	if err == nil && version != 0 && version != n.version(found) {
		err = recon.Stale(n.name)
	}
	return found, err
}

// list is a query for one page of a list. Its SQL takes @after, a sort key, and @limit.
type list[T any] struct {
	what  string
	sql   string
	args  pgx.NamedArgs
	first int64              // where the first page starts
	scan  pgx.RowToFunc[T]   // nil reads by the names of the columns
	key   func(item T) int64 // the sort key; nil where it is the item's position in the list
}

// page returns the items of a page and the cursor of the next one, "" on the last.
func (l list[T]) page(ctx context.Context, tx *Tx, page Page) ([]T, string, error) {
	after, err := page.afterInt(l.first)
	if err != nil {
		return nil, "", err
	}
	l.args["after"], l.args["limit"] = after, page.Size()+1
	if l.scan == nil {
		l.scan = pgx.RowToStructByNameLax[T]
	}
	items, err := pgx.CollectRows(tx.query(ctx, l.sql, l.args), l.scan)
	if err != nil {
		return nil, "", fmt.Errorf("listing %s: %w", l.what, err)
	}
	items, next := pageOf(items, page, func(item T) []any {
		if l.key == nil {
			return []any{after + int64(page.Size())}
		}
		return []any{l.key(item)}
	})
	return items, next, nil
}

// firstOfDescending is above every key of a list that runs downwards: sequence numbers and versions never get there.
const firstOfDescending = int64(1) << 62
