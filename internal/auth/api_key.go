package auth

import (
	"crypto/sha256"
	"crypto/subtle"

	"matcher/internal/recon"
)

// APIKey authenticates a machine without a token, as Subject with Roles. An empty Key matches nothing.
type APIKey struct {
	Key     string
	Subject string
	Roles   []Role
}

// APIKeys are the keys that an installation accepts.
type APIKeys []APIKey

// Authenticate returns the holder of the one key in the header. All keys are compared, by hashes of one length, so the
// time it takes depends on none of them.
func (keys APIKeys) Authenticate(header []string) (Principal, error) {
	if len(header) != 1 {
		return Principal{}, recon.Unauthorized(recon.CodeAPIKeyInvalid, "send one X-API-Key")
	}
	given, found := sha256.Sum256([]byte(header[0])), -1
	for n, key := range keys {
		known := sha256.Sum256([]byte(key.Key))
		if subtle.ConstantTimeCompare(given[:], known[:]) == 1 && key.Key != "" {
			found = n
		}
	}
	if found < 0 {
		return Principal{}, recon.Unauthorized(recon.CodeAPIKeyInvalid, "the API key is unknown: check X-API-Key")
	}
	return Principal{Subject: keys[found].Subject, Roles: keys[found].Roles}, nil
}
