//go:build integration

package matching_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestGroupsOfSeveralCurrencies(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	for source, text := range map[string]string{
		b.left:  "id,date,amount,currency,reference\nL1,2026-03-02,125.00,USD,A\nL2,2026-03-02,250.00,USD,B\nL3,2026-03-02,10.00,GBP,C\nL4,2026-03-02,5.00,EUR,D\n",
		b.right: "id,date,amount,currency,reference\nR1,2026-03-02,100.00,EUR,A\nR2,2026-03-02,199.50,EUR,B\nR3,2026-03-02,11.50,EUR,C\nR4,2026-03-02,5.00,EUR,D\n",
	} {
		_, err := b.imports.Import(b.ctx, source, ingestion.File{Name: "rows.csv", Body: strings.NewReader(text)})
		require.NoError(t, err)
	}
	b.tx(t, func(tx *postgres.Tx) error {
		day, err := recon.ParseDay("2026-03-01")
		require.NoError(t, err)
		if _, err := tx.PutFXRates(b.ctx, []recon.FXRate{{From: "EUR", To: "USD", Date: day, Rate: "1.25", Type: "ECB", Source: "file"}}); err != nil {
			return err
		}
		_, err = tx.CreateRule(b.ctx, b.contextID, recon.Rule{
			Name: "in euro", Type: recon.RuleTolerance, Priority: 10, Currency: recon.RuleCurrency{To: "EUR", RateType: "ECB"},
			Amount: recon.RuleAmount{Abs: recon.Limits{Default: "1.00"}},
		})
		return err
	})
	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)

	byAmount := map[string]recon.StoredGroup{}
	for _, g := range b.groups(t, recon.GroupFilter{}) {
		byAmount[g.LeftAmount] = g
	}
	require.Len(t, byAmount, 3)
	exact, short := byAmount["100.00"], byAmount["200.00"]
	require.Equal(t, []any{"EUR", "100.00", "0.00", recon.AdjustmentNone}, []any{exact.Currency, exact.RightAmount, exact.Difference, exact.DifferenceReason})
	require.Equal(t, []any{"EUR", "199.50", "0.50", recon.AdjustmentFX}, []any{short.Currency, short.RightAmount, short.Difference, short.DifferenceReason})
	b.tx(t, func(tx *postgres.Tx) error {
		stored, err := tx.Group(b.ctx, exact.ID)
		require.NoError(t, err)
		require.Equal(t, 100, stored.Score)
		rates := 0
		for _, e := range stored.Evidence {
			rates += len(e.Rates)
		}
		require.Equal(t, 1, rates, "the rate stays with the group, though everything agrees")
		return nil
	})
	require.Equal(t, recon.ReasonFXRateMissing, b.exceptions(t, recon.ExceptionFilter{Side: recon.Left})[0].Reason)

	statement := b.statement(t, recon.NoDay)
	moved := map[string]string{}
	for _, c := range statement.Currencies {
		for _, item := range c.Items {
			if item.Label == "matched with another currency" {
				moved[c.Currency] = item.Amount
			}
		}
	}
	require.Equal(t, map[string]string{"EUR": "299.50", "USD": "-375.00"}, moved)
}
