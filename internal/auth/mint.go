package auth

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MintOptions describe a development token.
type MintOptions struct {
	Subject  string
	TenantID string // "" for a token without tenant claim
	Roles    []Role
	TTL      time.Duration // 0 is an hour
	Issuer   string
	Audience string
	Now      time.Time
}

// Mint signs a development token with HS256. Callers refuse it in production: there, tokens come from an identity
// provider.
func Mint(secret string, opts MintOptions) (string, error) {
	if err := opts.validate(secret); err != nil {
		return "", err
	}
	members := jwt.MapClaims{
		"sub": opts.Subject, "iss": opts.Issuer, "aud": opts.Audience, "roles": opts.Roles,
		"jti": rand.Text(),
		"iat": opts.Now.Unix(), "exp": opts.Now.Add(cmp.Or(opts.TTL, time.Hour)).Unix(),
	}
	if opts.Roles == nil {
		members["roles"] = []Role{}
	}
	if opts.TenantID != "" {
		members["tenantId"] = opts.TenantID
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, members).SignedString([]byte(secret))
}

// validate refuses what Verify would refuse later, when the reason is harder to see.
func (o MintOptions) validate(secret string) error {
	switch {
	case len(secret) < minSecretBytes:
		return fmt.Errorf("the signing secret has %d bytes and needs %d", len(secret), minSecretBytes)
	case !usableSubject(o.Subject):
		return errors.New("a token needs a subject without control characters")
	case o.TenantID != "" && !IsUUID(o.TenantID):
		return errors.New("the tenant id is not a lower-case UUID")
	case o.Issuer == "" || o.Audience == "":
		return errors.New("a token needs an issuer and an audience")
	case o.Now.IsZero() || o.TTL < 0:
		return errors.New("a token needs the time it is issued at and a lifetime that is not negative")
	}
	for _, role := range o.Roles {
		if role != RoleAnalyst && !slices.Contains(Roles, role) {
			return fmt.Errorf("unknown role %q, known are %v", role, Roles)
		}
	}
	return nil
}
