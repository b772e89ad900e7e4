//go:build integration

package matching_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestAnInvoicePaidInThreeParts(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
			Name: "invoice", Type: recon.RuleGrouped, Priority: 10, Keys: []recon.RuleKey{{Left: "reference", Right: "reference"}},
			Group: recon.RuleGroup{By: recon.RuleSources{Right: []string{"reference"}}}, Date: recon.RuleDate{MaxDays: new(90)},
			Partial: recon.RulePartial{Allow: true},
		})
		return err
	})
	b.load(t, b.left, []string{"I1,2026-01-02,300.00,INV-1,invoice", "I2,2026-01-02,80.00,INV-2,invoice"})
	b.load(t, b.right, []string{"P1,2026-01-20,100.00,INV-1,first"})

	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	first := b.groups(t, recon.GroupFilter{Status: "PARTIAL"})
	require.Len(t, first, 1)
	require.Equal(t, "200.00", first[0].Residual)

	b.load(t, b.right, []string{"P2,2026-02-20,150.00,INV-1,second"})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunDry).Status)
	require.Equal(t, first[0].ID, b.groups(t, recon.GroupFilter{Status: "PARTIAL"})[0].ID, "a preview changes nothing")
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	second := b.groups(t, recon.GroupFilter{Status: "PARTIAL"})
	require.Len(t, second, 1)
	require.Equal(t, "50.00", second[0].Residual)
	require.Equal(t, 2, second[0].RightCount)
	b.RequireSound(t, b.tenantID)

	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	require.Equal(t, second[0].ID, b.groups(t, recon.GroupFilter{Status: "PARTIAL"})[0].ID, "nothing new: the group stays as it is")

	b.load(t, b.right, []string{"P3,2026-03-20,50.00,INV-1,third"})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	require.Empty(t, b.groups(t, recon.GroupFilter{Status: "PARTIAL"}))
	whole := b.groups(t, recon.GroupFilter{Status: "CONFIRMED"})
	require.Len(t, whole, 1)
	require.Equal(t, 3, whole[0].RightCount)
	require.Equal(t, "0.00", whole[0].Difference)
	old := b.groups(t, recon.GroupFilter{Status: "SUPERSEDED"})
	require.Len(t, old, 2, "what the groups were stays readable")
	require.Equal(t, 1, old[0].RightCount)
	b.RequireSound(t, b.tenantID)
}

func TestARejectedSetIsNotOfferedAgain(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, []string{"L1,2026-01-02,10.00,,same", "L2,2026-01-02,20.00,A,other"})
	b.load(t, b.right, []string{"R1,2026-01-02,10.00,,same", "R2,2026-01-02,20.00,A,other"})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	proposed, confirmed := b.groups(t, recon.GroupFilter{Status: "PROPOSED"}), b.groups(t, recon.GroupFilter{Status: "CONFIRMED"})
	require.Len(t, proposed, 1)
	require.Len(t, confirmed, 1)
	b.tx(t, func(tx *postgres.Tx) error {
		if _, err := tx.DecideGroup(b.ctx, proposed[0].ID, recon.Decision{Action: recon.ActionReject, Note: "no"}); err != nil {
			return err
		}
		_, err := tx.DecideGroup(b.ctx, confirmed[0].ID, recon.Decision{Action: recon.ActionUnmatch, Note: "no"})
		return err
	})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	require.Empty(t, b.groups(t, recon.GroupFilter{Status: "PROPOSED"}))
	require.Empty(t, b.groups(t, recon.GroupFilter{Status: "CONFIRMED"}))
	b.load(t, b.right, []string{"R3,2026-01-02,10.00,,same"})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	require.Len(t, b.groups(t, recon.GroupFilter{Status: "PROPOSED"}), 1, "an equal row is another row")
}
