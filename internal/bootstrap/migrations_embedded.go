package bootstrap

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
)

// createDatabase makes a database, unless it is there: the embedded installation's, or a tenant's own. template0 is
// never in use, as template1 may be.
func createDatabase(ctx context.Context, ownerDSN, name string) error {
	conn, err := pgx.Connect(ctx, ownerDSN)
	if err != nil {
		return fmt.Errorf("connecting to create a database: %w", err)
	}
	defer closeInstaller(ctx, conn)
	there, err := hasDatabase(ctx, conn, name)
	if err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE DATABASE `+auth.QuoteIdentifier(name)+` TEMPLATE template0`)
	if err == nil {
		return nil
	}
	if there, _ := hasDatabase(ctx, conn, name); there { // somebody else was faster
		return nil
	}
	return fmt.Errorf("creating a database: %w", err)
}

func hasDatabase(ctx context.Context, conn *pgx.Conn, name string) (there bool, err error) {
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there)
	return there, err
}

// dataDirKey is the development key of a data folder, made when the folder has none yet.
func dataDirKey(dataDir string) (string, error) {
	// Others may pass through but not look: PostgreSQL may have to run as an account of its own. All inside is closed.
	if err := os.MkdirAll(dataDir, 0o711); err != nil { //nolint:gosec // G301: see above
		return "", fmt.Errorf("making the data folder: %w", err)
	}
	return signingKey(filepath.Join(dataDir, "signing.key"))
}
