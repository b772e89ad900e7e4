//go:build unit || !integration

package adapters

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGrantStatements_TouchTheTenantsOwnAlone(t *testing.T) {
	const schema, role = `"11111111-1111-1111-1111-111111111111"`, `"t_0123456789abcdef"`
	sql := grantStatements("11111111-1111-1111-1111-111111111111", "t_0123456789abcdef", []relation{
		{Name: "runs", Allowed: []string{"SELECT", "INSERT"}},
		{Name: "imports", Allowed: []string{"SELECT", "INSERT"}},
		{Name: "runs_num_seq", Sequence: true, Allowed: []string{"USAGE"}},
		{Name: "schema_migrations"},
	})
	require.Equal(t, []string{
		`REVOKE ALL ON SCHEMA ` + schema + ` FROM PUBLIC, ` + role,
		`REVOKE ALL ON TABLE ` + schema + `."runs", ` + schema + `."imports", ` + schema + `."schema_migrations" FROM PUBLIC, ` + role,
		`GRANT USAGE ON SCHEMA ` + schema + ` TO ` + role,
		`GRANT SELECT, INSERT ON TABLE ` + schema + `."runs", ` + schema + `."imports" TO ` + role,
		`GRANT USAGE ON SEQUENCE ` + schema + `."runs_num_seq" TO ` + role,
		`GRANT ` + role + ` TO matcher_app`,
	}, strings.Split(sql, ";\n"))
}
