//go:build unit || !integration

package auth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func productionConfig() Config {
	cfg := testConfig(newClock())
	cfg.Production = true
	return cfg
}

func TestT28_ProductionRefusesAnOpenDoor(t *testing.T) {
	t.Parallel()
	faults := map[string]func(*Config){
		"authentication disabled":        func(c *Config) { c.Disabled = true },
		"no key at all":                  func(c *Config) { c.Secret = "" },
		"the built-in secret":            func(c *Config) { c.Secret = DevelopmentSecret },
		"the built-in secret, shouted":   func(c *Config) { c.Secret = strings.ToUpper(DevelopmentSecret) },
		"a generated development secret": func(c *Config) { c.Secret = DevelopmentSecretPrefix + testSecret },
		"a short secret":                 func(c *Config) { c.Secret = testSecret[:31] },
		"a repeated secret":              func(c *Config) { c.Secret = strings.Repeat("abcd", 16) },
		"a placeholder":                  func(c *Config) { c.Secret = "please-CHANGE-ME-before-you-go-live-0123456789" },
		"keys over plain http":           func(c *Config) { c.Secret, c.JWKSURL = "", "http://id.example.test/keys" },
		"good keys, but the built-in secret too": func(c *Config) {
			c.Secret, c.JWKSURL = DevelopmentSecret, "https://id.example.test/keys"
		},
	}
	for name, change := range faults {
		cfg := productionConfig()
		change(&cfg)
		require.Error(t, CheckProduction(cfg), name)
		_, err := New(cfg)
		require.Error(t, err, "%s: New is the way to an Authenticator, so the process cannot start", name)
		if cfg.Secret != "" {
			require.NotContains(t, err.Error(), cfg.Secret, "no secret in an error")
		}
	}
	for name, change := range map[string]func(*Config){
		"a random secret":            func(*Config) {},
		"keys over https":            func(c *Config) { c.Secret, c.JWKSURL = "", "https://id.example.test/keys" },
		"keys from a local sidecar":  func(c *Config) { c.Secret, c.JWKSURL = "", "http://127.0.0.1:8200/keys" },
		"keys from a local sidecar6": func(c *Config) { c.Secret, c.JWKSURL = "", "http://[::1]:8200/keys" },
	} {
		cfg := productionConfig()
		change(&cfg)
		_, err := New(cfg)
		require.NoError(t, err, name)
	}
}

func TestT28_DevelopmentMayUseTheBuiltInSecret(t *testing.T) {
	t.Parallel()
	cfg := testConfig(newClock())
	cfg.Secret = DevelopmentSecret
	_, err := New(cfg)
	require.NoError(t, err)
}

func TestIsProduction(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"production", "PRODUCTION", " prod ", "live"} {
		require.True(t, IsProduction(name), name)
	}
	for _, name := range []string{"", "development", "test", "staging", "non-production"} {
		require.False(t, IsProduction(name), name)
	}
}

func TestNew_RefusesConfigurationsThatCannotBeSafe(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"disabled with several tenants": func(c *Config) { c.Disabled = true },
		"default tenant not a UUID":     func(c *Config) { c.Tenancy.DefaultTenantID = "default" },
		"no issuer":                     func(c *Config) { c.Issuer = "" },
		"no audience":                   func(c *Config) { c.Audience = "" },
		"no key":                        func(c *Config) { c.Secret = "" },
		"short secret":                  func(c *Config) { c.Secret = "secret" },
		"JWKS not a URL":                func(c *Config) { c.JWKSURL = "::" },
		"JWKS not http":                 func(c *Config) { c.JWKSURL = "file:///etc/keys.json" },
	} {
		cfg := testConfig(newClock())
		change(&cfg)
		_, err := New(cfg)
		require.Error(t, err, name)
	}
}

func TestNew_DisabledIsTheDefaultTenantsAdministrator(t *testing.T) {
	t.Parallel()
	who, err := New(Config{Disabled: true, Tenancy: Tenancy{DefaultTenantID: defaultTenant}})
	require.NoError(t, err)
	ctx, err := enter(who, Tenancy{DefaultTenantID: defaultTenant}, "whatever")
	require.NoError(t, err)
	require.NoError(t, RequireRole(ctx, RoleAdmin))
	require.Error(t, RequireRole(ctx, RolePlatformAdmin))
	require.Equal(t, defaultTenant, LookupTenantID(ctx))
}
