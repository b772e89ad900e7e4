//go:build integration

package httpapi_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

// untilRefused calls until the answer is a 429, which a limit of a few a second gives soon on any machine.
func untilRefused(t *testing.T, c *testkit.Client) testkit.Answer {
	t.Helper()
	for range 500 {
		if answer := c.Call("GET", "/v1/me", nil); answer.Status != http.StatusOK {
			require.Equal(t, http.StatusTooManyRequests, answer.Status, "%s", answer.Body)
			return answer
		}
	}
	t.Fatal("never refused")
	return testkit.Answer{}
}

func slowTenant(t *testing.T, api *testkit.APIServer, slug string) string {
	t.Helper()
	tenant, err := api.App.CreateTenant(t.Context(), tenancy.NewTenant{Slug: slug, Name: slug, RequestsPerSecond: 1})
	require.NoError(t, err)
	return tenant.TenantID
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]testkit.ServerOption{
		"in Redis":        testkit.OnRedis(testkit.StartRedisServer(t).URL),
		"in this process": func(*bootstrap.Config) {},
	} {
		t.Run(name, func(t *testing.T) {
			api := testkit.Server(t, option)
			slow := api.As(slowTenant(t, api, "slow"), auth.RoleViewer)
			answer := untilRefused(t, slow)
			require.Equal(t, "RATE_LIMITED", answer.Problem().Code)
			require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
			wait, err := strconv.Atoi(answer.Header.Get("Retry-After"))
			require.NoError(t, err)
			require.Positive(t, wait)
			require.Equal(t, "2", answer.Header.Get("RateLimit-Limit"), "the tenant's own, from its configuration")
			require.Equal(t, "0", answer.Header.Get("RateLimit-Remaining"))
			require.NotEmpty(t, answer.Header.Get("RateLimit-Reset"))

			other := api.As(api.NewTenant("other"), auth.RoleViewer).Must("GET", "/v1/me", nil, nil)
			remaining, err := strconv.Atoi(other.Header.Get("RateLimit-Remaining"))
			require.NoError(t, err)
			limit, err := strconv.Atoi(other.Header.Get("RateLimit-Limit"))
			require.NoError(t, err)
			require.LessOrEqual(t, remaining, limit, "of a full allowance no more than all of it remains")
			for range 10 {
				slow.Must("GET", "/health", nil, nil)
			}
			metrics := string(slow.Must("GET", "/metrics", nil, nil).Body)
			require.Regexp(t, `matcher_rate_limit_decisions_total\{limiter="(redis|local)",result="refused",scope="tenant"\}`, metrics)
			require.Contains(t, metrics, "matcher_settings_revision 0")
		})
	}
}

func TestRateLimits_OneCallerDoesNotTakeAllOfItsTenants(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t)
	platform := api.As("", auth.RolePlatformAdmin)
	tenantID := api.NewTenant("a")
	platform.Must("PUT", settingPath+"limits.subject_requests_per_second", `{"value":1}`, nil)
	platform.Must("PUT", settingPath+"limits.subject_burst", `{"value":1}`, nil)
	require.Contains(t, untilRefused(t, api.As(tenantID, auth.RoleViewer)).Problem().Detail, "subject")
	token, err := api.App.Token(auth.MintOptions{Subject: "another", TenantID: tenantID, Roles: []auth.Role{auth.RoleViewer}, Now: time.Now()})
	require.NoError(t, err)
	another := *platform
	another.Token = token
	another.Must("GET", "/v1/me", nil, nil)
	platform.Must("PUT", settingPath+"limits.subject_requests_per_second", `{"value":0}`, nil) // no limit
	for range 20 {
		another.Must("GET", "/v1/me", nil, nil)
	}
}

func TestT13_EveryRedisKeyIsATenants(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedisServer(t)
	api := testkit.Server(t, testkit.OnRedis(server.URL))
	tenants := []string{api.NewTenant("a"), api.NewTenant("b")}
	for _, tenantID := range tenants {
		newWorld(t, api, tenantID)
	}
	client := server.Client()
	// Keys of the limiter live for seconds, so every look follows a call of each tenant.
	require.Eventually(t, func() bool {
		for _, tenantID := range tenants {
			api.As(tenantID, auth.RoleAdmin).Must("GET", "/v1/me", nil, nil)
		}
		found := map[string]int{}
		keys := client.Scan(t.Context(), 0, "", 1000).Iterator()
		for keys.Next(t.Context()) {
			require.Regexp(t, `^tenant:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:([A-Za-z0-9._-]|%[0-9A-F]{2})+)+$`, keys.Val())
			found[strings.Split(keys.Val(), ":")[1]]++
		}
		require.NoError(t, keys.Err())
		return len(found) == len(tenants) && found[tenants[0]] >= 2 && found[tenants[1]] >= 2 // its own rate and its callers'
	}, time.Minute, 50*time.Millisecond)
}

func TestT67_WithoutRedisTheRowInPostgreSQLDecidesAndLimitsGoOn(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedisServer(t)
	api := testkit.Server(t, testkit.OnRedis(server.URL))
	c := api.As(api.NewTenant("a"), auth.RoleAdmin)
	before := c.Must("POST", "/v1/contexts", `{"name":"before"}`, nil, "Idempotency-Key", "k0")

	server.Stop()
	again := c.Must("POST", "/v1/contexts", `{"name":"before"}`, nil, "Idempotency-Key", "k0")
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, before.Header.Get("Location"), again.Header.Get("Location"))
	for i := range 10 {
		twice(t, c, fmt.Sprintf(`{"name":"during %d"}`, i), fmt.Sprintf("k-%d", i))
	}
	require.Len(t, items[recon.Context](t, c, "/v1/contexts"), 11)
	slow := api.As(slowTenant(t, api, "slow"), auth.RoleViewer)
	require.Equal(t, http.StatusTooManyRequests, untilRefused(t, slow).Status, "each instance limits by itself")
	require.Contains(t, string(c.Must("GET", "/metrics", nil, nil).Body), "matcher_rate_limit_redis_up 0")

	t.Run("it is used again when it is back", func(t *testing.T) {
		server.Start()
		require.Eventually(t, func() bool {
			c.Must("GET", "/v1/me", nil, nil)
			return strings.Contains(string(c.Must("GET", "/metrics", nil, nil).Body), "matcher_rate_limit_redis_up 1")
		}, time.Minute, 50*time.Millisecond)
	})
	t.Run("a Redis that hangs holds up one request in a second, and briefly", func(t *testing.T) {
		require.NoError(t, server.Client().Do(t.Context(), "CLIENT", "PAUSE", "300000", "ALL").Err())
		began := time.Now()
		for range 20 {
			c.Must("GET", "/v1/me", nil, nil)
		}
		require.Less(t, time.Since(began), time.Minute, "20 budgets of 75 ms and the requests themselves, on a busy machine")
	})
}

// twice sends the same POST twice at once: one of them has the effect, the other hears of it or of its being at work.
func twice(t *testing.T, c *testkit.Client, body, key string) {
	t.Helper()
	var both sync.WaitGroup
	answers := make([]testkit.Answer, 2)
	for i := range answers {
		both.Go(func() { answers[i] = c.Call("POST", "/v1/contexts", body, "Idempotency-Key", key) })
	}
	both.Wait()
	for _, answer := range answers {
		require.Contains(t, []int{http.StatusCreated, http.StatusConflict}, answer.Status, "%s", answer.Body)
		if answer.Status == http.StatusConflict {
			require.Equal(t, "IDEMPOTENCY_IN_FLIGHT", answer.Problem().Code)
		}
	}
}

func TestT68_ARedisThatForgetsEverythingCausesNoSecondEffect(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedisServer(t)
	api := testkit.Server(t, testkit.OnRedis(server.URL))
	c := api.As(api.NewTenant("a"), auth.RoleAdmin)
	const requests = 60
	halfway, restarted := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(restarted)
		<-halfway
		server.Stop()
		server.Start()
	}()
	var senders sync.WaitGroup
	for worker := range 4 {
		senders.Go(func() {
			for i := worker; i < requests; i += 4 {
				if i == requests/3 {
					close(halfway)
				}
				body, key := fmt.Sprintf(`{"name":"c%d"}`, i), uuid.NewString()
				first := c.Call("POST", "/v1/contexts", body, "Idempotency-Key", key)
				second := c.Call("POST", "/v1/contexts", body, "Idempotency-Key", key)
				if first.Status != http.StatusCreated || second.Status != http.StatusCreated || second.Header.Get("Idempotency-Replayed") != "true" {
					t.Errorf("%d: %d, then %d %s", i, first.Status, second.Status, second.Body)
				}
			}
		})
	}
	senders.Wait()
	<-restarted
	require.Len(t, items[recon.Context](t, c, "/v1/contexts?limit=200"), requests)
}
