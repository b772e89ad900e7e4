//go:build unit || !integration

package adapters

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseClusters(t *testing.T) {
	clusters, err := ParseClusters(`{"cell-2": {"dsn": "postgres://app:hunter2@db2/matcher", "connections": 40}, "cell-3": {"dsn": "postgres://db3/m", "ownerDsn": "postgres://o@db3/m", "replicaDsn": "postgres://r3/m"}}`)
	require.NoError(t, err)
	require.Equal(t, map[string]ClusterSettings{
		"cell-2": {DSN: "postgres://app:hunter2@db2/matcher", MaxConnections: 40},
		"cell-3": {DSN: "postgres://db3/m", OwnerDSN: "postgres://o@db3/m", ReplicaDSN: "postgres://r3/m"},
	}, clusters)
	none, err := ParseClusters("")
	require.NoError(t, err)
	require.Empty(t, none)
	for _, bad := range []string{
		`hunter2`, `[]`, `{"a": {}}`, `{"": {"dsn": "postgres://db/m"}}`, `{"a": {"dsn": "x", "connections": -1}}`,
		`{"a": {"DNS": "hunter2"}}`, `{"a": {"dsn": "hunter2"}} {}`,
	} {
		_, err := ParseClusters(bad)
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
