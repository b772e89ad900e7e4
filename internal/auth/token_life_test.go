//go:build unit || !integration

package auth

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestVerify_ATokenLivesForADay(t *testing.T) {
	t.Parallel()
	cfg := testConfig(newClock())
	cfg.MaxTokenLife = 0
	v := newTestVerifier(t, cfg)
	at := func(d time.Duration) int64 { return startOfTime.Add(d).Unix() }
	for name, c := range map[string]struct {
		change map[string]any
		good   bool
	}{
		"a day from iat":               {map[string]any{"iat": at(0), "exp": at(24 * time.Hour)}, true},
		"a second longer":              {map[string]any{"iat": at(0), "exp": at(24*time.Hour + time.Second)}, false},
		"a year, of which one is over": {map[string]any{"iat": at(-365 * 24 * time.Hour), "exp": at(time.Hour)}, false},
		"a day from now, without iat":  {map[string]any{"iat": nil, "exp": at(24 * time.Hour)}, true},
		"more, without iat":            {map[string]any{"iat": nil, "exp": at(25 * time.Hour)}, false},
	} {
		_, err := v.Verify(t.Context(), signHS256(t, c.change))
		require.Equal(t, c.good, err == nil, "%s: %v", name, err)
	}
}

func TestVerify_RevokedTokens(t *testing.T) {
	t.Parallel()
	clock := newClock()
	cfg := testConfig(clock)
	revoked, down := map[string]bool{"gone": true}, error(nil)
	cfg.Revoked = func(_ context.Context, jti string) (bool, error) { return revoked[jti], down }
	v := newTestVerifier(t, cfg)
	code := func(jti any) string {
		_, err := v.Verify(t.Context(), signHS256(t, map[string]any{"jti": jti}))
		return recon.CodeOf(err)
	}
	require.Empty(t, code("a"))
	require.Equal(t, recon.CodeTokenRevoked, code("gone"))
	require.Equal(t, recon.CodeTokenInvalid, code(nil), "a token that could not be revoked")
	require.Equal(t, recon.CodeTokenInvalid, code(7))
	revoked["a"] = true
	clock.Advance(maxCacheAge)
	require.Equal(t, recon.CodeTokenRevoked, code("a"), "within a minute")
	down = recon.Unavailable(recon.CodeDatabaseUnavailable, time.Second, "down")
	require.Equal(t, recon.CodeDatabaseUnavailable, code("b"), "closed, not open")
}
