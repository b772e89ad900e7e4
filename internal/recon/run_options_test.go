//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOptionsOfASetup(t *testing.T) {
	t.Parallel()
	setup, errs := DecodeSetup([]byte(`
asOf: 2026-01-31
duplicateDays: 4
maxWriteOff: "5.00"
calendars: [{id: TARGET2, holidays: [2026-01-01]}]
rates: [{from: EUR, to: USD, date: 2026-01-05, rate: 1.1}]
fees: [{name: cards, currency: EUR, items: [{name: all, type: PERCENTAGE, percent: 1}]}]
`))
	require.Empty(t, errs)
	o := setup.Options()
	require.Equal(t, "2026-01-31", o.AsOf.String())
	require.False(t, o.From.Set())
	require.Equal(t, 4, o.DuplicateDays)
	require.Len(t, o.Calendars[0].Holidays, 1)
	require.Equal(t, Decimal("1.1"), o.Rates[0].Rate)
	require.Equal(t, "EUR", o.FeeSchedules[0].Currency)
	require.Equal(t, Decimal("5.00"), o.MaxWriteOff.Default)
}
