//go:build integration

package matching_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/postgres"
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

// What earlier runs wrote off in a month counts in the next one, until it is taken back.
func TestAMonthHasOneLimitForItsRuns(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.UpdateContext(b.ctx, b.contextID, 0, func(c *recon.Context) (string, error) {
			c.Settings.MaxWriteOff = map[string]string{"EUR": "0.60"}
			return "LIMITED", nil
		})
		return err
	})
	pair := func(n, day, left, right string) {
		b.load(t, b.left, []string{"L" + n + "," + day + "," + left + ",REF-" + n + ",a"})
		b.load(t, b.right, []string{"R" + n + "," + day + "," + right + ",REF-" + n + ",b"})
	}
	confirmed := func() int {
		b.run(t, s, recon.RunCommit)
		return b.count(t, `SELECT count(*) FROM match_groups WHERE status = 'CONFIRMED'`)
	}
	pair("1", "2026-03-02", "100.40", "100.00")
	require.Equal(t, 1, confirmed())
	pair("2", "2026-03-20", "200.30", "200.00")
	require.Equal(t, 1, confirmed(), "March has 0.20 left")
	pair("3", "2026-04-02", "300.30", "300.00")
	require.Equal(t, 2, confirmed(), "April has all of it")
	first := b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed})[0]
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.DecideGroup(b.ctx, first.ID, recon.Decision{Action: recon.ActionUnmatch, Note: "wrong"})
		return err
	})
	require.Equal(t, 2, confirmed(), "March has room for the second pair")
}

// A rule of type POST books rows in groups of one, which are listed, adjusted and taken apart as others are.
func TestPostRulesBookRows(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
			Name: "fees", Type: recon.RulePostType, Priority: 5, Where: recon.SideText{Right: `description == "fee"`},
			Difference: recon.RuleDifference{Reason: recon.AdjustmentFee},
			Post:       recon.RulePost{Account: "6855", MaxMonth: recon.Limits{ByCurrency: map[string]recon.Decimal{"EUR": "10.00"}}},
		})
		return err
	})
	b.load(t, b.left, []string{"L1,2026-03-02,50.00,REF-1,a"})
	b.load(t, b.right, []string{"R1,2026-03-02,-7.00,,fee", "R2,2026-03-03,9.00,,other"})
	b.run(t, s, recon.RunCommit)
	require.Equal(t, 1, b.count(t, `SELECT count(*) FROM adjustments WHERE amount = 700 AND reason = 'FEE'`))
	group := b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed})[0]
	b.load(t, b.right, []string{"R3,2026-03-20,-4.00,,fee"})
	b.run(t, s, recon.RunCommit)
	require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupProposed}), 1, "March has 3.00 left")
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.DecideGroup(b.ctx, group.ID, recon.Decision{Action: recon.ActionUnmatch, Note: "no fee"})
		return err
	})
	b.run(t, s, recon.RunCommit)
	require.Equal(t, 1, b.count(t, `SELECT count(*) FROM match_groups WHERE status = 'CONFIRMED' AND difference = 400`), "the other fee, and not that one again")
}
