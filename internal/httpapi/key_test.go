//go:build integration

package httpapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	operator, nobody := api.As("", auth.RolePlatformAdmin), api.Anonymous()
	type made struct{ ID, Key, Name, CreatedBy string }
	create := func(body string) (key made) {
		operator.Must("POST", "/admin/keys", body, &key)
		return key
	}
	status := func(key made, method, path string, body any) int {
		return nobody.Call(method, path, body, "X-API-Key", key.Key).Status
	}
	reads := create(`{"name":"monitoring","scopes":["tenants:read"]}`)
	all := create(`{"name":"ann","scopes":["tenants","settings","keys","managed"]}`)
	keys := create(`{"name":"vault","scopes":["keys"]}`)
	require.Equal(t, testkit.Subject, reads.CreatedBy)

	for _, c := range []struct {
		key          made
		method, path string
		body         any
		want         int
	}{
		{reads, "GET", "/admin/tenants", nil, 200},
		{reads, "POST", "/admin/tenants", `{"slug":"x","name":"X"}`, 403},
		{reads, "GET", "/system/matcher", nil, 403},
		{reads, "GET", "/admin/keys", nil, 403},
		{all, "POST", "/admin/tenants", `{"slug":"x","name":"X"}`, 201},
		{all, "GET", "/system/matcher", nil, 200},
		{all, "GET", "/v1/contexts", nil, 401},
		{keys, "POST", "/admin/keys", `{"name":"more","scopes":["keys","tenants"]}`, 403},
		{keys, "POST", "/admin/keys", `{"name":"another","scopes":["keys"]}`, 201},
	} {
		require.Equal(t, c.want, status(c.key, c.method, c.path, c.body), "%s: %s %s", c.key.Name, c.method, c.path)
	}
	for body, code := range map[string]string{
		`{"name":"ann","scopes":["keys"]}`:  recon.CodeNameTaken,
		`{"name":"bob","scopes":[]}`:        recon.CodeValidationFailed,
		`{"name":"bob","scopes":["admin"]}`: recon.CodeValidationFailed,
		`{"name":"","scopes":["keys"]}`:     recon.CodeValidationFailed,
	} {
		require.Equal(t, code, operator.Call("POST", "/admin/keys", body).Problem().Code, body)
	}

	t.Run("the list shows who used what, and no key", func(t *testing.T) {
		answer := operator.Must("GET", "/admin/keys", nil, nil)
		require.NotContains(t, string(answer.Body), all.Key)
		require.Contains(t, string(answer.Body), `"lastUsedAt"`)
	})
	t.Run("a revoked and an expired key open nothing", func(t *testing.T) {
		operator.Must("DELETE", "/admin/keys/"+all.ID, nil, nil)
		require.Equal(t, 401, status(all, "GET", "/admin/tenants", nil))
		expired := create(`{"name":"old","scopes":["tenants"],"expiresAt":"` + time.Now().Add(-time.Hour).Format(time.RFC3339) + `"}`)
		require.Equal(t, 401, status(expired, "GET", "/admin/tenants", nil))
		require.Equal(t, 404, operator.Call("DELETE", "/admin/keys/nothing", nil).Status)
	})
	t.Run("guesses are few", func(t *testing.T) {
		for range 20 {
			nobody.Call("GET", "/admin/tenants", nil, "X-API-Key", "guess")
		}
		answer := nobody.Call("GET", "/admin/tenants", nil, "X-API-Key", "guess")
		require.Equal(t, 429, answer.Status)
		require.NotEmpty(t, answer.Header.Get("Retry-After"))
		require.Equal(t, 200, operator.Call("GET", "/admin/tenants", nil).Status, "tokens are not held up")
	})
}

func TestRevokedTokens(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t, func(cfg *bootstrap.Config) { cfg.Auth.Revocation = true })
	good, stolen := api.As("", auth.RolePlatformAdmin), api.As("", auth.RolePlatformAdmin)
	good.Must("POST", "/admin/revoked-tokens", map[string]string{"jti": testkit.JTI(t, stolen.Token)}, nil)
	require.Equal(t, recon.CodeTokenRevoked, stolen.Call("GET", "/admin/tenants", nil).Problem().Code)
	require.Equal(t, 200, good.Call("GET", "/admin/tenants", nil).Status)
}
