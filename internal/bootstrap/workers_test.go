//go:build integration

package bootstrap_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

// A tenant in a database of its own, or on another server, is served, worked for, told of and erased like any other.
func TestTenantsElsewhereAreWorkedForToo(t *testing.T) {
	t.Parallel()
	other := testkit.PostgresServer(t)
	cell := other.DSN("postgres", "")
	require.NoError(t, tenancy.Install(t.Context(), cell, tenancy.Installation{}))
	app, err := url.Parse(cell)
	require.NoError(t, err)
	app.User = url.User(tenancy.RoleApp)
	clusters, err := json.Marshal(map[string]any{"cell-2": map[string]any{"dsn": app.String(), "ownerDsn": cell}})
	require.NoError(t, err)
	broker := testkit.RabbitMQ(t)
	channel := testkit.AMQP(t, broker)
	require.NoError(t, channel.ExchangeDeclare("matcher.events", "topic", true, false, false, false, nil))
	queue, err := channel.QueueDeclare("elsewhere", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, channel.QueueBind(queue.Name, "matching.run_completed.*", "matcher.events", false, nil))
	api := testkit.Server(t, testkit.OnRedis(testkit.Redis(t)), func(cfg *bootstrap.Config) {
		cfg.RabbitMQ.URL, cfg.Postgres.Clusters, cfg.Tenancy.GraceHours = broker, string(clusters), 0
	})
	operator := api.As("", auth.RolePlatformAdmin)

	for name, body := range map[string]string{
		"a database of its own":            `{"slug":"own","name":"Own","database":"matcher_own_` + time.Now().Format("150405.000000")[7:] + `"}`,
		"another server":                   `{"slug":"far","name":"Far","cluster":"cell-2"}`,
		"a database of its own over there": `{"slug":"own-far","name":"Own far","cluster":"cell-2","database":"apart"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var tenant tenancy.TenantRecord
			operator.Must("POST", "/admin/tenants", body, &tenant)
			client := api.As(tenant.TenantID, auth.RoleAdmin)
			books := client.NewContext("cash")
			client.Upload(client.NewSource(books, "ledger", recon.Left), "l.csv", "id,date,amount,currency,reference\nL1,2026-03-14,10.00,EUR,R-1\n")
			client.Upload(client.NewSource(books, "bank", recon.Right), "r.csv", "id,date,amount,currency,reference\nB1,2026-03-14,10.00,EUR,R-1\n")
			run := client.Run(books)
			require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
			require.Eventually(t, func() bool {
				message, there, err := channel.Get(queue.Name, true)
				require.NoError(t, err)
				return there && message.Headers["X-Tenant-ID"] == tenant.TenantID
			}, time.Minute, 20*time.Millisecond, "its events reach the broker")

			operator.Must("DELETE", "/admin/tenants/"+tenant.TenantID, nil, nil)
			require.Equal(t, http.StatusNotFound, client.Call("GET", "/v1/contexts", nil).Status)
			database := api.OwnerDSN
			if tenant.Cluster != "" {
				database = cell
			}
			if tenant.Database != "" {
				database = tenancy.InDatabase(database, tenant.Database)
			}
			require.Eventually(t, func() bool { return !schemaThere(t, database, tenant.TenantID) }, time.Minute, 50*time.Millisecond, "and it is erased")
		})
	}
	t.Run("a server that nobody named", func(t *testing.T) {
		answer := operator.Call("POST", "/admin/tenants", `{"slug":"lost","name":"Lost","cluster":"cell-9"}`)
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status)
		require.Equal(t, "/cluster", answer.Problem().Errors[0].Pointer)
	})
}

func schemaThere(t *testing.T, dsn, tenantID string) (there bool) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, tenantID).Scan(&there))
	return there
}
