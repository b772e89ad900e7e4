// Package secret seals what tenants entrust to an installation, such as the password of a server: AES-256-GCM under a
// key of the installation's environment, bound to what it is for, so that a sealed secret is of no use in another row.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// keyBytes make AES-256.
const keyBytes = 32

// Keys seal by the first and open by any, so that a new key goes in front of the old one. Without any, nothing is
// sealed.
type Keys struct{ all []key }

type key struct {
	id string
	cipher.AEAD
}

// Sealed is a secret that only its key opens.
type Sealed struct {
	KeyID string // names the key and shows nothing of it
	Box   []byte
}

// Parse reads keys, each the base64 of 32 random bytes, separated by commas. An empty text is no key.
func Parse(text string) (Keys, error) {
	var keys Keys
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		bytes, err := base64.StdEncoding.DecodeString(part)
		if err != nil || len(bytes) != keyBytes {
			return Keys{}, errors.New("is not the base64 of 32 bytes (openssl rand -base64 32 makes one)")
		}
		block, err := aes.NewCipher(bytes)
		if err != nil {
			return Keys{}, err
		}
		sealer, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return Keys{}, err
		}
		const idBytes = 6
		sum := sha256.Sum256(append([]byte("matcher key id "), bytes...))
		keys.all = append(keys.all, key{hex.EncodeToString(sum[:idBytes]), sealer})
	}
	return keys, nil
}

// Any reports whether there is a key.
func (k Keys) Any() bool { return len(k.all) > 0 }

// Current returns the id of the key that seals, "" without any.
func (k Keys) Current() string {
	if !k.Any() {
		return ""
	}
	return k.all[0].id
}

// Seal closes a secret for its use: only Open with the same use opens it. There must be a key.
func (k Keys) Seal(plain []byte, use string) Sealed {
	box := k.all[0].Seal(nil, nil, plain, []byte(use)) //nolint:gosec // G407: the nonce is random; see Parse
	return Sealed{k.all[0].id, box}
}

// Open returns the secret. An error names the key that is missing.
func (k Keys) Open(sealed Sealed, use string) ([]byte, error) {
	for _, one := range k.all {
		if one.id == sealed.KeyID {
			plain, err := one.Open(nil, nil, sealed.Box, []byte(use))
			if err != nil {
				return nil, errors.New("the sealed secret was changed, or is of another row")
			}
			return plain, nil
		}
	}
	return nil, fmt.Errorf("the key %s that sealed the secret is none of this installation's", sealed.KeyID)
}
