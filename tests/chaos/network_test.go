//go:build chaos

package chaos

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/testkit"
)

// through puts a proxy before the server of an address and gives the address through it.
func through(t *testing.T, address string) (*testkit.Toxic, string) {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	toxic := testkit.NewToxic(t, u.Host)
	u.Host = toxic.Addr()
	return toxic, u.String()
}

func onBroker(address string) testkit.ServerOption {
	return func(cfg *bootstrap.Config) { cfg.RabbitMQ.URL = address }
}

// postgresOverTCP is a superuser's DSN of a private server over TCP, since a proxy listens on no socket.
func postgresOverTCP(t *testing.T) string {
	t.Helper()
	_, dsn := testkit.PostgresLink(t, testkit.PostgresServer(t).DSN("postgres", ""), 0)
	return dsn
}

// Gap 2: what is published while the subscription is cut is lost, and made up for when it is back.
func TestChaos_PubSubCutWhileTenantsChange(t *testing.T) {
	redis, database := testkit.Redis(t), testkit.Database(t)
	toxic, far := through(t, redis)
	near := testkit.ServerOn(t, database, testkit.OnRedis(redis))
	distant := testkit.ServerOn(t, database, testkit.OnRedis(far))
	operator := near.As("", auth.RolePlatformAdmin)
	const tenants = 5
	var ids [tenants]string
	var clients [tenants]*testkit.Client
	for i := range clients {
		ids[i] = near.NewTenant(fmt.Sprint("tenant-", i))
		clients[i] = distant.As(ids[i], auth.RoleViewer)
		require.Equal(t, http.StatusOK, clients[i].Call("GET", "/v1/contexts", nil).Status)
	}
	for range 3 {
		toxic.Cut()
		for _, id := range ids {
			operator.Must("POST", "/admin/tenants/"+id+"/suspend", nil, nil)
		}
		toxic.Mend()
		for i, client := range clients {
			require.Eventually(t, func() bool { return client.Call("GET", "/v1/contexts", nil).Status == http.StatusForbidden },
				time.Minute, 20*time.Millisecond, "tenant %d", i)
		}
		for i, id := range ids {
			operator.Must("POST", "/admin/tenants/"+id+"/resume", nil, nil)
			require.Eventually(t, func() bool { return clients[i].Call("GET", "/v1/contexts", nil).Status == http.StatusOK },
				time.Minute, 20*time.Millisecond, "tenant %d", i)
		}
	}
}

// Gap 1: a database that stops answering in the middle of making a schema.
func TestChaos_PostgresStallsWhileASchemaIsMade(t *testing.T) {
	direct := postgresOverTCP(t)
	in := testkit.InstallInto(t, direct)
	toxic, far := through(t, direct)
	slow, err := tenancy.NewPostgresTenantSchemaProvisioner(func() string { return far }, in.Database)
	require.NoError(t, err)
	owner := in.Owner(t)
	for i := range 12 { // each stalls somewhere else: while connecting, while migrating, while committing
		tenantID := uuid.NewString()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		answered := make(chan error, 1)
		go func() { answered <- slow.ProvisionTenantSchema(ctx, tenantID) }()
		stall := time.NewTimer(time.Duration(i) * 8 * time.Millisecond)
		var early error
		done := false
		select {
		case <-stall.C:
		case early = <-answered:
			done = true
		}
		heal := toxic.Stall()
		start := time.Now()
		if !done {
			early = <-answered
		}
		require.Less(t, time.Since(start), 10*time.Second, "bounded by its caller's time")
		cancel()
		heal()
		toxic.Cut() // what the stalled connection still had on its way never arrives
		toxic.Mend()
		requireAbsentOrComplete(t, owner, tenantID, early == nil)
		require.NoError(t, slow.ProvisionTenantSchema(t.Context(), tenantID), "the next call completes it")
		require.NotEmpty(t, testkit.TableNames(t, owner, tenantID))
	}
}

// requireAbsentOrComplete waits until the backend of a provisioning that was given up has ended.
func requireAbsentOrComplete(t *testing.T, owner *pgx.Conn, tenantID string, complete bool) {
	t.Helper()
	_, err := owner.Exec(t.Context(), `
		SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
		AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`, tenantID)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var held bool
		err := owner.QueryRow(t.Context(), `
			SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'
				AND ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0))`, tenantID).Scan(&held)
		return err == nil && !held
	}, 20*time.Second, 5*time.Millisecond)
	tables := testkit.TableNames(t, owner, tenantID)
	if complete {
		require.NotEmpty(t, tables)
	}
	if len(tables) > 0 {
		require.Contains(t, tables, "schema_migrations")
		require.Contains(t, tables, "idempotency_keys", "the baseline's last table: it is there whole")
	}
}

// Gap 6: the broker is cut off again and again while events come; each arrives, in order, and none is lost.
func TestChaos_BrokerCutWhileEventsCome(t *testing.T) {
	address := testkit.RabbitMQ(t)
	toxic, far := through(t, address)
	channel := testkit.AMQP(t, address)
	require.NoError(t, channel.ExchangeDeclare("matcher.events", "topic", true, false, false, false, nil))
	queue, err := channel.QueueDeclare("chaos", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, channel.QueueBind(queue.Name, "#", "matcher.events", false, nil))

	api := testkit.Server(t, onBroker(far))
	client := api.As(api.NewTenant("acme"), auth.RoleAdmin)
	source := client.NewSource(client.NewContext("cash"), "bank", recon.Right)
	const files = 30
	for i := range files {
		if i%10 == 5 {
			toxic.Cut()
		}
		client.Upload(source, "f.csv", fmt.Sprintf("id,date,amount,currency,reference\nB-%d,2026-03-14,10.00,EUR,R-1\n", i))
		if i%10 == 9 {
			toxic.Mend()
		}
	}
	seen, last := map[string]bool{}, ""
	require.Eventually(t, func() bool {
		for {
			message, there, err := channel.Get(queue.Name, true)
			require.NoError(t, err)
			if !there {
				return len(seen) == files
			}
			if !seen[message.MessageId] {
				seen[message.MessageId], last = true, message.MessageId
			}
		}
	}, 2*time.Minute, 50*time.Millisecond)
	var feed struct{ Items []recon.Event }
	client.Must("GET", "/v1/events?limit=200", nil, &feed)
	require.Len(t, feed.Items, files)
	require.Equal(t, feed.Items[files-1].ID, last, "first deliveries come in the order of the commits")
}

// A tenant manager that is away or slow: tenants it has told of go on, others wait no longer than they must.
func TestChaos_TenantManagerAwayAndSlow(t *testing.T) {
	const key = "between-the-installations"
	redis := testkit.Redis(t)
	manager := testkit.Server(t, testkit.OnRedis(redis), func(cfg *bootstrap.Config) { cfg.Tenancy.MultiTenantServiceAPIKey = key })
	toxic, far := through(t, manager.URL)
	service := testkit.Server(t, testkit.OnRedis(redis), func(cfg *bootstrap.Config) {
		cfg.Tenancy.MultiTenantURL, cfg.Tenancy.MultiTenantServiceAPIKey, cfg.Tenancy.MultiTenantTimeoutSec = far, key, 2
	})
	known, unseen := manager.NewTenant("known"), manager.NewTenant("unseen")
	regular, newcomer := service.As(known, auth.RoleViewer), service.As(unseen, auth.RoleViewer)
	status := func(c *testkit.Client) int { return c.Call("GET", "/v1/contexts", nil).Status }
	require.Eventually(t, func() bool { return status(regular) == http.StatusOK }, 30*time.Second, 20*time.Millisecond)

	heal := toxic.Stall()
	require.Equal(t, http.StatusOK, status(regular), "what is known goes on")
	start := time.Now()
	stranger := service.As(uuid.NewString(), auth.RoleViewer)
	require.Equal(t, http.StatusServiceUnavailable, status(stranger))
	require.Less(t, time.Since(start), 15*time.Second, "the wait is bounded")
	heal()

	toxic.Cut()
	require.Equal(t, http.StatusOK, status(regular))
	require.Equal(t, http.StatusServiceUnavailable, status(service.As(uuid.NewString(), auth.RoleViewer)))
	toxic.Mend()
	slow := toxic.Slow("300")
	require.Eventually(t, func() bool { return status(newcomer) == http.StatusOK }, time.Minute, 100*time.Millisecond, "it recovers without a restart")
	slow()
}
