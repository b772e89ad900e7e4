//go:build integration

package matching_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// payoutFile is a processor's report of one payout: sales, and of every ten rows a refund, a fee and now and then a
// chargeback. It returns what the bank should have been paid, in cents.
func payoutFile(n int) (text string, paid int) {
	var b strings.Builder
	b.WriteString("id,date,kind,amount,order,payout\n")
	for i := range n {
		kind, cents := "SALE", 1_000+i%9_973
		switch {
		case i%1000 == 999:
			kind, cents = "CHARGEBACK", -(2_000 + i%7)
		case i%10 == 8:
			kind, cents = "REFUND", -(500 + i%997)
		case i%10 == 9:
			kind, cents = "FEE", -(30 + i%11)
		}
		paid += cents
		sign, size := "", cents
		if cents < 0 {
			sign, size = "-", -cents
		}
		fmt.Fprintf(&b, "T%06d,2026-03-%02d,%s,%s%d.%02d,ORD-%d,PO-1\n", i, 1+i%3, kind, sign, size/100, size%100, i)
	}
	return b.String(), paid
}

func TestAPayoutOfFiftyThousandRowsAgainstOneBankLine(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	const n = 50_000
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
			Name: "payout", Type: recon.RuleGrouped, Priority: 10, Keys: []recon.RuleKey{{Left: "metadata.payout", Right: "reference"}},
			Group: recon.RuleGroup{By: recon.RuleSources{Left: []string{"metadata.payout"}}}, Date: recon.RuleDate{MaxDays: new(5)},
		})
		return err
	})
	report, paid := payoutFile(n)
	start := time.Now()
	imported, err := b.imports.Import(b.ctx, b.left, ingestion.File{Name: "payout.csv", Body: strings.NewReader(report)})
	require.NoError(t, err)
	require.EqualValues(t, n, imported.RowsInserted)
	b.load(t, b.right, []string{
		fmt.Sprintf("B1,2026-03-05,%d.%02d,PO-1,ACQUIRER PAYOUT", paid/100, paid%100), "B2,2026-03-05,12.00,PO-2,another payout",
	})
	loaded := time.Now()
	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	t.Logf("%d rows: imported in %.2f s, matched and committed in %.2f s", n, loaded.Sub(start).Seconds(), time.Since(loaded).Seconds())

	groups := b.groups(t, recon.GroupFilter{})
	require.Len(t, groups, 1)
	require.Equal(t, recon.GroupConfirmed, groups[0].Status)
	require.Equal(t, []any{n, 1, "0.00"}, []any{groups[0].LeftCount, groups[0].RightCount, groups[0].Difference})
	require.Equal(t, n+1, b.count(t, `SELECT count(*) FROM active_items`))

	t.Run("its members are read by pages, and every one of them can be explained", func(t *testing.T) {
		b.tx(t, func(tx *postgres.Tx) error {
			first, next, err := tx.GroupItems(b.ctx, groups[0].ID, postgres.Page{Limit: 100})
			require.NoError(t, err)
			require.Len(t, first, 100)
			require.NotEmpty(t, next)
			row, err := tx.Transaction(b.ctx, first[99].TransactionID)
			require.Equal(t, recon.StateConfirmed, row.State)
			return err
		})
	})
	t.Run("taken apart, every row is open again and says so", func(t *testing.T) {
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.DecideGroup(b.ctx, groups[0].ID, recon.Decision{Action: recon.ActionUnmatch, Note: "wrong bank line"})
			return err
		})
		require.Zero(t, b.count(t, `SELECT count(*) FROM active_items`))
		require.Equal(t, n+1, b.count(t, `SELECT count(*) FROM exceptions WHERE status = 'OPEN' AND reason = 'UNMATCHED'`))
		again := b.run(t, s, recon.RunCommit)
		require.Equal(t, recon.RunCompleted, again.Status, again.ErrorMessage)
		require.Empty(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), "the set was taken apart by a person: it is not offered again")
	})
}
