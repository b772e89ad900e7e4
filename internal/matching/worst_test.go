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

func (b *bundle) importText(t *testing.T, source, text string) recon.Import {
	t.Helper()
	i, err := b.imports.Import(b.ctx, source, ingestion.File{Name: "rows.csv", Body: strings.NewReader(text)})
	require.NoError(t, err)
	return i
}

func TestACardFileIsMatchedByOriginalCurrencyWithoutARate(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.importText(t, b.left, "id,date,amount,currency,reference\nL1,2026-03-02,100.00,USD,A\nL2,2026-03-02,16125,JPY,B\nL3,2026-03-02,41.00,USD,C\n")
	b.importText(t, b.right, "id,date,amount,currency,original_amount,original_currency,reference\n"+
		"R1,2026-03-03,92.31,EUR,100.00,USD,A\nR2,2026-03-03,99.87,EUR,16125,JPY,B\nR3,2026-03-03,37.85,EUR,40.00,USD,C\n")
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
			Name: "as paid", Type: recon.RuleDateLag, Priority: 10, Currency: recon.RuleCurrency{Mode: recon.CurrencyOriginal},
		})
		return err
	})
	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	byAmount := map[string]recon.StoredGroup{}
	for _, g := range b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}) {
		byAmount[g.LeftAmount] = g
	}
	require.Len(t, byAmount, 2)
	require.Equal(t, []string{"USD", "0.00"}, []string{byAmount["100.00"].Currency, byAmount["100.00"].Difference})
	require.Equal(t, []string{"JPY", "0"}, []string{byAmount["16125"].Currency, byAmount["16125"].Difference})
	open := b.exceptions(t, recon.ExceptionFilter{Side: recon.Left})
	require.Len(t, open, 1)
	require.Equal(t, recon.ReasonAmountDiffers, open[0].Reason)
	require.Zero(t, b.count(t, `SELECT count(*) FROM fx_rates`))
	b.statement(t, recon.NoDay) // it ties, in three currencies, or it is an error
}

func TestARejectedPairReturnsOnlyWhenOneOfItsRowsChanges(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, []string{"L1,2026-01-02,10.00,A,invoice"})
	delivered := b.load(t, b.right, []string{"R1,2026-01-02,10.00,A,payment"})
	matched := func() int {
		run := b.run(t, s, recon.RunCommit)
		require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
		return len(b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}))
	}
	require.Equal(t, 1, matched())
	b.tx(t, func(tx *postgres.Tx) error {
		page, _, err := tx.Groups(b.ctx, b.contextID, recon.GroupFilter{Status: recon.GroupConfirmed}, postgres.Page{})
		require.NoError(t, err)
		_, err = tx.DecideGroup(b.ctx, page[0].ID, recon.Decision{Action: recon.ActionUnmatch, Note: "another customer's payment"})
		return err
	})
	for range 3 {
		require.Zero(t, matched())
	}
	open := b.exceptions(t, recon.ExceptionFilter{Side: recon.Left, Status: recon.ExceptionUnresolved})
	require.Len(t, open, 1)
	require.Equal(t, recon.ReasonRejected, open[0].Reason)
	require.Contains(t, open[0].Suggestion, "rejected")

	b.load(t, b.right, []string{"R1,2026-01-02,10.00,A,payment"}) // the same row delivered again is the same row
	require.Zero(t, matched())

	_, err := b.imports.Void(b.ctx, delivered.ID)
	require.NoError(t, err)
	b.load(t, b.right, []string{"R1,2026-01-02,10.00,A,payment of invoice A"}) // the bank corrected it
	require.Equal(t, 1, matched())
}

func TestARuleEditedWhileARunIsOnIsForTheNextRun(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, []string{"L1,2026-01-02,10.00,A,one", "L2,2026-01-02,20.00,B,two"})
	b.load(t, b.right, []string{"R1,2026-01-02,10.00,A,one", "R2,2026-01-02,21.00,B,two"})
	rule := recon.Rule{Name: "tight", Type: recon.RuleTolerance, Priority: 10}
	var stored recon.StoredRule
	b.tx(t, func(tx *postgres.Tx) (err error) {
		stored, err = tx.CreateRule(b.ctx, b.contextID, rule)
		return err
	})
	run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
	require.NoError(t, err)

	// The save waits for the context's row, which an edit of a rule may share.
	hold, err := b.Owner(t).Begin(t.Context())
	require.NoError(t, err)
	var pid int
	require.NoError(t, hold.QueryRow(t.Context(), `SELECT pg_backend_pid() FROM "`+b.tenantID+`".contexts FOR SHARE`).Scan(&pid))
	ended := make(chan error, 1)
	go func() { ended <- s.Execute(b.ctx, run.ID) }()
	watch := b.Owner(t) // a transaction would see the same backends for ever
	require.Eventually(t, func() bool {
		var waiting bool
		err := watch.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))`, pid).Scan(&waiting)
		return err == nil && waiting
	}, time.Minute, 5*time.Millisecond)
	rule.Name, rule.Amount.Abs = "wide", recon.Limits{Default: "1.00"}
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.UpdateRule(b.ctx, stored.ID, stored.Version, rule)
		return err
	})
	require.NoError(t, hold.Commit(t.Context()))
	require.NoError(t, <-ended)
	require.Equal(t, recon.RunCompleted, b.stored(t, run.ID).Status)

	first := b.groups(t, recon.GroupFilter{})
	require.Len(t, first, 1, "the run kept the rule that it began with")
	require.Equal(t, []any{stored.ID, 1, "tight"}, []any{first[0].RuleID, first[0].RuleVersion, first[0].RuleName})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	versions := map[int]string{}
	for _, g := range b.groups(t, recon.GroupFilter{}) {
		versions[g.RuleVersion] = g.RuleName
	}
	require.Equal(t, map[int]string{1: "tight", 2: "wide"}, versions)
}

func TestAmountsAtTheEdgeOfWhatCanBeWritten(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	const most = "92233720368547758.07"
	text := "id,date,amount,currency,reference\nE1,2026-01-02,-" + most + ",EUR,A\nE2,2026-01-02,99999999999999999999999999999999999999,EUR,B\n" +
		"E3,2026-01-02,0.000000000000000000000000000000000001,EUR,C\n"
	ordinary := ""
	for i := range 40 {
		ordinary += fmt.Sprintf("O%d,2026-01-02,1.00,EUR,D%d\n", i, i)
	}
	for _, source := range []string{b.left, b.right} {
		imported := b.importText(t, source, text+ordinary)
		require.EqualValues(t, 2, imported.RowsRejected, "38 nines and a fraction of a cent are rows with a reason, not a failed file")
		require.EqualValues(t, 41, imported.RowsInserted)
	}
	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), 41)
	require.Equal(t, "-92233720368547718.07", b.statement(t, recon.NoDay).Currencies[0].Left)

	t.Run("sums that nobody could print fail the run with a reason and change nothing", func(t *testing.T) {
		b.importText(t, b.left, "id,date,amount,currency,reference\nM1,2026-01-02,-"+most+",EUR,M\nM2,2026-01-02,-"+most+",EUR,N\n"+strings.ReplaceAll(ordinary, "O", "P"))
		run := b.run(t, s, recon.RunCommit)
		require.Equal(t, []any{recon.RunFailed, "SUM_TOO_BIG"}, []any{run.Status, run.ErrorCode})
		for _, fact := range []string{"EUR", "left", `"M1"`, "-184467440737095476.14"} {
			require.Contains(t, run.ErrorMessage, fact, "whoever has to mend it finds the row")
		}
		require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), 41)
	})
}
