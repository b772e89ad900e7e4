package adapters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
)

// MigrateUp brings the schema that tx's search path names to the newest version of the numbered files in files/path.
// Files and version are part of tx: they commit with it or were never there.
func MigrateUp(ctx context.Context, tx pgx.Tx, files fs.FS, path string) error {
	return runMigrator(ctx, tx, files, path, (*migrate.Migrate).Up)
}

// MigrateDown takes back every file, newest first, and leaves the empty version table.
func MigrateDown(ctx context.Context, tx pgx.Tx, files fs.FS, path string) error {
	return runMigrator(ctx, tx, files, path, (*migrate.Migrate).Down)
}

func runMigrator(ctx context.Context, tx pgx.Tx, files fs.FS, path string, run func(*migrate.Migrate) error) error {
	source, err := iofs.New(files, path)
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	defer source.Close()
	const versionTable = `CREATE TABLE IF NOT EXISTS schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)`
	if _, err := tx.Exec(ctx, versionTable); err != nil {
		return fmt.Errorf("making the version table: %w", err)
	}
	driver := &txDriver{ctx: ctx, tx: tx}
	migrator, err := migrate.NewWithInstance("iofs", source, "tx", driver)
	if err != nil {
		return fmt.Errorf("making the migrator: %w", err)
	}
	if err := run(migrator); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return fmt.Errorf("migrating: %w", err)
	}
	return driver.err
}

// txDriver lets golang-migrate work inside a transaction that is not its own. The transaction already holds the lock
// and nothing of it is visible before it commits, so there is nothing to lock and no dirty version to write.
//
// The first error stays in err and the files after it are read and dropped: golang-migrate abandons its reader
// goroutines when a driver's call fails, and the transaction is lost anyway.
type txDriver struct {
	ctx context.Context //nolint:containedctx // golang-migrate's interface passes none
	tx  pgx.Tx
	err error
}

func (d *txDriver) Run(migration io.Reader) error {
	file, err := io.ReadAll(migration)
	d.attempt("reading a migration", func() error { return err })
	d.attempt("running a migration", func() error {
		_, err := d.tx.Conn().PgConn().Exec(d.ctx, string(file)).ReadAll()
		return err
	})
	return nil
}

func (d *txDriver) SetVersion(version int, dirty bool) error {
	if dirty {
		return nil
	}
	d.attempt("taking the version back", func() error {
		_, err := d.tx.Exec(d.ctx, `DELETE FROM schema_migrations`)
		return err
	})
	if version == database.NilVersion {
		return nil
	}
	d.attempt("writing the version", func() error {
		_, err := d.tx.Exec(d.ctx, `INSERT INTO schema_migrations (version, dirty) VALUES ($1, false)`, version)
		return err
	})
	return nil
}

// attempt does nothing after the first error.
func (d *txDriver) attempt(doing string, do func() error) {
	if d.err != nil {
		return
	}
	if err := do(); err != nil {
		d.err = fmt.Errorf("%s: %w", doing, err)
	}
}

func (d *txDriver) Version() (version int, dirty bool, err error) {
	err = d.tx.QueryRow(d.ctx, `SELECT coalesce(max(version), -1), coalesce(bool_or(dirty), false) FROM schema_migrations`).Scan(&version, &dirty)
	return version, dirty, err
}

func (d *txDriver) Lock() error   { return nil }
func (d *txDriver) Unlock() error { return nil }
func (d *txDriver) Close() error  { return nil }

func (d *txDriver) Open(string) (database.Driver, error) {
	return nil, errors.New("the transaction is given, not opened")
}

func (d *txDriver) Drop() error { return errors.New("a migration never drops everything") }
