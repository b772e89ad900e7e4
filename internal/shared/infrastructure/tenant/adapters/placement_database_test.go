//go:build unit || !integration

package adapters_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

func TestAnotherDatabaseIsReachedTheSameWay(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://owner:secret@db.example:5433/matcher?sslmode=require",
		"postgresql://owner:secret@db.example:5433/?database=matcher&sslmode=require",
		"host=db.example port=5433 user=owner password=secret dbname=matcher sslmode=require",
	} {
		config, err := pgx.ParseConfig(tenancy.InDatabase(dsn, "tenant_a"))
		require.NoError(t, err, dsn)
		require.Equal(t, "tenant_a", config.Database, dsn)
		require.Equal(t, "owner", config.User, dsn)
		require.Equal(t, "secret", config.Password, dsn)
		require.EqualValues(t, 5433, config.Port, dsn)
	}
}
