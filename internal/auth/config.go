package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DevelopmentSecretPrefix opens every signing key that Matcher makes up for itself. A key that starts with it is
// refused in production, whatever follows.
const DevelopmentSecretPrefix = "matcher-development-"

// DevelopmentSecret is the signing key of an installation with nothing configured. It is public by being here.
const DevelopmentSecret = DevelopmentSecretPrefix + "signing-key-known-to-everybody"

// minDistinctBytes separates a random secret from a repeated one: 32 random hex digits hold fewer than 8 different ones
// about once in a million.
const minDistinctBytes = 8

// placeholders are words found in example files and never, but for one time in billions, in a random secret.
var placeholders = []string{
	"changeme", "change-me", "change_me", "development", "example", "password", "insecure", "placeholder",
}

// Tenancy decides whose data a token without a tenant claim may reach.
type Tenancy struct {
	MultiTenant     bool
	DefaultTenantID string // the one tenant while MultiTenant is false
}

// Config is everything that this package is configured with. The zero value of each duration is its default.
type Config struct {
	Disabled   bool // no token needed; only outside production and with a single tenant
	Production bool // see IsProduction
	Secret     string
	JWKSURL    string
	Issuer     string
	Audience   string
	Tenancy    Tenancy

	KeyTTL     time.Duration // how long known keys outlive the identity provider
	KeyRefresh time.Duration // how old keys get before they are read again in the background

	MaxTokenLife time.Duration // from iat, or from now on
	// Revoked reports whether the token of that jti was revoked; nil: tokens need no jti.
	Revoked func(ctx context.Context, jti string) (bool, error)

	HTTPClient *http.Client // for the JWKS
	Logger     *slog.Logger // hears of JWKS reads that failed
	Now        func() time.Time
}

// IsProduction reads the name of an environment.
func IsProduction(environment string) bool {
	switch strings.ToLower(strings.TrimSpace(environment)) {
	case "production", "prod", "live":
		return true
	default:
		return false
	}
}

// New returns the Authenticator of a configuration, or the reason why it must not serve: see CheckProduction.
func New(cfg Config) (Authenticator, error) {
	if err := CheckProduction(cfg); err != nil {
		return nil, err
	}
	if !IsUUID(cfg.Tenancy.DefaultTenantID) {
		return nil, errors.New("the default tenant id is not a lower-case UUID")
	}
	if !cfg.Disabled {
		return NewVerifier(cfg)
	}
	if cfg.Tenancy.MultiTenant {
		return nil, errors.New("authentication cannot be disabled with several tenants: the token is what names the " +
			"tenant")
	}
	return Anonymous{}, nil
}

// CheckProduction returns every reason, joined, why this configuration must not serve in production; nil elsewhere.
func CheckProduction(cfg Config) error {
	if !cfg.Production {
		return nil
	}
	if cfg.Disabled {
		return errors.New("authentication is disabled, which production does not allow")
	}
	var faults []error
	if cfg.Secret != "" || cfg.JWKSURL == "" {
		faults = append(faults, secretFault(cfg.Secret))
	}
	if cfg.JWKSURL != "" && !safeKeyAddress(cfg.JWKSURL) {
		faults = append(faults, errors.New("the JWKS address must be https: its answer decides who signs tokens"))
	}
	return errors.Join(faults...)
}

// secretFault never repeats the secret.
func secretFault(secret string) error {
	lower := strings.ToLower(secret)
	switch {
	case secret == "":
		return errors.New("neither a signing secret nor a JWKS address is configured")
	case strings.HasPrefix(lower, DevelopmentSecretPrefix):
		return errors.New("the signing secret is a development secret")
	case len(secret) < minSecretBytes:
		return fmt.Errorf("the signing secret has %d bytes, production needs %d", len(secret), minSecretBytes)
	case distinctBytes(secret) < minDistinctBytes:
		return errors.New("the signing secret repeats itself: make a random one")
	}
	for _, word := range placeholders {
		if strings.Contains(lower, word) {
			return fmt.Errorf("the signing secret contains %q: make a random one", word)
		}
	}
	return nil
}

func distinctBytes(s string) int {
	seen := map[byte]bool{}
	for i := range len(s) {
		seen[s[i]] = true
	}
	return len(seen)
}

// safeKeyAddress allows plain http on this machine only.
func safeKeyAddress(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && IsLoopback(u.Hostname())
}

// IsLoopback reports whether a host is this machine, by its number or as localhost.
func IsLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// validate holds in every environment: without an issuer or an audience the library would not check them at all.
func (cfg Config) validate() error {
	switch {
	case cfg.Secret == "" && cfg.JWKSURL == "":
		return errors.New("tokens need a signing secret or a JWKS address")
	case cfg.Secret != "" && len(cfg.Secret) < minSecretBytes:
		return fmt.Errorf("the signing secret has %d bytes and needs %d", len(cfg.Secret), minSecretBytes)
	case cfg.Issuer == "" || cfg.Audience == "":
		return errors.New("tokens need an expected issuer and audience")
	}
	if cfg.JWKSURL == "" {
		return nil
	}
	u, err := url.Parse(cfg.JWKSURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("the JWKS address is not an http or https URL")
	}
	return nil
}
