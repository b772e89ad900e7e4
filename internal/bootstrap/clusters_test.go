//go:build unit || !integration

package bootstrap

import (
	"testing"

	"github.com/stretchr/testify/require"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

func TestClusters(t *testing.T) {
	read := func(text string) (map[string]tenancy.ClusterSettings, error) {
		return PostgresConfig{Clusters: text}.clusters()
	}
	clusters, err := read(`{"cell-2": {"dsn": "postgres://app:hunter2@db2/matcher", "connections": 40}, "cell-3": {"dsn": "postgres://db3/m", "replicaDsn": "postgres://r3/m"}}`)
	require.NoError(t, err)
	require.Equal(t, map[string]tenancy.ClusterSettings{
		"cell-2": {DSN: "postgres://app:hunter2@db2/matcher", MaxConnections: 40},
		"cell-3": {DSN: "postgres://db3/m", ReplicaDSN: "postgres://r3/m"},
	}, clusters)
	none, err := read("")
	require.NoError(t, err)
	require.Empty(t, none)
	for _, bad := range []string{
		`hunter2`, `[]`, `{"a": {}}`, `{"": {"dsn": "postgres://db/m"}}`, `{"a": {"dsn": "x", "connections": -1}}`,
		`{"a": {"DNS": "hunter2"}}`, `{"a": {"dsn": "hunter2"}} {}`,
	} {
		_, err := read(bad)
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
