package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// SigningKey reads the development key of a data folder, or makes both on the first start, so that tokens outlive a
// restart. Only its owner may read it.
func SigningKey(dataDir string) (string, error) {
	// Others may pass through but not look: PostgreSQL may have to run as an account of its own. All inside is closed.
	if err := os.MkdirAll(dataDir, 0o711); err != nil { //nolint:gosec // G301: see above
		return "", fmt.Errorf("making the data folder: %w", err)
	}
	path := filepath.Join(dataDir, "signing.key")
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if key := strings.TrimSpace(string(text)); len(key) >= minSecretBytes {
			return key, os.Chmod(path, 0o600)
		}
		return "", fmt.Errorf("the signing key in %s is shorter than %d characters: delete the file, and the next "+
			"start makes a new one (tokens signed so far become invalid)", path, minSecretBytes)
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
