package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"matcher/internal/recon"
)

// APIKey authenticates a machine without a token, as Subject with Roles. An empty Key matches nothing.
type APIKey struct {
	Key     string
	Subject string
	Roles   []Role
}

// APIKeys are the keys that an installation accepts: those of its environment, and those that it stores.
type APIKeys struct {
	Known []APIKey
	// Stored finds a key by its SHA-256; nil: none is stored.
	Stored func(ctx context.Context, hash []byte) (holder Principal, known bool, err error)

	guesses guesses
}

// Authenticate returns the holder of the one key in the header. All known keys are compared, by hashes of one length,
// so the time it takes depends on none of them. from is the address that sent it: ten wrong keys a minute close it.
func (keys *APIKeys) Authenticate(ctx context.Context, header []string, from string) (Principal, error) {
	if len(header) != 1 {
		return Principal{}, recon.Unauthorized(recon.CodeAPIKeyInvalid, "send one X-API-Key")
	}
	now := time.Now()
	if wait := keys.guesses.closed(from, now); wait > 0 {
		return Principal{}, recon.RateLimited(wait, "too many wrong API keys came from this address")
	}
	given, found := sha256.Sum256([]byte(header[0])), -1
	for n, key := range keys.Known {
		known := sha256.Sum256([]byte(key.Key))
		if subtle.ConstantTimeCompare(given[:], known[:]) == 1 && key.Key != "" {
			found = n
		}
	}
	if found >= 0 {
		return Principal{Subject: keys.Known[found].Subject, Roles: keys.Known[found].Roles}, nil
	}
	if keys.Stored != nil {
		if holder, known, err := keys.Stored(ctx, given[:]); known || err != nil {
			return holder, err
		}
	}
	keys.guesses.count(from, now)
	return Principal{}, recon.Unauthorized(recon.CodeAPIKeyInvalid, "unknown API key")
}

// RequireScope returns nil if the caller in ctx may take the method on what a scope is about. Tokens and the keys of
// the environment have every scope.
func RequireScope(ctx context.Context, method, scope string) error {
	principal, _ := PrincipalFrom(ctx)
	held := principal.Scopes
	if held == nil || slices.Contains(held, scope) || method == "GET" && slices.Contains(held, scope+":read") {
		return nil
	}
	return recon.Forbidden(recon.CodeScopeRequired, "this needs a key with the scope %s", scope)
}

const (
	// maxGuesses wrong keys of one address may come within guessWindow: people mistype, and 240 random bits are beyond
	// any number of guesses.
	maxGuesses  = 10
	guessWindow = time.Minute
	// maxGuessers bounds the memory for addresses: about 100 bytes each.
	maxGuessers = 10_000
)

// guesses counts wrong keys by address, in windows that start with the first.
type guesses struct {
	mu    sync.Mutex
	wrong map[string]tries
}

type tries struct {
	since time.Time
	n     int
}

// closed returns how long an address has to wait.
func (g *guesses) closed(from string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := g.wrong[network(from)]
	if seen.n < maxGuesses {
		return 0
	}
	return max(seen.since.Add(guessWindow).Sub(now), 0)
}

func (g *guesses) count(from string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wrong == nil || len(g.wrong) >= maxGuessers {
		g.wrong = map[string]tries{}
	}
	seen := g.wrong[network(from)]
	if now.Sub(seen.since) >= guessWindow {
		seen = tries{since: now}
	}
	seen.n++
	g.wrong[network(from)] = seen
}

// network is who is counted as one: an IPv4 address, or the 64 bits of IPv6 that one customer has for itself.
func network(from string) string {
	host, _, err := net.SplitHostPort(from)
	if err != nil {
		host = from
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil || address.Unmap().Is4() {
		return host
	}
	const customer = 64
	prefix, _ := address.Prefix(customer) // 64 fits any IPv6 address
	return prefix.String()
}
