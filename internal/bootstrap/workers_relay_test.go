//go:build integration

package bootstrap_test

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	messaging "matcher/internal/shared/adapters/rabbitmq"
	"matcher/internal/testkit"
)

// startRelay, through a whole service: what a tenant imports is told to a queue of that tenant's.
func TestStartRelay_EventsOfTheServiceReachTheBroker(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		several bool
		binding string
	}{
		"several tenants": {true, "ingestion.completed.*"},
		"one tenant":      {false, "ingestion.completed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := testkit.RabbitMQ(t)
			channel := testkit.AMQP(t, address)
			require.NoError(t, channel.ExchangeDeclare(messaging.Exchange, "topic", true, false, false, false, nil))
			_, err := channel.QueueDeclare("q", true, false, false, false, amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum})
			require.NoError(t, err)
			require.NoError(t, channel.QueueBind("q", c.binding, messaging.Exchange, false, nil))
			server := testkit.Server(t, func(cfg *bootstrap.Config) {
				cfg.RabbitMQ.URL, cfg.Tenancy.MultiTenantEnabled = address, c.several
			})
			tenantID := server.Config.Tenancy.DefaultTenantID
			if c.several {
				tenantID = server.NewTenant("acme")
			}
			client := server.As(tenantID, auth.RoleAdmin)
			source := client.NewSource(client.NewContext("Bank"), "ledger", recon.Left)
			client.Upload(source, "a.csv", "id,date,amount,currency\n1,2026-01-02,10.00,EUR\n")

			deliveries, err := channel.Consume("q", "", true, false, false, false, nil)
			require.NoError(t, err)
			select {
			case d := <-deliveries:
				message, err := testkit.VerifyTenant(d)
				require.NoError(t, err)
				require.Equal(t, tenantID, message.TenantID)
				require.Equal(t, recon.EventImportCompleted, message.Key)
			case <-time.After(time.Minute):
				require.FailNow(t, "no message came")
			}
		})
	}
}
