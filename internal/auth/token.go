package auth

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/maypok86/otter/v2"

	"matcher/internal/recon"
)

const (
	// maxTokenBytes is checked before anything is split, decoded or hashed. Tokens in the wild stay below 8 KB, since
	// common proxies refuse longer header lines.
	maxTokenBytes = 16 << 10
	// clockSkew is granted to nbf and iat, which a clock ahead of ours sets in our future. exp gets none.
	clockSkew = time.Minute
	// maxCacheAge bounds how long a verified token outlives the withdrawal of its key.
	maxCacheAge = time.Minute
	// maxCachedTokens entries of about 300 bytes are 3 MB.
	maxCachedTokens = 10_000
	// defaultTokenLife is a working day and the night after it.
	defaultTokenLife = 24 * time.Hour
	// minSecretBytes is the output of SHA-256: RFC 7518 section 3.2 forbids shorter keys for HS256.
	minSecretBytes = 32
	// minRSABits is RFC 7518 section 3.3; maxRSABits keeps a careless provider from making each check cost seconds.
	minRSABits = 2048
	maxRSABits = 8192
)

const (
	algHS256 = "HS256"
	algRS256 = "RS256"
	algES256 = "ES256"
	algEdDSA = "EdDSA"
)

// Verifier turns a bearer token into a Principal. It is safe for concurrent use.
type Verifier struct {
	secret     []byte
	remote     keyfunc.Keyfunc
	algorithms []string
	parser     *jwt.Parser
	cache      *otter.Cache[[sha256.Size]byte, verified]
	now        func() time.Time
	maxLife    time.Duration
	revoked    func(ctx context.Context, jti string) (bool, error)
}

// verified is a token that passed, and until when it need not be looked at again.
type verified struct {
	principal Principal
	until     time.Time
}

// NewVerifier needs an issuer, an audience and at least one of a shared secret and a JWKS address. An algorithm is
// accepted only when the key that it takes is configured: a secret opens HS256, a JWKS opens RS256, ES256 and EdDSA.
func NewVerifier(cfg Config) (*Verifier, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	v := &Verifier{now: cfg.Now, maxLife: cmp.Or(cfg.MaxTokenLife, defaultTokenLife), revoked: cfg.Revoked}
	if v.now == nil {
		v.now = time.Now
	}
	if cfg.Secret != "" {
		v.secret, v.algorithms = []byte(cfg.Secret), append(v.algorithms, algHS256)
	}
	if cfg.JWKSURL != "" {
		remote, err := keyfunc.New(keyfunc.Options{Storage: newKeyStore(cfg, v.now)})
		if err != nil {
			return nil, fmt.Errorf("reading keys from the JWKS: %w", err)
		}
		v.remote, v.algorithms = remote, append(v.algorithms, algRS256, algES256, algEdDSA)
	}
	v.parser = jwt.NewParser(
		jwt.WithValidMethods(v.algorithms), jwt.WithStrictDecoding(),
		jwt.WithIssuer(cfg.Issuer), jwt.WithAudience(cfg.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(v.now),
	)
	var err error
	v.cache, err = otter.New(&otter.Options[[sha256.Size]byte, verified]{MaximumSize: maxCachedTokens})
	return v, err
}

// Verify checks the token and reads its caller. Every refusal is a 401 with a code; a 503 means that no key of the
// identity provider is known and it cannot be asked.
func (v *Verifier) Verify(ctx context.Context, token string) (Principal, error) {
	if len(token) > maxTokenBytes {
		return Principal{}, recon.Unauthorized(recon.CodeTokenInvalid,
			"the token is longer than %d bytes", maxTokenBytes)
	}
	id, now := sha256.Sum256([]byte(token)), v.now()
	if hit, ok := v.cache.GetIfPresent(id); ok && now.Before(hit.until) {
		return hit.principal.clone(), nil
	}
	checked, err := v.check(ctx, token, now)
	if err != nil {
		return Principal{}, err
	}
	v.cache.Set(id, checked)
	return checked.principal.clone(), nil
}

// clone keeps a caller that edits its roles from editing the cached ones.
func (p Principal) clone() Principal {
	p.Roles = slices.Clone(p.Roles)
	return p
}

func (v *Verifier) check(ctx context.Context, token string, now time.Time) (verified, error) {
	if err := v.checkHeader(token); err != nil {
		return verified{}, errTokenUnverifiable()
	}
	var c claims
	if _, err := v.parser.ParseWithClaims(token, &c, v.keyFor(ctx)); err != nil {
		return verified{}, tokenError(err)
	}
	expiry, err := c.GetExpirationTime()
	if err != nil || !now.Before(expiry.Time) { // the library's leeway covers exp too; ours does not
		return verified{}, errTokenExpired()
	}
	principal, err := c.principal()
	if err != nil {
		return verified{}, err
	}
	if err := v.checkLife(ctx, &c, now); err != nil {
		return verified{}, err
	}
	until := now.Add(maxCacheAge)
	if expiry.Before(until) {
		until = expiry.Time
	}
	return verified{principal: principal, until: until}, nil
}

// checkLife refuses a token that is good for longer than one may be, so that a stolen one ends by itself, and one that
// was revoked. The library has checked the times against now.
func (v *Verifier) checkLife(ctx context.Context, c *claims, now time.Time) error {
	expiry, _ := c.GetExpirationTime()
	from := now
	if issued, _ := c.GetIssuedAt(); issued != nil {
		from = issued.Time
	}
	if expiry.Sub(from) > v.maxLife {
		return recon.Unauthorized(recon.CodeTokenInvalid, "the token is good for longer than %s", v.maxLife)
	}
	if v.revoked == nil {
		return nil
	}
	jti, _, err := c.text("jti")
	if err != nil || jti == "" {
		return recon.Unauthorized(recon.CodeTokenInvalid, "the token has no jti, by which it could be revoked")
	}
	gone, err := v.revoked(ctx, jti)
	if gone {
		return recon.Unauthorized(recon.CodeTokenRevoked, "the token was revoked")
	}
	return err
}

// checkHeader refuses what the library would let through: a repeated key, another kind of token, an extension we
// would not honour (crit, RFC 7515 section 4.1.11). It costs one base64 and JSON decoding of a few dozen bytes.
func (v *Verifier) checkHeader(token string) error {
	if strings.ContainsAny(token, "\r\n") { // encoding/base64 skips them: one token would have many spellings
		return errors.New("line breaks in the token")
	}
	encoded, _, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return err
	}
	members, err := strictObject(data)
	if err != nil {
		return err
	}
	if _, critical := members["crit"]; critical {
		return errors.New("crit is not supported")
	}
	header := claims{members: members}
	typ, _, err := header.text("typ")
	if err != nil || !accessTokenType(typ) {
		return errors.New("not an access token")
	}
	alg, _, err := header.text("alg")
	if err != nil || !slices.Contains(v.algorithms, alg) {
		return errors.New("algorithm not accepted")
	}
	return nil
}

// accessTokenType takes JWT and at+jwt (RFC 9068), which compare without case and may carry "application/". Other
// types (logout+jwt, dpop+jwt …) are signed by the same keys and must not open anything here.
func accessTokenType(typ string) bool {
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	return typ == "jwt" || typ == "at+jwt"
}

// keyFor binds algorithm and key: the shared secret serves HS256 and nothing else, a public key only the algorithm of
// its type. Without it a public key, which is public, could be taken for an HMAC secret.
func (v *Verifier) keyFor(ctx context.Context) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		if token.Method.Alg() == algHS256 {
			return v.secret, nil
		}
		if kid, _ := token.Header["kid"].(string); kid == "" {
			return nil, errors.New("the header names no key")
		}
		key, err := v.remote.KeyfuncCtx(ctx)(token)
		if err != nil {
			return nil, err
		}
		if !keyServes(key, token.Method.Alg()) {
			return nil, errors.New("key and algorithm do not belong together")
		}
		return key, nil
	}
}

func keyServes(key any, alg string) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		return alg == algRS256 && bits >= minRSABits && bits <= maxRSABits
	case *ecdsa.PublicKey:
		return alg == algES256 && key.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return alg == algEdDSA && len(key) == ed25519.PublicKeySize
	default:
		return false
	}
}

// tokenError returns what the holder of a genuine token can act on, and one vague sentence for everything else.
func tokenError(err error) error {
	switch {
	case recon.KindOf(err) == recon.KindUnavailable:
		return errKeysUnavailable()
	case errors.Is(err, jwt.ErrTokenExpired):
		return errTokenExpired()
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return recon.Unauthorized(recon.CodeTokenInvalid, "the token is not valid yet")
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return recon.Unauthorized(recon.CodeTokenInvalid, "the token comes from another issuer")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return recon.Unauthorized(recon.CodeTokenInvalid, "the token is meant for another audience")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return recon.Unauthorized(recon.CodeTokenInvalid, "the token lacks one of exp, iss and aud")
	default:
		return errTokenUnverifiable()
	}
}

func errTokenMissing() error {
	return recon.Unauthorized(recon.CodeTokenMissing, "send a token: Authorization: Bearer …")
}

func errTokenExpired() error {
	return recon.Unauthorized(recon.CodeTokenExpired, "the token has expired: get a new one")
}

func errTokenUnverifiable() error {
	return recon.Unauthorized(recon.CodeTokenInvalid, "the token cannot be verified")
}
