package adapters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/source"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"

	"matcher/migrations"
)

// versionTable records the version of a schema and the baseline it was built from. Numbers begin anew with each
// baseline, so the version alone does not show that a schema belongs to an earlier one.
var versionTable = fmt.Sprintf(`
	CREATE TABLE IF NOT EXISTS schema_migrations (
		version bigint PRIMARY KEY, dirty boolean NOT NULL, baseline integer NOT NULL DEFAULT %d)`, migrations.Baseline)

const (
	tooOld = "this database was made by an earlier, incompatible version of Matcher: " +
		"export its data with that version, or start with a new data folder or database"
	codeUndefinedColumn = "42703"
)

// MigrateUp brings the schema that tx's search path names to the newest version of the numbered files in files/path.
// Files and version are part of tx: both commit with it or not at all.
func MigrateUp(ctx context.Context, tx pgx.Tx, files fs.FS, path string) error {
	numbered, err := iofs.New(files, path)
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	defer numbered.Close()
	return runMigrator(ctx, tx, numbered, (*migrate.Migrate).Up)
}

func runMigrator(ctx context.Context, tx pgx.Tx, files source.Driver, run func(*migrate.Migrate) error) error {
	if _, err := tx.Exec(ctx, versionTable); err != nil {
		return fmt.Errorf("making the version table: %w", err)
	}
	driver := &txDriver{ctx: ctx, tx: tx}
	migrator, err := migrate.NewWithInstance("iofs", files, "tx", driver)
	if err != nil {
		return fmt.Errorf("making the migrator: %w", err)
	}
	if err := run(migrator); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return fmt.Errorf("migrating: %w", err)
	}
	return driver.err
}

// txDriver runs golang-migrate inside a transaction that the caller owns. The transaction already holds the lock and
// nothing of it is visible before it commits, so there is nothing to lock and no dirty version to write.
//
// err keeps the first error; later files are read and discarded. golang-migrate abandons its reader goroutines when a
// driver's call fails, and the transaction is lost anyway.
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
	d.attempt("clearing the version", func() error {
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
	var baseline int
	err = d.tx.QueryRow(d.ctx, `
		SELECT coalesce(max(version), -1), coalesce(bool_or(dirty), false), coalesce(min(baseline), $1) FROM schema_migrations`,
		migrations.Baseline).Scan(&version, &dirty, &baseline)
	if sqlState(err) == codeUndefinedColumn || err == nil && baseline != migrations.Baseline {
		d.err = errors.New(tooOld)
		return database.NilVersion, false, nil
	}
	return version, dirty, err
}

func (d *txDriver) Lock() error   { return nil }
func (d *txDriver) Unlock() error { return nil }
func (d *txDriver) Close() error  { return nil }

func (d *txDriver) Open(string) (database.Driver, error) {
	return nil, errors.New("the caller opens the transaction")
}

func (d *txDriver) Drop() error { return errors.New("a migration never drops everything") }
