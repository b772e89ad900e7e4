//go:build integration

package matching_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// The oracle that every test of runs ends with must see a difference that no rule allows.
func TestOracleSeesGroupsOutsideTheirTolerance(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 60))
	b.load(t, b.right, rows("R", 60))
	b.run(t, s, recon.RunCommit)
	owner := b.Owner(t)
	shift := func(by string) {
		_, err := owner.Exec(t.Context(), `UPDATE `+auth.QuoteIdentifier(b.tenantID)+`.match_groups
			SET left_amount = left_amount + `+by+`, difference = difference + `+by+` WHERE status = 'CONFIRMED'`)
		require.NoError(t, err)
	}
	shift("1000000")
	require.Contains(t, strings.Join(testkit.Violations(t, owner, b.tenantID), "\n"), "O4")
	shift("-1000000")
}
