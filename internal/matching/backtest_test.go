//go:build integration

package matching_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/matching"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func (b *bundle) backTest(t *testing.T, s *matching.Service, rules []recon.Rule, from, to string) (found recon.BackTest) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) (err error) {
		found, err = tx.CreateBackTest(b.ctx, recon.BackTest{ContextID: b.contextID, Rules: rules, From: day(t, from), To: day(t, to)})
		return err
	})
	require.NoError(t, s.Execute(b.ctx, found.ID))
	b.tx(t, func(tx *postgres.Tx) (err error) {
		found, err = tx.BackTest(b.ctx, found.ID)
		return err
	})
	return found
}

func day(t *testing.T, text string) recon.Day {
	t.Helper()
	if text == "" {
		return recon.NoDay
	}
	d, err := recon.ParseDay(text)
	require.NoError(t, err)
	return d
}

func (b *bundle) entries(t *testing.T, backTestID string, kind recon.DiffKind) (all []recon.BackTestEntry) {
	t.Helper()
	page := postgres.Page{Limit: 2}
	for {
		b.tx(t, func(tx *postgres.Tx) error {
			items, next, err := tx.BackTestEntries(b.ctx, backTestID, kind, page)
			all, page.After = append(all, items...), next
			return err
		})
		if page.After == "" {
			return all
		}
	}
}

func TestBackTest(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, []string{
		"L1,2026-03-01,10.00,A,one", "L2,2026-03-02,20.00,B,two", "L3,2026-03-03,30.00,C,three", "L4,2026-03-04,40.00,D,four",
		"L5,2026-03-05,50.00,E,five", "L6,2026-03-20,60.00,F,six", "L7,2026-03-08,70.00,G,seven",
	})
	b.load(t, b.right, []string{
		"R1,2026-03-01,10.00,A,one", "R2,2026-03-02,20.15,B,two", "R3,2026-03-03,30.00,C,three", "R4,2026-03-04,40.00,X,four",
		"R5,2026-03-05,50.00,Y,five", "R6,2026-03-22,60.00,F,six", "R3b,2026-03-03,30.00,Z,three", "R7,2026-03-09,71.00,H,seven",
	})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)

	proposed := b.groups(t, recon.GroupFilter{Status: recon.GroupProposed})
	require.Len(t, proposed, 2, "four and five are paired without a key, which needs a person")
	b.tx(t, func(tx *postgres.Tx) error { // four as it is proposed
		_, err := tx.DecideGroup(b.ctx, proposed[0].ID, recon.Decision{Action: recon.ActionConfirm})
		return err
	})
	byHand := func(left, right string) {
		rows := map[string]string{}
		b.tx(t, func(tx *postgres.Tx) error {
			items, _, err := tx.Transactions(b.ctx, b.contextID, recon.TransactionFilter{}, postgres.Page{Limit: 100})
			for _, item := range items {
				rows[item.ExternalID] = item.ID
			}
			return err
		})
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.MatchByHand(b.ctx, b.contextID, recon.ManualMatch{Left: []string{rows[left]}, Right: []string{rows[right]}, Reason: recon.AdjustmentFee})
			return err
		})
	}
	byHand("L7", "R7")
	confirmed := b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed})
	ladder := recon.DefaultLadder()

	t.Run("the rules as they stand change nothing, nor what people decided", func(t *testing.T) {
		same := b.backTest(t, s, ladder, "", "")
		require.Equal(t, recon.RunCompleted, same.Status, same.ErrorMessage)
		require.Equal(t, recon.DiffGroups{Before: int64(len(confirmed)), After: int64(len(confirmed)), Unchanged: int64(len(confirmed))}, same.Totals.Groups)
		require.Empty(t, b.entries(t, same.ID, ""))
		require.Equal(t, b.stored(t, same.ID).RulesHash, same.RulesHash)
	})
	t.Run("what people confirmed is lost where it is offered no more, and kept where no rule made it", func(t *testing.T) {
		fewer := b.backTest(t, s, ladder[:3], "", "")
		require.Equal(t, recon.DiffEntries{Lost: 1}, fewer.Totals.Entries)
		lost := b.entries(t, fewer.ID, recon.DiffLost)
		require.Equal(t, proposed[0].ID, lost[0].Before[0].GroupID)
		require.Equal(t, "exact without key", lost[0].Before[0].Rule)
		require.Len(t, lost[0].Before[0].Items, 2)
	})
	t.Run("rows that find other partners are re-paired, also those matched by hand", func(t *testing.T) {
		other := []recon.Rule{{
			Name: "by text", Type: recon.RuleExact, Priority: 10, Keys: []recon.RuleKey{{Left: "description", Right: "description"}},
			Where:  recon.SideText{Right: `reference != "C"`},
			Amount: recon.RuleAmount{Abs: recon.Limits{Default: "1.00"}}, Date: recon.RuleDate{MaxDays: new(3)}, Confirm: recon.RuleConfirm{AutoAt: new(0)},
		}}
		found := b.backTest(t, s, other, "", "")
		require.Equal(t, recon.RunCompleted, found.Status, found.ErrorMessage)
		rePaired := b.entries(t, found.ID, recon.DiffRePaired)
		require.Len(t, rePaired, 1)
		names := func(g recon.DiffGroup) []string {
			return []string{g.Rule, g.Items[0].ExternalID, g.Items[1].ExternalID}
		}
		require.Equal(t, []string{"exact on reference", "L3", "R3"}, names(rePaired[0].Before[0]))
		require.Equal(t, []string{"by text", "L3", "R3b"}, names(rePaired[0].After[0]))
		require.Equal(t, recon.RowChanges{RePaired: 1, Unchanged: 5, Gained: 1}, found.Totals.Left)
		require.Equal(t, recon.RowChanges{Lost: 1, Unchanged: 5, Gained: 2}, found.Totals.Right)
		before, after := int64(0), int64(0)
		last := int64(0)
		for _, e := range b.entries(t, found.ID, "") {
			require.Greater(t, e.Entry, last)
			last = e.Entry
			before, after = before+int64(e.BeforeCount), after+int64(e.AfterCount)
			require.Len(t, e.Before, e.BeforeCount)
			require.Len(t, e.After, e.AfterCount)
		}
		require.Equal(t, found.Totals.Groups.Before, before+found.Totals.Groups.Unchanged)
		require.Equal(t, found.Totals.Groups.After, after+found.Totals.Groups.Unchanged)
		total := found.Totals.Entries
		require.Len(t, b.entries(t, found.ID, recon.DiffGained), int(total.Gained))
		require.Len(t, b.entries(t, found.ID, recon.DiffRePaired), int(total.RePaired))
		require.Len(t, b.entries(t, found.ID, recon.DiffLost), int(total.Lost))
	})
	t.Run("a window takes whole groups, and nothing of those beside it", func(t *testing.T) {
		early := b.backTest(t, s, ladder, "2026-03-01", "2026-03-02")
		require.Empty(t, b.entries(t, early.ID, ""))
		require.Equal(t, recon.DiffGroups{Before: 2, After: 2, Unchanged: 2}, early.Totals.Groups)
		require.Less(t, early.Totals.Rows.Left, int64(7))
		reaching := b.backTest(t, s, ladder, "2026-03-22", "")
		require.Equal(t, recon.DiffGroups{Before: 1, After: 1, Unchanged: 1}, reaching.Totals.Groups, "L6 lies before the window, in a group that reaches into it")
	})
	t.Run("a history over the limit asks for a window", func(t *testing.T) {
		small := *s
		small.HistoryRows = 10
		failed := b.backTest(t, &small, ladder, "", "")
		require.Equal(t, recon.RunFailed, failed.Status)
		require.Equal(t, "TOO_MANY_ROWS", failed.ErrorCode)
		require.Nil(t, failed.Totals)
		require.False(t, failed.Current)
	})
	t.Run("it may work beside a run, and two do not wait at once", func(t *testing.T) {
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.CreateBackTest(b.ctx, recon.BackTest{ContextID: b.contextID, Rules: ladder, From: recon.NoDay, To: recon.NoDay})
			return err
		})
		_, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
		require.NoError(t, err)
		err = b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
			_, err := tx.CreateBackTest(b.ctx, recon.BackTest{ContextID: b.contextID, Rules: ladder, From: recon.NoDay, To: recon.NoDay})
			return err
		})
		require.Equal(t, "RUN_QUEUED", recon.CodeOf(err))
	})
	require.Equal(t, confirmed, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}))
}

func TestBackTest_OldEntriesGo(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, []string{"L1,2026-03-01,10.00,A,one"})
	b.load(t, b.right, []string{"R1,2026-03-01,10.00,A,one"})
	first := b.backTest(t, s, recon.DefaultLadder(), "", "")
	require.Len(t, b.entries(t, first.ID, recon.DiffGained), 1)
	for range 10 {
		b.backTest(t, s, recon.DefaultLadder(), "", "")
	}
	require.Empty(t, b.entries(t, first.ID, ""))
	require.Equal(t, 10, b.count(t, `SELECT count(DISTINCT run_num) FROM back_test_entries`))
	require.Equal(t, 11, b.count(t, `SELECT count(*) FROM back_tests WHERE totals IS NOT NULL`))
}
