//go:build integration

package matching_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestRunByStoredRules(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 100))
	b.load(t, b.right, rows("R", 100))
	var rule recon.StoredRule
	b.tx(t, func(tx *postgres.Tx) (err error) {
		rule, err = tx.CreateRule(b.ctx, b.contextID, recon.Rule{Name: "by description", Type: recon.RuleTolerance, Priority: 10, Keys: []recon.RuleKey{
			{Left: "metadata.description", Right: "description"},
		}})
		return err
	})
	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	groups := b.groups(t, recon.GroupFilter{})
	require.Len(t, groups, 100)
	require.Equal(t, []any{rule.ID, 1, "by description"}, []any{groups[0].RuleID, groups[0].RuleVersion, groups[0].RuleName})

	t.Run("a rule that cannot run fails the run and says where", func(t *testing.T) {
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{Name: "later", Type: recon.RuleGrouped, Priority: 20})
			return err
		})
		run := b.run(t, s, recon.RunCommit)
		require.Equal(t, recon.RunFailed, run.Status)
		require.Equal(t, "RULE_INVALID", run.ErrorCode)
		require.Contains(t, run.ErrorMessage, "/1/group/by")
	})
}
