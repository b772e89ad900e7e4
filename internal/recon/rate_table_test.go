//go:build unit || !integration

package recon

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestRates(t *testing.T) {
	t.Parallel()
	t.Run("the latest rate on or before the day counts, in either direction, and not one that is too old", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			rates := make([]FXRate, rapid.IntRange(0, 8).Draw(t, "rates"))
			for i := range rates {
				rates[i] = FXRate{From: "USD", To: "EUR", Date: Epoch + 20454 + Day(rapid.IntRange(0, 9).Draw(t, "date")), Rate: "0.5", Type: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "type")}
				if rapid.Bool().Draw(t, "back") {
					rates[i].From, rates[i].To = "EUR", "USD"
				}
			}
			age := rapid.IntRange(0, 4).Draw(t, "age")
			table := NewRateTable(&RuleCurrency{To: "EUR", RateType: "A", RateMaxAgeDays: &age}, rates)
			day := Epoch + 20454 + Day(rapid.IntRange(-1, 12).Draw(t, "day"))
			want := NoDay
			for _, r := range rates {
				if r.Type == "A" && r.Date <= day && day-r.Date <= Day(age) {
					want = max(want, r.Date)
				}
			}
			rate, number := table.rateFor(&Transaction{Currency: "USD", Date: day})
			if !want.Set() {
				require.Equal(t, RateMissing, number)
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
		rates := []FXRate{{From: "USD", To: "EUR", Date: Epoch + 20454, Rate: "0.5"}, {From: "USD", To: "EUR", Date: Epoch + 20455, Rate: "0.25"}}
		table := NewRateTable(&RuleCurrency{To: "EUR", RateDate: "valueDate", RateMaxAgeDays: new(0)}, rates)
		for value, want := range map[Day]Minor{Epoch + 20455: 25, NoDay: 50} {
			got, _, _ := table.Convert(&Transaction{Currency: "USD", Date: Epoch + 20454, ValueDate: value}, 100)
			require.Equal(t, want, got)
		}
	})
	t.Run("an amount that no rate can turn without overflow is not compared", func(t *testing.T) {
		t.Parallel()
		table := NewRateTable(&RuleCurrency{To: "EUR", RateMaxAgeDays: new(0)}, []FXRate{{From: "USD", To: "EUR", Date: Epoch + 20454, Rate: "9"}})
		_, number, fits := table.Convert(&Transaction{Currency: "USD", Date: Epoch + 20454}, math.MaxInt64)
		require.False(t, fits)
		require.Equal(t, int32(1), number)
	})
}
