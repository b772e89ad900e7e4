//go:build unit || !integration

package engine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestRates(t *testing.T) {
	t.Parallel()
	t.Run("the latest rate on or before the day counts, in either direction, and not one that is too old", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			rates := make([]recon.FXRate, rapid.IntRange(0, 8).Draw(t, "rates"))
			for i := range rates {
				rates[i] = recon.FXRate{From: "USD", To: "EUR", Date: recon.Epoch + 20454 + recon.Day(rapid.IntRange(0, 9).Draw(t, "date")), Rate: "0.5", Type: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "type")}
				if rapid.Bool().Draw(t, "back") {
					rates[i].From, rates[i].To = "EUR", "USD"
				}
			}
			age := rapid.IntRange(0, 4).Draw(t, "age")
			table := newRateTable(&recon.RuleCurrency{To: "EUR", RateType: "A", RateMaxAgeDays: &age}, rates)
			day := recon.Epoch + 20454 + recon.Day(rapid.IntRange(-1, 12).Draw(t, "day"))
			want := recon.NoDay
			for _, r := range rates {
				if r.Type == "A" && r.Date <= day && day-r.Date <= recon.Day(age) {
					want = max(want, r.Date)
				}
			}
			rate, number := table.rateFor(&recon.Transaction{Currency: "USD", Date: day})
			if !want.Set() {
				require.Equal(t, rateMissing, number)
				return
			}
			require.Equal(t, want, rate.date)
			require.Equal(t, want, rates[number-1].Date)
			for _, r := range rates {
				if r.Type == "A" && r.Date == want && r.From == "USD" {
					require.False(t, rate.back, "the direct rate of the day wins")
				}
			}
		})
	})
	t.Run("the value date counts where the rule asks for it and the row has one", func(t *testing.T) {
		t.Parallel()
		rates := []recon.FXRate{{From: "USD", To: "EUR", Date: recon.Epoch + 20454, Rate: "0.5"}, {From: "USD", To: "EUR", Date: recon.Epoch + 20455, Rate: "0.25"}}
		table := newRateTable(&recon.RuleCurrency{To: "EUR", RateDate: "valueDate", RateMaxAgeDays: new(0)}, rates)
		for value, want := range map[recon.Day]int64{recon.Epoch + 20455: 25, recon.NoDay: 50} {
			got, _ := table.convert(&recon.Transaction{Currency: "USD", Date: recon.Epoch + 20454, ValueDate: value}, 100)
			require.Equal(t, want, got)
		}
	})
	t.Run("an amount that no rate can turn without overflow is not compared", func(t *testing.T) {
		t.Parallel()
		table := newRateTable(&recon.RuleCurrency{To: "EUR", RateMaxAgeDays: new(0)}, []recon.FXRate{{From: "USD", To: "EUR", Date: recon.Epoch + 20454, Rate: "9"}})
		got, number := table.convert(&recon.Transaction{Currency: "USD", Date: recon.Epoch + 20454}, math.MaxInt64)
		require.Equal(t, absent, got)
		require.Equal(t, int32(1), number)
	})
}

func TestWidened(t *testing.T) {
	t.Parallel()
	require.Equal(t, int64(-1_000_000), widened("JPY", -100))
	require.Equal(t, int64(1_000_000), widened("EUR", 100_00))
	require.Equal(t, int64(100), widened("CLF", 100))
	require.Equal(t, absent, widened("JPY", math.MaxInt64/2))
	require.Equal(t, absent, widened("JPY", absent))
}
