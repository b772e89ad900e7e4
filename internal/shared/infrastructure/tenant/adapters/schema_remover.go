package adapters

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

const (
	// dropChunk tables go in one transaction: with indexes and TOAST about 60 locks, where a whole schema takes over
	// 300 and every other tenant shares the table of locks.
	dropChunk = 5
	// dropLockTimeout lets a transaction that still reads the tenant finish, and blocks no other for longer.
	dropLockTimeout = `SET LOCAL lock_timeout = '5s'`
)

// RemoveTenantSchema drops the tenant's schema with all that is in it, in several transactions. It is idempotent, and
// one that was cut off is completed by the next. A database that is gone holds no schema.
func (p *PostgresTenantSchemaProvisioner) RemoveTenantSchema(ctx context.Context, tenantID string) error {
	return p.remove(ctx, tenantID, func(conn *pgx.Conn) error {
		for more := true; more; {
			err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
				more, err = p.dropSome(ctx, tx, tenantID)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoveTenantRole drops the tenant's role, which has rights on nothing once the schema is gone.
func (p *PostgresTenantSchemaProvisioner) RemoveTenantRole(ctx context.Context, tenantID string) error {
	if !p.roles {
		return nil
	}
	return p.remove(ctx, tenantID, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `DROP ROLE IF EXISTS `+auth.QuoteIdentifier(TenantRole(p.database, tenantID)))
		if err != nil {
			return fmt.Errorf("dropping the tenant's role: %w", err)
		}
		return nil
	})
}

func (p *PostgresTenantSchemaProvisioner) remove(ctx context.Context, tenantID string, do func(*pgx.Conn) error) error {
	if !auth.IsUUID(tenantID) {
		return recon.Invalid(recon.CodeInvalidValue, "a tenant id is a lower-case UUID")
	}
	config, err := p.connConfig()
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if sqlState(err) == "3D000" { // no such database
		return nil
	}
	if err != nil {
		return fmt.Errorf("connecting to remove a tenant: %w", err)
	}
	defer closeConn(ctx, conn)
	return do(conn)
}

// dropSome drops a few tables, partitions before what they are part of, or the schema when no table is left.
func (p *PostgresTenantSchemaProvisioner) dropSome(
	ctx context.Context, tx pgx.Tx, tenantID string,
) (more bool, err error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, tenantID); err != nil {
		return false, fmt.Errorf("locking the tenant: %w", err)
	}
	if _, err := tx.Exec(ctx, dropLockTimeout); err != nil {
		return false, fmt.Errorf("bounding the wait for locks: %w", err)
	}
	rows, _ := tx.Query(ctx, `
		SELECT relname FROM (`+schemaRelations+`) AS relations WHERE relkind IN ('r', 'p')
		ORDER BY relispartition DESC, oid DESC LIMIT $2`, tenantID, dropChunk)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return false, fmt.Errorf("listing the tenant's tables: %w", err)
	}
	schema := auth.QuoteIdentifier(tenantID)
	statement := `DROP SCHEMA IF EXISTS ` + schema + ` CASCADE`
	if len(tables) > 0 {
		for n, table := range tables {
			tables[n] = schema + "." + auth.QuoteIdentifier(table)
		}
		statement = `DROP TABLE ` + strings.Join(tables, ", ") + ` CASCADE`
	}
	if _, err := tx.Exec(ctx, statement); err != nil {
		return false, fmt.Errorf("dropping the tenant's tables: %w", err)
	}
	if p.dropped != nil {
		p.dropped(ctx, tx)
	}
	return len(tables) > 0, nil
}

// transientClasses are SQLSTATE classes that are no fault of a schema: the connection, resources, a deadlock, a lock
// that was not available, the server's shutdown.
var transientClasses = []string{"08", "40", "53", "55", "57"}

// Transient reports whether a failure to provision is the server's or the network's, and not the schema's.
func Transient(err error) bool {
	var pgErr *pgconn.PgError
	var connectErr *pgconn.ConnectError
	var netErr net.Error
	if errors.As(err, &connectErr) || errors.As(err, &netErr) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) {
		return true
	}
	if !errors.As(err, &pgErr) || len(pgErr.Code) < 2 {
		return recon.KindOf(err) == recon.KindUnavailable
	}
	for _, class := range transientClasses {
		if strings.HasPrefix(pgErr.Code, class) {
			return true
		}
	}
	return false
}
