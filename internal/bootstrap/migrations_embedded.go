package bootstrap

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
)

// createDatabase makes the database that an embedded installation lives in, unless it is there.
func createDatabase(ctx context.Context, superuserDSN, name string) error {
	conn, err := pgx.Connect(ctx, superuserDSN)
	if err != nil {
		return fmt.Errorf("connecting to the embedded database: %w", err)
	}
	defer closeInstaller(ctx, conn)
	var there bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there)
	if err != nil || there {
		return err
	}
	if _, err := conn.Exec(ctx, `CREATE DATABASE `+auth.QuoteIdentifier(name)); err != nil {
		return fmt.Errorf("creating the embedded database: %w", err)
	}
	return nil
}

// dataDirKey is the development key of a data folder, made when the folder has none yet.
func dataDirKey(dataDir string) (string, error) {
	// Others may pass through but not look: PostgreSQL may have to run as an account of its own. All inside is closed.
	if err := os.MkdirAll(dataDir, 0o711); err != nil {
		return "", fmt.Errorf("making the data folder: %w", err)
	}
	return signingKey(filepath.Join(dataDir, "signing.key"))
}
