//go:build integration

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// A calendar or a schedule that a rule names, in whatever way, keeps its name; what a run needs is what its rules name.
func TestConfigured_WhatRulesNameStays(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	ctx, _ := in.NewTenant(t)
	zero := 0
	var run recon.Run
	var calendar postgres.StoredCalendar
	var fees postgres.StoredFeeSchedule
	require.NoError(t, in.DB.Tx(ctx, func(tx *postgres.Tx) error {
		c, err := tx.CreateContext(ctx, recon.Context{Name: "cash"})
		require.NoError(t, err)
		run.ContextID = c.ID
		calendar, err = tx.CreateCalendar(ctx, recon.Calendar{ID: "TARGET"})
		require.NoError(t, err)
		_, err = tx.CreateCalendar(ctx, recon.Calendar{ID: "NYSE"})
		require.NoError(t, err)
		fees, err = tx.CreateFeeSchedule(ctx, recon.FeeSchedule{Name: "cards", Currency: "EUR", Items: []recon.FeeItem{{Name: "f", Type: recon.FeeFlat, Amount: "1"}}})
		require.NoError(t, err)
		_, err = tx.PutFXRates(ctx, []recon.FXRate{
			{From: "EUR", To: "USD", Date: recon.Epoch + 20_000, Rate: "1.08", Type: "ECB"},
			{From: "EUR", To: "USD", Date: recon.Epoch + 20_000, Rate: "1.09", Type: "MID"},
			{From: "GBP", To: "CHF", Date: recon.Epoch + 20_000, Rate: "1.10", Type: "ECB"},
		})
		require.NoError(t, err)
		_, err = tx.CreateRule(ctx, c.ID, recon.Rule{
			Name: "r", Type: recon.RuleExact, Priority: 10, Amount: recon.RuleAmount{Right: "net+schedule:cards"},
			Date:     recon.RuleDate{Unit: recon.UnitBusiness, Calendar: "TARGET", MaxDays: &zero},
			Currency: recon.RuleCurrency{Mode: recon.CurrencyConvert, To: "USD", RateType: "ECB"},
		})
		return err
	}))
	require.NoError(t, in.DB.Read(ctx, func(tx *postgres.Tx) error {
		input, err := tx.RunInput(ctx, run)
		require.NoError(t, err)
		require.Equal(t, []recon.Calendar{{ID: "TARGET"}}, input.Options.Calendars)
		require.Len(t, input.Options.FeeSchedules, 1)
		require.Len(t, input.Options.Rates, 1)
		require.Equal(t, recon.Decimal("1.08"), input.Options.Rates[0].Rate)
		return nil
	}))
	for _, remove := range []func(tx *postgres.Tx) error{
		func(tx *postgres.Tx) error { return tx.DeleteCalendar(ctx, calendar.ID, 0) },
		func(tx *postgres.Tx) error { return tx.DeleteFeeSchedule(ctx, fees.ID, 0) },
		func(tx *postgres.Tx) error {
			_, err := tx.UpdateFeeSchedule(ctx, fees.ID, 0, recon.FeeSchedule{Name: "other"})
			return err
		},
	} {
		require.Equal(t, "IN_USE", recon.CodeOf(in.DB.Tx(ctx, remove)))
	}
}
