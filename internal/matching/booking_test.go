//go:build integration

package matching_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// What a run leaves to be booked is booked by a left row of a later run, once, and the bridge of every day ties.
func TestAnAdjustmentEndsInALedgerRow(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.setContext(t, func(c *recon.Context) { c.Settings.AccountField = "description" })
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{Name: "paid", Type: recon.RuleTolerance, Priority: 1})
		return err
	})
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
			Name: "fees", Type: recon.RulePostType, Priority: 5, Where: recon.SideText{Right: `description == "fee"`},
			Difference: recon.RuleDifference{Reason: recon.AdjustmentFee}, Post: recon.RulePost{Account: "6855"},
		})
		return err
	})
	adjustments := func() (found []recon.Adjustment) {
		b.tx(t, func(tx *postgres.Tx) (err error) {
			found, _, err = tx.Adjustments(b.ctx, b.contextID, postgres.AdjustmentFilter{}, postgres.Page{Limit: 50})
			return err
		})
		return found
	}
	differences := func(day string) (items []string) {
		on, err := recon.ParseDay(day)
		require.NoError(t, err)
		for _, item := range b.statement(t, on).Currencies[0].Items {
			items = append(items, item.Label+" "+item.Reason+" "+item.Amount)
		}
		return items
	}
	b.load(t, b.left, []string{"L1,2026-03-02,100.40,REF-1,a"})
	b.load(t, b.right, []string{"R1,2026-03-02,100.00,REF-1,b", "R2,2026-03-03,-7.00,,fee"})
	b.run(t, s, recon.RunCommit)
	due := adjustments()
	require.Len(t, due, 2)
	require.Regexp(t, `^ADJ-[0-9A-Z]{12}$`, due[0].Number)
	require.Equal(t, []any{"6855", recon.Unposted, ""}, []any{due[1].Account, due[1].PostingStatus, due[1].BookedBy})
	march := []string{"difference of matched groups FEE -7.00", "difference of matched groups WRITE_OFF -0.40"}
	require.Equal(t, march, differences("2026-03-31"))

	// The write-off by its number and the fee by account and amount; G3 carries the number once more.
	b.load(t, b.left, []string{"G1,2026-04-01,-0.40," + due[0].Number + ",x", "G2,2026-04-02,-7.00,,6855", "G3,2026-04-03,-0.40,,again " + due[0].Number})
	b.load(t, b.right, []string{"R9,2026-04-03,1.00,REF-9,b"})
	run := b.run(t, s, recon.RunCommit)
	booked := adjustments()
	require.Equal(t, []any{recon.Posted, "G1"}, []any{booked[0].PostingStatus, booked[0].PostingReference})
	require.Equal(t, []any{recon.Posted, "G2"}, []any{booked[1].PostingStatus, booked[1].PostingReference})
	require.NotEmpty(t, booked[0].BookedBy)
	require.Equal(t, march, differences("2026-03-31"), "March is what it was")
	require.Equal(t, []string{"in left only BOOKED_TWICE 0.40", "in right only NO_CANDIDATE 1.00"}, differences("2026-04-30"))
	twice := b.exceptions(t, recon.ExceptionFilter{Side: recon.Left})
	require.Len(t, twice, 1)
	require.Equal(t, "books "+due[0].Number+" of 0.40 EUR once more: G1 has booked it", twice[0].Suggestion)
	require.True(t, b.replay(t, run.ID).Identical, "%+v", b.replay(t, run.ID).Reason)

	t.Run("what is in the books is not taken apart, and a reversed adjustment frees the row", func(t *testing.T) {
		unmatch := recon.Decision{Action: recon.ActionUnmatch, Note: "wrong"}
		err := b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
			_, err := tx.DecideGroup(b.ctx, booked[0].GroupID, unmatch)
			return err
		})
		require.Equal(t, recon.CodeAdjustmentPosted, recon.CodeOf(err))
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.PostAdjustment(b.ctx, booked[0].ID, recon.Posting{To: recon.Reversed})
			return err
		})
		require.Contains(t, differences("2026-04-30"), "in left only IN_TRANSIT 0.40")
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.DecideGroup(b.ctx, booked[0].GroupID, unmatch)
			return err
		})
		b.run(t, s, recon.RunCommit)
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM adjustments WHERE booked_by IS NOT NULL`), "the fee")
	})
	t.Run("what a person adjusts has a number too, and a row is in one run with its group", func(t *testing.T) {
		b.load(t, b.left, []string{"L5,2026-05-01,50.00,REF-5,a"})
		b.load(t, b.right, []string{"R5,2026-05-01,49.00,REF-5,b"})
		ids := b.openIDs(t, "REF-5")
		var made recon.Adjustment
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.MatchByHand(b.ctx, b.contextID, recon.ManualMatch{Left: ids[:1], Right: ids[1:], Reason: recon.AdjustmentFee})
			return err
		})
		for _, a := range adjustments() {
			if a.Amount == "1.00" {
				made = a
			}
		}
		require.NotEmpty(t, made.Number)
		b.load(t, b.left, []string{"G5,2026-05-03,-1.00," + made.Number + ",x"})
		b.run(t, s, recon.RunCommit)
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM adjustments WHERE amount = 100 AND posting_reference = 'G5'`))
	})
}

// openIDs are the transactions of a reference, left first.
func (b *bundle) openIDs(t *testing.T, reference string) (ids []string) {
	t.Helper()
	for _, side := range []recon.Side{recon.Left, recon.Right} {
		b.tx(t, func(tx *postgres.Tx) error {
			rows, _, err := tx.Transactions(b.ctx, b.contextID, recon.TransactionFilter{Side: side, Text: reference}, postgres.Page{Limit: 10})
			for _, row := range rows {
				ids = append(ids, row.ID)
			}
			return err
		})
	}
	return ids
}
