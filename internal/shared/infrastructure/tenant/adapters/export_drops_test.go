//go:build integration

package adapters

import (
	"context"
	"io/fs"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
)

// ObserveDrops looks into each transaction of a removal.
func ObserveDrops(p *PostgresTenantSchemaProvisioner, look func(context.Context, pgx.Tx)) {
	p.dropped = look
}

// MigrateDown undoes every file, newest first, and leaves the empty version table.
func MigrateDown(ctx context.Context, tx pgx.Tx, files fs.FS, path string) error {
	numbered, err := iofs.New(files, path)
	if err != nil {
		return err
	}
	return runMigrator(ctx, tx, numbered, (*migrate.Migrate).Down)
}

// Pools returns the number of databases with an open pool, without those that drain.
func (m *TenantConnectionManager) Pools() int { return int(m.pools.counts().open) }
