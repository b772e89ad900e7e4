package bootstrap

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

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
	key, err := signingKey(filepath.Join(dataDir, "signing.key"))
	if err != nil {
		return nil, errors.Join(err, server.Stop(ctx))
	}
	return &Embedded{server, key}, nil
}

// minKey is the length below which HS256 is weaker than its hash: 256 bits.
const minKey = 32

// signingKey reads the development key of a data folder, or makes it on the first start, so that tokens outlive a
// restart. Only its owner may read it.
func signingKey(path string) (string, error) {
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if key := strings.TrimSpace(string(text)); len(key) >= minKey {
			return key, os.Chmod(path, 0o600)
		}
		return "", fmt.Errorf("the signing key in %s is shorter than %d characters: delete the file, and the next "+
			"start makes "+
			"a new one (tokens signed so far become invalid)", path, minKey)
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("reading the signing key: %w", err)
	}
	key := rand.Text() + rand.Text() // 26 characters of 5 bits each
	fresh := path + ".new"
	if err := os.WriteFile(fresh, []byte(key+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("writing a new signing key: %w", err)
	}
	return key, os.Rename(fresh, path)
}

// dataDirKey returns the development key of a data folder, and creates both if missing.
func dataDirKey(dataDir string) (string, error) {
	// Others may pass through but not look: PostgreSQL may have to run as an account of its own. All inside is closed.
	if err := os.MkdirAll(dataDir, 0o711); err != nil { //nolint:gosec // G301: see above
		return "", fmt.Errorf("making the data folder: %w", err)
	}
	return signingKey(filepath.Join(dataDir, "signing.key"))
}
