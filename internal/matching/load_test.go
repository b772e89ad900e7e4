//go:build integration

package matching_test

import (
	"encoding/json"
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

func TestWhatAnEarlierRunReportedIsAnAnchor(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	month := func(from, to string) recon.Run {
		run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID, Mode: recon.RunCommit, From: day(t, from), To: day(t, to)})
		require.NoError(t, err)
		require.NoError(t, s.Execute(b.ctx, run.ID))
		run = b.stored(t, run.ID)
		require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
		return run
	}
	b.load(t, b.left, []string{"L1,2026-01-10,10.00,A,", "L3,2026-01-12,30.00,C,"})
	month("2026-01-01", "2026-01-31")
	b.load(t, b.left, []string{"L2,2026-01-11,20.00,B,"})
	b.load(t, b.right, []string{"R1,2026-01-11,10.00,A,", "R2,2026-01-11,20.00,B,", "R4,2026-02-02,5.00,D,"})
	february := month("2026-02-01", "2026-02-28")
	groups := b.groups(t, recon.GroupFilter{})
	require.Len(t, groups, 1, "L2 and R2 came after January was run and are no rows of February")
	var summary recon.Summary
	require.NoError(t, json.Unmarshal(february.Summary, &summary))
	left := summary.Left
	require.Equal(t, []int64{1, 1, 1}, []int64{left.Matched, left.Unmatched, left.Outside}, "L1 and L3 were reported, L2 is of no run")
	require.True(t, b.replay(t, february.ID).Identical)
}
