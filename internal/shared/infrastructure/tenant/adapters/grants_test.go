//go:build unit || !integration

package adapters

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGrantStatements_TouchTheTenantsOwnAlone(t *testing.T) {
	const tenant = "11111111-1111-1111-1111-111111111111"
	sql := grantStatements(tenant, "t_0123456789abcdef")
	for statement := range strings.SplitSeq(sql, ";") {
		statement = strings.TrimSpace(statement)
		membership := statement == `GRANT "t_0123456789abcdef" TO matcher_app`
		ofSchema := strings.Contains(statement, `SCHEMA "`+tenant+`"`)
		ofTable := strings.HasPrefix(statement, "REVOKE ") && strings.HasSuffix(statement, ` FROM "t_0123456789abcdef"`)
		require.True(t, membership || ofSchema || ofTable, statement)
		require.NotContains(t, statement, "public")
	}
}
