//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestOptionsOfASetup(t *testing.T) {
	t.Parallel()
	setup, errs := recon.DecodeSetup([]byte(`
asOf: 2026-01-31
duplicateDays: 4
maxWriteOff: "5.00"
calendars: [{id: TARGET2, holidays: [2026-01-01]}]
rates: [{from: EUR, to: USD, date: 2026-01-05, rate: 1.1}]
fees: [{name: cards, currency: EUR, items: [{name: all, type: PERCENTAGE, percent: 1}]}]
`))
	require.Empty(t, errs)
	o := OptionsOf(&setup)
	require.Equal(t, "2026-01-31", o.AsOf.String())
	require.False(t, o.From.Set())
	require.Equal(t, 4, o.DuplicateDays)
	require.Len(t, o.Calendars["TARGET2"].Holidays, 1)
	require.Equal(t, recon.Decimal("1.1"), o.Rates[0].Rate)
	require.Equal(t, "EUR", o.FeeSchedules["cards"].Currency)
	require.Equal(t, recon.Decimal("5.00"), o.MaxWriteOff.Default)
}
