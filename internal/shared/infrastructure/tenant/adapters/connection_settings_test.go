//go:build unit || !integration

package adapters

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestConnectionSettings_PoolConfig(t *testing.T) {
	settings := ConnectionSettings{DSN: "postgres://app:hunter2@db/first", Database: "matcher", StatementTimeout: 3 * time.Second}.withDefaults()
	t.Run("a connection starts with no table in sight and bounded statements", func(t *testing.T) {
		config, err := settings.configFor(settings.ownTarget(""))
		require.NoError(t, err)
		params := config.ConnConfig.RuntimeParams
		require.Equal(t, "pg_catalog", params["search_path"])
		require.Equal(t, "3000", params["statement_timeout"])
		require.Equal(t, "60000", params["idle_in_transaction_session_timeout"])
		require.Equal(t, "matcher", config.ConnConfig.Database)
		require.EqualValues(t, 20, config.MaxConns)
	})
	t.Run("the tenant's database replaces the installation's", func(t *testing.T) {
		config, err := settings.configFor(settings.ownTarget("large"))
		require.NoError(t, err)
		require.Equal(t, "large", config.ConnConfig.Database)
		require.Equal(t, "db", config.ConnConfig.Host)
	})
	t.Run("the DSN may not bring a path of its own", func(t *testing.T) {
		hostile := ConnectionSettings{DSN: "postgres://db/d?search_path=public", Database: "d"}
		config, err := hostile.configFor(hostile.ownTarget(""))
		require.NoError(t, err)
		require.Equal(t, "pg_catalog", config.ConnConfig.RuntimeParams["search_path"])
	})
	t.Run("a share is never larger than the pool", func(t *testing.T) {
		require.Equal(t, 2, ConnectionSettings{MaxConnections: 2}.withDefaults().TenantConnections)
	})
}

func TestConnectionError(t *testing.T) {
	require.Equal(t, "DATABASE_UNAVAILABLE", recon.CodeOf(connectionError(&pgconn.ConnectError{Config: &pgconn.Config{}})))
	other := errors.New("other")
	require.Equal(t, other, connectionError(other))
}
