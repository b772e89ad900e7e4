package bootstrap

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"matcher/internal/auth"
	"matcher/internal/pgserver"
)

// Embedded is the default of one machine: a private PostgreSQL on a socket, and a signing key.
type Embedded struct {
	*pgserver.Server

	SigningKey string // for HS256 in development; the same after a restart
}

// StartEmbedded starts PostgreSQL in dataDir/postgres and reads or makes dataDir/signing.key. pgBin is the folder of
// PostgreSQL's programs; empty searches for it. The data folder belongs to one process at a time.
func StartEmbedded(ctx context.Context, dataDir, pgBin string, log *slog.Logger) (*Embedded, error) {
	server, err := pgserver.Start(ctx, pgserver.Config{
		DataDir: filepath.Join(dataDir, "postgres"), BinDir: pgBin, AllowInstall: true, Log: log,
	})
	if err != nil {
		return nil, err
	}
	key, err := auth.SigningKey(dataDir)
	if err != nil {
		return nil, errors.Join(err, server.Stop(ctx))
	}
	return &Embedded{server, key}, nil
}
