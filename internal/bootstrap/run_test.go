//go:build integration

package bootstrap_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/tenancy"
	"matcher/internal/testkit"
)

func open(t *testing.T, role bootstrap.Role, env ...string) *bootstrap.App {
	t.Helper()
	cfg, err := bootstrap.LoadConfig(append([]string{"MATCHER_ENV=development", "MATCHER_LOG_LEVEL=error"}, env...))
	require.NoError(t, err)
	app, err := bootstrap.Open(t.Context(), cfg, role, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return app
}

func get(t *testing.T, address, path, token string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, "http://"+address+path, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	response.Body.Close()
	return response.StatusCode
}

func TestOpen_EmbeddedDefaultFindsItsDataAgain(t *testing.T) {
	t.Parallel()
	dataDir := "MATCHER_DATA_DIR=" + t.TempDir()
	app := open(t, bootstrap.RoleAll, dataDir)
	created, err := app.CreateTenant(t.Context(), adapters.NewTenant{Slug: "acme", Name: "Acme"})
	require.NoError(t, err)
	token, err := app.Token(auth.MintOptions{Subject: "x", Roles: []auth.Role{auth.RoleViewer}, Now: time.Now()})
	require.NoError(t, err)
	require.NoError(t, app.Close(t.Context()))

	app = open(t, bootstrap.RoleAll, dataDir)
	found, err := app.Tenant(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, created.TenantID, found.TenantID)
	migration, err := app.Tenants().Migrate(t.Context())
	require.NoError(t, err)
	require.Equal(t, tenancy.Migration{Checked: 2, Failed: []tenancy.MigrationFault{}}, migration)

	listener, err := bootstrap.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- app.Serve(ctx, listener) }()
	address := listener.Addr().String()
	require.Equal(t, http.StatusOK, get(t, address, "/readyz", ""))
	require.Equal(t, http.StatusOK, get(t, address, "/v1/me", token), "a token outlives a restart")
	stop()
	require.NoError(t, <-served)
	require.NoError(t, app.Close(t.Context()))
}

func TestOpen_RolesOfAProcess(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	env := []string{"POSTGRES_DSN=" + dsn, "POSTGRES_OWNER_DSN=" + dsn}
	worker := open(t, bootstrap.RoleWorker, env...)
	status := func(app *bootstrap.App, path string) int {
		answer := httptest.NewRecorder()
		app.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer.Code
	}
	require.Equal(t, http.StatusNotFound, status(worker, "/v1/me"))
	require.Equal(t, http.StatusOK, status(worker, "/readyz"))
	api := open(t, bootstrap.RoleAPI, env...)
	require.Equal(t, http.StatusUnauthorized, status(api, "/v1/me"))
	require.NoError(t, api.Close(t.Context()))
	require.NoError(t, worker.Close(t.Context()))
}

func TestOpen_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	t.Run("the address is taken", func(t *testing.T) {
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer taken.Close()
		_, err = bootstrap.Listen(t.Context(), taken.Addr().String())
		require.ErrorContains(t, err, "MATCHER_ADDR")
	})
	t.Run("the named database does not answer", func(t *testing.T) {
		cfg, err := bootstrap.LoadConfig([]string{"MATCHER_ENV=development", "POSTGRES_HOST=127.0.0.1", "POSTGRES_PORT=1", "POSTGRES_PASSWORD=hunter2"})
		require.NoError(t, err)
		_, err = bootstrap.Open(t.Context(), cfg, bootstrap.RoleAll, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "POSTGRES_*")
		require.NotContains(t, err.Error(), "hunter2")
	})
}
