//go:build unit || !integration

package rabbitmq

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTenantScopedRoutingKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ key, tenantID, want string }{
		"a tenant is appended after a dot":       {"ingestion.completed", "uuid", "ingestion.completed.uuid"},
		"no tenant leaves the key unchanged":     {"ingestion.completed", "", "ingestion.completed"},
		"a blank tenant leaves it unchanged too": {"ingestion.completed", " \t ", "ingestion.completed"},
		"the tenant is trimmed":                  {"ingestion.completed", " uuid ", "ingestion.completed.uuid"},
		"it never validates":                     {"a", "*.#", "a.*.#"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, TenantScopedRoutingKey(c.key, c.tenantID))
		})
	}
}
