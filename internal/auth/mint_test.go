//go:build unit || !integration

package auth

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func mintOptions() MintOptions {
	return MintOptions{
		Subject: "dev@example.test", TenantID: tenantA, Roles: []Role{RoleApprover}, Issuer: testIssuer, Audience: testAudience, Now: startOfTime,
	}
}

func TestMint_TokensVerify(t *testing.T) {
	t.Parallel()
	c := newClock()
	v := newTestVerifier(t, testConfig(c))
	token, err := Mint(testSecret, mintOptions())
	require.NoError(t, err)
	principal, err := v.Verify(context.Background(), token)
	require.NoError(t, err)
	require.Equal(t, Principal{Subject: "dev@example.test", TenantID: tenantA, Roles: []Role{RoleApprover}}, principal)
	c.Advance(time.Hour)
	requireUnauthorized(t, verify(v, token))
}

func TestMint_WithoutTenantAndRoles(t *testing.T) {
	t.Parallel()
	opts := mintOptions()
	opts.TenantID, opts.Roles, opts.TTL = "", nil, time.Minute
	token, err := Mint(testSecret, opts)
	require.NoError(t, err)
	principal, err := newTestVerifier(t, testConfig(newClock())).Verify(context.Background(), token)
	require.NoError(t, err)
	require.Equal(t, Principal{Subject: "dev@example.test", Roles: []Role{}}, principal)
}

func TestMint_RefusesWhatWouldNotVerify(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*MintOptions){
		"no subject":        func(o *MintOptions) { o.Subject = "" },
		"tenant not a UUID": func(o *MintOptions) { o.TenantID = "acme" },
		"no issuer":         func(o *MintOptions) { o.Issuer = "" },
		"no audience":       func(o *MintOptions) { o.Audience = "" },
		"no time":           func(o *MintOptions) { o.Now = time.Time{} },
		"negative lifetime": func(o *MintOptions) { o.TTL = -time.Second },
		"unknown role":      func(o *MintOptions) { o.Roles = []Role{"owner"} },
	} {
		opts := mintOptions()
		change(&opts)
		_, err := Mint(testSecret, opts)
		require.Error(t, err, name)
	}
	_, err := Mint("short", mintOptions())
	require.ErrorContains(t, err, "32")
}
