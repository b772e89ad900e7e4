//go:build integration

package matching_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func (b *bundle) invoiceRule(t *testing.T) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
			Name: "invoice", Type: recon.RuleGrouped, Priority: 10, Keys: []recon.RuleKey{{Left: "reference", Right: "reference"}},
			Group: recon.RuleGroup{By: recon.RuleSources{Right: []string{"reference"}}}, Date: recon.RuleDate{MaxDays: new(90)},
			Partial: recon.RulePartial{Allow: true},
		})
		return err
	})
}

// rest is the one exception over what is left of a partial group.
func (b *bundle) rest(t *testing.T) recon.Exception {
	t.Helper()
	found := b.exceptions(t, recon.ExceptionFilter{Status: recon.ExceptionUnresolved, Reason: recon.ReasonPartialRest})
	require.Len(t, found, 1)
	return found[0]
}

func (b *bundle) decide(t *testing.T, groupID string, d recon.Decision) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.DecideGroup(b.ctx, groupID, d)
		return err
	})
}

func TestAnInvoicePaidInThreeParts(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.invoiceRule(t)
	b.load(t, b.left, []string{"I1,2026-01-02,300.00,INV-1,invoice", "I2,2026-01-02,80.00,INV-2,invoice"})
	b.load(t, b.right, []string{"P1,2026-01-20,100.00,INV-1,first"})

	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	first := b.groups(t, recon.GroupFilter{Status: recon.GroupPartial})
	require.Len(t, first, 1)
	require.Equal(t, "200.00", first[0].Residual)
	rest := b.rest(t)
	require.Equal(t, []any{"I1", "200.00", recon.Left, first[0].ID}, []any{rest.ExternalID, rest.Amount, rest.Side, rest.GroupID})
	require.Equal(t, "2026-01-02", rest.Date.String(), "as old as the oldest row of the group")
	require.Positive(t, rest.AgeDays)

	b.load(t, b.right, []string{"P2,2026-02-20,150.00,INV-1,second"})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunDry).Status)
	require.Equal(t, first[0].ID, b.groups(t, recon.GroupFilter{Status: recon.GroupPartial})[0].ID, "a preview changes nothing")
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	second := b.groups(t, recon.GroupFilter{Status: recon.GroupPartial})
	require.Len(t, second, 1)
	require.Equal(t, "50.00", second[0].Residual)
	require.Equal(t, 2, second[0].RightCount)
	smaller := b.rest(t)
	require.Equal(t, []any{rest.ID, "50.00", second[0].ID}, []any{smaller.ID, smaller.Amount, smaller.GroupID})
	require.Equal(t, rest.OpenedAt, smaller.OpenedAt, "it is the same open money, and has waited since")
	b.RequireSound(t, b.tenantID)

	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	require.Equal(t, second[0].ID, b.groups(t, recon.GroupFilter{Status: recon.GroupPartial})[0].ID, "nothing new: the group stays as it is")
	require.Equal(t, smaller, b.rest(t), "and so does what is left of it")

	b.load(t, b.right, []string{"P3,2026-03-20,50.00,INV-1,third"})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	require.Empty(t, b.groups(t, recon.GroupFilter{Status: recon.GroupPartial}))
	whole := b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed})
	require.Len(t, whole, 1)
	require.Equal(t, 3, whole[0].RightCount)
	require.Equal(t, "0.00", whole[0].Difference)
	old := b.groups(t, recon.GroupFilter{Status: recon.GroupSuperseded})
	require.Len(t, old, 2, "what the groups were stays readable")
	require.Empty(t, b.exceptions(t, recon.ExceptionFilter{Status: recon.ExceptionUnresolved, Reason: recon.ReasonPartialRest}))
	require.Equal(t, 1, old[0].RightCount)
	b.RequireSound(t, b.tenantID)
}

func TestWhatIsLeftOfAPartialGroup(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.invoiceRule(t)
	b.load(t, b.left, []string{"I1,2026-01-02,300.00,INV-1,short", "I2,2026-01-10,80.00,INV-2,paid over", "I3,2026-03-01,5.00,INV-3,not paid"})
	b.load(t, b.right, []string{"P1,2026-01-20,100.00,INV-1,part", "P2,2026-02-10,95.00,INV-2,too much", "P3,2026-05-01,1.00,INV-9,late"})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	groups := b.groups(t, recon.GroupFilter{Status: recon.GroupPartial})
	require.Len(t, groups, 2)
	short, over := groups[0], groups[1]
	rests := func() map[string]string {
		out := map[string]string{}
		for _, e := range b.exceptions(t, recon.ExceptionFilter{Status: recon.ExceptionUnresolved, Reason: recon.ReasonPartialRest}) {
			out[e.GroupID] = string(e.Side) + " " + e.Amount
		}
		return out
	}
	ageing := func() (a recon.Ageing) {
		b.tx(t, func(tx *postgres.Tx) (err error) {
			a, err = tx.Ageing(b.ctx, b.contextID, recon.NoDay)
			return err
		})
		return a
	}
	item := func() (items []recon.StatementItem) {
		for _, i := range b.statement(t, recon.NoDay).Currencies[0].Items {
			if i.Reason == recon.ReasonPartialRest.String() || i.Label == "difference of partial groups" {
				items = append(items, i)
			}
		}
		return items
	}

	t.Run("is listed on the side that has more", func(t *testing.T) {
		require.Equal(t, map[string]string{short.ID: "LEFT 200.00", over.ID: "RIGHT 15.00"}, rests())
	})
	t.Run("is aged by its oldest row, and all that is open ties with the statement", func(t *testing.T) {
		c := ageing().Currencies[0]
		require.Equal(t, []any{"205.00", "16.00"}, []any{c.Left.Amount, c.Right.Amount})
		require.Equal(t, []any{"200.00", "5.00", "0.00"}, []any{c.Left.Buckets[4].Amount, c.Left.Buckets[3].Amount, c.Left.Buckets[0].Amount})
		require.Equal(t, []any{"1.00", "15.00"}, []any{c.Right.Buckets[0].Amount, c.Right.Buckets[4].Amount})
		require.Equal(t, "2026-01-02", c.Left.Oldest.String())
		s := b.statement(t, recon.NoDay).Currencies[0]
		require.Equal(t, []string{"385.00", "196.00"}, []string{s.Left, s.Right}, "385 − 205 + 16 = 196")
	})
	t.Run("is an item of its own in the statement", func(t *testing.T) {
		require.ElementsMatch(t, []recon.StatementItem{
			{Label: "rest of partial groups", Side: recon.Left, Class: "BREAK", Reason: "PARTIAL_REST", Amount: "-200.00", Count: 1},
			{Label: "rest of partial groups", Side: recon.Right, Class: "BREAK", Reason: "PARTIAL_REST", Amount: "15.00", Count: 1},
		}, item())
	})
	var discount recon.Adjustment
	t.Run("shrinks with an adjustment, through the runs that follow, and grows when it is taken back", func(t *testing.T) {
		b.tx(t, func(tx *postgres.Tx) (err error) {
			discount, err = tx.Adjust(b.ctx, short.ID, recon.Adjustment{Amount: "40.00", Reason: recon.AdjustmentDiscount, Note: "agreed"})
			return err
		})
		require.Equal(t, "LEFT 160.00", rests()[short.ID])
		require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
		require.Equal(t, "LEFT 160.00", rests()[short.ID])
		require.Contains(t, item(), recon.StatementItem{Label: "difference of partial groups", Reason: "DISCOUNT", Amount: "-40.00", Count: 1})
		require.Equal(t, "165.00", ageing().Currencies[0].Left.Amount)
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.PostAdjustment(b.ctx, discount.ID, recon.Posting{To: recon.Reversed})
			return err
		})
		require.Equal(t, "LEFT 200.00", rests()[short.ID])
	})
	t.Run("is gone when all of it was adjusted", func(t *testing.T) {
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.Adjust(b.ctx, over.ID, recon.Adjustment{Reason: recon.AdjustmentWriteOff, Note: "kept"})
			return err
		})
		require.NotContains(t, rests(), over.ID)
		require.Equal(t, "1.00", ageing().Currencies[0].Right.Amount)
	})
	t.Run("is gone when the group is taken apart, and its rows are open with what they are worth", func(t *testing.T) {
		b.decide(t, short.ID, recon.Decision{Action: recon.ActionUnmatch, Note: "another invoice"})
		require.Empty(t, rests())
		for _, e := range b.exceptions(t, recon.ExceptionFilter{Status: recon.ExceptionUnresolved, Reason: recon.ReasonUnmatched, Side: recon.Left}) {
			require.Equal(t, []string{"300.00", "2026-01-02", ""}, []string{e.Amount, e.Date.String(), e.GroupID})
		}
		require.Equal(t, "305.00", ageing().Currencies[0].Left.Amount)
	})
	t.Run("is gone when the group is confirmed with the rest written off", func(t *testing.T) {
		b.load(t, b.right, []string{"P4,2026-03-02,4.00,INV-3,nearly"})
		require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
		last := b.rest(t)
		require.Equal(t, "1.00", last.Amount)
		b.decide(t, last.GroupID, recon.Decision{Action: recon.ActionConfirm, Reason: recon.AdjustmentWriteOff, Note: "small"})
		require.Empty(t, rests())
		b.RequireSound(t, b.tenantID)
	})
}

func TestARejectedSetIsNotOfferedAgain(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, []string{"L1,2026-01-02,10.00,,same", "L2,2026-01-02,20.00,A,other"})
	b.load(t, b.right, []string{"R1,2026-01-02,10.00,,same", "R2,2026-01-02,20.00,A,other"})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	proposed, confirmed := b.groups(t, recon.GroupFilter{Status: recon.GroupProposed}), b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed})
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
	require.Empty(t, b.groups(t, recon.GroupFilter{Status: recon.GroupProposed}))
	require.Empty(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}))
	b.load(t, b.right, []string{"R3,2026-01-02,10.00,,same"})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupProposed}), 1, "an equal row is another row")
}
