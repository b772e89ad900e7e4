package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"

	"matcher/internal/recon"
	"matcher/internal/shared/safego"
)

const (
	defaultKeyTTL     = 24 * time.Hour
	defaultKeyRefresh = 15 * time.Minute
	// fetchCooldown is the least time between two reads, whatever asks for them: a flood of made-up key ids, or of
	// good tokens while the provider is down, costs it six requests a minute.
	fetchCooldown = 10 * time.Second
	// fetchTimeout bounds how long a request can wait for an unknown key.
	fetchTimeout = 5 * time.Second
	// maxKeySetBytes and maxKeys: a key is 0.4 to 4 KB (with its certificates), a provider publishes two or three.
	maxKeySetBytes = 1 << 20
	maxKeys        = 100
)

// errKeysUnavailable means that no key is known at all, never that a token's key is unknown.
func errKeysUnavailable() error {
	return recon.Unavailable(recon.CodeAuthKeysUnavailable, fetchCooldown,
		"the identity provider's keys are temporarily unavailable")
}

// keyStore is the key set of an identity provider, as keyfunc wants to read it. The library's own HTTP storage makes
// requests with unknown keys queue for a rate limiter and fetches once for each; here one fetch is in flight, all who
// need it wait for that one, and a request too soon after it is refused at once.
type keyStore struct {
	*jwkset.MemoryJWKSet
	url    string
	client *http.Client
	log    *slog.Logger
	now    func() time.Time
	ttl    time.Duration
	maxAge time.Duration

	mu       sync.Mutex
	inFlight chan struct{} // closed when the fetch ends; nil when there is none
	tried    time.Time     // start of the last fetch
	fetched  time.Time     // start of the last fetch that brought keys
}

func newKeyStore(cfg Config, now func() time.Time) *keyStore {
	s := &keyStore{
		MemoryJWKSet: jwkset.NewMemoryStorage(),
		url:          cfg.JWKSURL,
		client:       cfg.HTTPClient,
		log:          cfg.Logger,
		now:          now,
		ttl:          cmp.Or(cfg.KeyTTL, defaultKeyTTL),
		maxAge:       cmp.Or(cfg.KeyRefresh, defaultKeyRefresh),
	}
	if s.client == nil {
		// A redirect would let the answer come from an address that is not configured.
		s.client = &http.Client{CheckRedirect: func(*http.Request,
			[]*http.Request,
		) error {
			return http.ErrUseLastResponse
		}}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// KeyRead finds a key by its id. A known key is returned at once, even while a newer set is being read and even
// when the provider is down, until its TTL; an unknown one may cause one read of the set.
func (s *keyStore) KeyRead(ctx context.Context, kid string) (jwkset.JWK, error) {
	key, err := s.lookup(ctx, kid)
	if err == nil {
		s.fetch(s.maxAge)
		return key, nil
	}
	done := s.fetch(0)
	if done == nil {
		return jwkset.JWK{}, err
	}
	select {
	case <-done:
		return s.lookup(ctx, kid)
	case <-ctx.Done():
		return jwkset.JWK{}, ctx.Err()
	}
}

func (s *keyStore) lookup(ctx context.Context, kid string) (jwkset.JWK, error) {
	s.mu.Lock()
	fresh := !s.fetched.IsZero() && s.now().Sub(s.fetched) < s.ttl
	s.mu.Unlock()
	if !fresh {
		return jwkset.JWK{}, errKeysUnavailable()
	}
	return s.MemoryJWKSet.KeyRead(ctx, kid)
}

// fetch starts reading the set if it is older than maxAge, or joins the read in flight. It returns the channel that
// closes when the read ends, nil when none is due. The read belongs to the process, not to the request that caused
// it: a caller that hangs up must not take the keys of the others with it.
func (s *keyStore) fetch(maxAge time.Duration) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.inFlight != nil {
		return s.inFlight
	}
	if now.Sub(s.fetched) < maxAge || now.Sub(s.tried) < fetchCooldown {
		return nil
	}
	done := make(chan struct{})
	s.inFlight, s.tried = done, now
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	safego.SafeGoWithContextAndComponent(ctx, s.log, "auth.jwks", func(ctx context.Context) {
		defer cancel()
		ok := false
		defer func() { s.finish(done, now, ok) }()
		ok = s.load(ctx)
	})
	return done
}

func (s *keyStore) finish(done chan struct{}, started time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok {
		s.fetched = started
	}
	s.inFlight = nil
	close(done)
}

func (s *keyStore) load(ctx context.Context) bool {
	keys, err := s.read(ctx)
	if err == nil {
		err = s.KeyReplaceAll(ctx, keys)
	}
	if err != nil {
		s.log.WarnContext(ctx, "reading the identity provider's keys failed", "error", err)
	}
	return err == nil
}

func (s *keyStore) read(ctx context.Context) ([]jwkset.JWK, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking for the key set: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking for the key set: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking for the key set: status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySetBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	if len(body) > maxKeySetBytes {
		return nil, fmt.Errorf("reading the key set: longer than %d bytes", maxKeySetBytes)
	}
	return parseKeySet(body)
}

// parseKeySet keeps the signing keys it understands. One key that is broken or of a new kind must not take the good
// ones with it, but a set with none left is an error, so that the keys known so far stay.
func parseKeySet(body []byte) ([]jwkset.JWK, error) {
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("decoding the key set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("the key set holds %d keys, allowed are %d", len(set.Keys), maxKeys)
	}
	var keys []jwkset.JWK
	for _, member := range set.Keys {
		if !signingKey(member) {
			continue
		}
		key, err := jwkset.NewJWKFromMarshal(member, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set holds no usable key")
	}
	return keys, nil
}

// signingKey leaves out encryption keys, keys without id and symmetric ones: a secret that is published is none.
func signingKey(member jwkset.JWKMarshal) bool {
	return member.KID != "" && member.KTY != jwkset.KtyOct && (member.USE == "" || member.USE == jwkset.UseSig)
}
