//go:build integration

package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/testkit"
)

// forge signs claims with the key of the service under test, so that only what a case changes is wrong.
func forge(t *testing.T, change func(jwt.MapClaims)) string {
	t.Helper()
	claims := jwt.MapClaims{
		"sub": "x", "iss": "matcher", "aud": "matcher", "roles": []string{"admin"},
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	change(claims)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(auth.DevelopmentSecret))
	require.NoError(t, err)
	return token
}

func TestTokensOverHTTP(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	tenantID := api.NewTenant("acme")
	good := forge(t, func(c jwt.MapClaims) { c["tenantId"] = tenantID })
	c := api.As(tenantID)
	refused := func(t *testing.T, token string) {
		t.Helper()
		c.Token = token
		answer := c.Call("GET", "/v1/contexts", nil)
		require.Equal(t, http.StatusUnauthorized, answer.Status, "%s", answer.Body)
		require.Equal(t, "Bearer", answer.Header.Get("WWW-Authenticate"))
		require.NotContains(t, string(answer.Body), token)
	}
	c.Token = good
	require.Equal(t, http.StatusOK, c.Call("GET", "/v1/contexts", nil).Status)

	t.Run("T18 no signature is no token", func(t *testing.T) {
		parts := strings.Split(good, ".")
		for _, alg := range []string{"none", "None", "nOnE"} {
			header, err := json.Marshal(map[string]string{"alg": alg, "typ": "JWT"})
			require.NoError(t, err)
			unsigned := base64.RawURLEncoding.EncodeToString(header) + "." + parts[1] + "."
			refused(t, unsigned)
			refused(t, unsigned+parts[2])
		}
		refused(t, parts[0]+"."+parts[1])
		refused(t, parts[0]+"."+parts[1]+".")
	})
	t.Run("T21 times, issuer and audience count", func(t *testing.T) {
		for name, change := range map[string]func(jwt.MapClaims){
			"expired":        func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Second).Unix() },
			"no exp":         func(c jwt.MapClaims) { delete(c, "exp") },
			"not yet":        func(c jwt.MapClaims) { c["nbf"] = time.Now().Add(5 * time.Minute).Unix() },
			"another issuer": func(c jwt.MapClaims) { c["iss"] = "somebody" },
			"no audience":    func(c jwt.MapClaims) { delete(c, "aud") },
		} {
			t.Run(name, func(t *testing.T) {
				refused(t, forge(t, func(c jwt.MapClaims) { c["tenantId"] = tenantID; change(c) }))
			})
		}
	})
	t.Run("T22 T23 a claim that is no canonical UUID reaches nothing", func(t *testing.T) {
		for _, claim := range []any{
			nil, "", 7,
			[]string{tenantID},
			map[string]string{"id": tenantID},
			"public", "pg_catalog", `"`, "'; DROP SCHEMA public;--",
			"../" + tenantID, tenantID + "\x00", tenantID + "\n", strings.ToUpper(tenantID), tenantID + strings.Repeat("a", 64), " " + tenantID,
		} {
			refused(t, forge(t, func(c jwt.MapClaims) { c["tenantId"] = claim }))
		}
		refused(t, forge(t, func(c jwt.MapClaims) { c["tenantId"], c["tenant_id"] = tenantID, api.Config.Tenancy.DefaultTenantID }))
	})
}
