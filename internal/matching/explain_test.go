//go:build integration

package matching_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/matching"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, []string{
		"L1,2026-03-01,100.00,REF1,same", "L2,2026-03-01,50.00,REF2,differs", "L3,2026-03-01,7.00,REF3,alone", "L4,2026-03-01,8.00,REF4,ignored",
	})
	why := func(externalID string) (e recon.Explanation) {
		require.NoError(t, b.DB.Read(b.ctx, func(tx *postgres.Tx) error {
			found, _, err := tx.Transactions(b.ctx, b.contextID, recon.TransactionFilter{ExternalID: externalID}, postgres.Page{})
			require.NoError(t, err)
			require.Len(t, found, 1)
			e, err = matching.Explain(b.ctx, tx, found[0].ID)
			return err
		}))
		return e
	}
	require.Equal(t, recon.ReasonNotRun, why("L1").Reason)
	b.load(t, b.right, []string{"R1,2026-03-01,100.00,REF1,same", "R2,2026-03-01,54.00,REF2,differs"})
	b.run(t, s, recon.RunCommit)

	t.Run("of a matched row: its group with all its evidence, though none was stored", func(t *testing.T) {
		e := why("L1")
		require.Equal(t, recon.StateConfirmed, e.State)
		require.NotNil(t, e.Group)
		require.Equal(t, "exact on reference", e.Group.RuleName)
		require.NotEmpty(t, e.Group.Evidence)
		for _, c := range e.Group.Evidence {
			require.True(t, c.Held, c)
		}
		require.Equal(t, recon.ComponentKey, e.Group.Evidence[0].Component)
		require.Equal(t, "REF1", e.Group.Evidence[0].Left)
	})
	t.Run("of an open row: what is nearest, and every rule component by component", func(t *testing.T) {
		e := why("L2")
		require.Equal(t, recon.ClassBreak, e.Class)
		require.Equal(t, recon.ReasonAmountDiffers, e.Reason)
		require.Equal(t, "R2", e.Nearest.ExternalID)
		require.Equal(t, "-4.00", e.Difference)
		require.Contains(t, e.Suggestion, "4.00")
		require.Len(t, e.Rules, 6)
		require.False(t, e.Rules[0].Holds)
		held := map[string]bool{}
		for _, c := range e.Rules[0].Compare {
			held[c.Component] = c.Held
		}
		require.True(t, held[recon.ComponentKey])
		require.False(t, held[recon.ComponentAmount])
		require.Equal(t, "R2", why("L2").Nearest.ExternalID)
		require.Equal(t, "L2", why("R2").Nearest.ExternalID, "the other side is told the same")
	})
	t.Run("a rule that was changed since holds now, or says what it misses", func(t *testing.T) {
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
				Name: "wide", Type: recon.RuleTolerance, Priority: 10, Amount: recon.RuleAmount{Abs: recon.Limits{Default: "5.00"}},
			})
			return err
		})
		e := why("L2")
		require.Len(t, e.Rules, 1)
		require.True(t, e.Rules[0].Holds)
		require.NotEmpty(t, e.Rules[0].RuleID)
	})
	t.Run("of a row that nothing is near, and of an ignored one", func(t *testing.T) {
		alone := why("L3")
		require.Equal(t, recon.StateOpen, alone.State)
		require.NotEmpty(t, alone.Reason)
		b.tx(t, func(tx *postgres.Tx) error {
			found, _, err := tx.Transactions(b.ctx, b.contextID, recon.TransactionFilter{ExternalID: "L4"}, postgres.Page{})
			require.NoError(t, err)
			_, err = tx.Ignore(b.ctx, found[0].ID, "test")
			return err
		})
		require.Equal(t, recon.StateIgnored, why("L4").State)
	})
}
