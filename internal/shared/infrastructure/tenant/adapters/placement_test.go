//go:build unit || !integration

package adapters

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/shared/ports"
)

func TestCheckPlacement(t *testing.T) {
	dedicated := func(dsn string) ports.TenantConfig {
		return ports.TenantConfig{Dedicated: ports.DedicatedDatabase{DSN: ports.Secret(dsn)}}
	}
	for what, tenant := range map[string]ports.TenantConfig{
		"none":               {},
		"a cluster":          {Cluster: "cell-2"},
		"a server":           dedicated("postgres://app:hunter2@db.example.com:5432/large?sslmode=verify-full"),
		"a server and sizes": {Dedicated: ports.DedicatedDatabase{DSN: "postgres://db/large", ReplicaDSN: "postgres://replica/large", Connections: 40}},
	} {
		require.NoError(t, checkPlacement(&tenant), what)
	}
	for what, tenant := range map[string]ports.TenantConfig{
		"a socket":              dedicated("postgres:///large?host=/var/run/postgresql"),
		"a key on this machine": dedicated("postgres://db/large?sslkey=/etc/ssl/private/server.key"),
		"words":                 dedicated("host=db user=app"),
		"another protocol":      dedicated("mysql://db/large"),
		"a long one":            dedicated("postgres://db/" + strings.Repeat("x", maxDSN)),
		"a replica of nothing":  {Dedicated: ports.DedicatedDatabase{ReplicaDSN: "postgres://replica/large"}},
		"too many connections":  {Dedicated: ports.DedicatedDatabase{DSN: "postgres://db/large", Connections: 100_000}},
		"a path as a cluster":   {Cluster: "cell/2"},
	} {
		require.Error(t, checkPlacement(&tenant), what)
	}
}

func TestCheckPlacement_ARemoteAnswersPlacementIsTakenOrRefusedWhole(t *testing.T) {
	const tenantID = "3b0f6a52-7c3c-4d56-9a41-0f2f6f9d8e10"
	answer := func(dsn string) []byte {
		return []byte(`{"tenantId":"` + tenantID + `","status":"ACTIVE","cluster":"cell-2","dedicated":{"dsn":"` + dsn + `","connections":7}}`)
	}
	config, err := decodeRemoteConfig(answer("postgres://app:hunter2@db/large"), tenantID)
	require.NoError(t, err)
	require.Equal(t, "postgres://app:hunter2@db/large", config.Dedicated.DSN.Reveal())
	require.Equal(t, 7, config.Dedicated.Connections)
	require.Equal(t, "cell-2", config.Cluster)
	_, err = decodeRemoteConfig(answer("host=/etc user=hunter2"), tenantID)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestPlacementOf_HidesLogins(t *testing.T) {
	tenant := ports.TenantConfig{Dedicated: ports.DedicatedDatabase{DSN: "postgres://app:hunter2@db/large"}}
	text, err := json.Marshal(tenant)
	require.NoError(t, err)
	for _, shown := range []string{string(text), fmt.Sprint(tenant), fmt.Sprintf("%+v %#v", tenant, tenant)} {
		require.NotContains(t, shown, "hunter2")
	}
	var back ports.TenantConfig
	require.NoError(t, json.Unmarshal([]byte(`{"dedicated": {"dsn": "postgres://db/large"}}`), &back))
	require.Equal(t, "postgres://db/large", back.Dedicated.DSN.Reveal())
}

func TestShareOf(t *testing.T) {
	settings := ConnectionSettings{DSN: "postgres://db/d", Database: "d"}.withDefaults()
	shares := func(tenant ports.TenantConfig) int {
		target, err := settings.placementOf(&tenant)
		require.NoError(t, err)
		return settings.shareOf(&tenant, target)
	}
	require.Equal(t, defaultTenantConnections, shares(ports.TenantConfig{}))
	require.Equal(t, defaultMaxConnections, shares(ports.TenantConfig{Connections: 500}), "never more than the pool has")
	require.Equal(t, 40, shares(ports.TenantConfig{Dedicated: ports.DedicatedDatabase{DSN: "postgres://db/x", Connections: 40}}), "a pool of its own is all its own")
}
