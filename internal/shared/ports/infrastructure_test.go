//go:build unit || !integration

package ports

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSecret_IsNowhereButWhereItIsUsed(t *testing.T) {
	tenant := TenantConfig{Dedicated: DedicatedDatabase{DSN: "postgres://app:hunter2@db/large"}}
	asJSON, err := json.Marshal(tenant)
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("tenant", "config", tenant, "secret", tenant.Dedicated.DSN)
	for _, shown := range []string{string(asJSON), log.String(), fmt.Sprintf("%v %+v %#v %s %q", tenant, tenant, tenant, tenant.Dedicated.DSN, tenant.Dedicated.DSN)} {
		require.NotContains(t, shown, "hunter2")
	}
	require.Contains(t, tenant.Dedicated.DSN.Reveal(), "hunter2")
	asJSON, err = json.Marshal(TenantConfig{})
	require.NoError(t, err)
	require.NotContains(t, string(asJSON), "dedicated", "most have none")
}
