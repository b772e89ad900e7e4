//go:build unit || !integration

package recon

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func cardFees(mode string) FeeSchedule {
	return FeeSchedule{
		Name: "cards", Currency: "EUR", Mode: mode,
		Items: []FeeItem{
			{Name: "interchange", Type: FeePercentage, Percent: "0.3"},
			{Name: "scheme", Type: FeeTiered, Tiers: []FeeTier{{UpTo: "100.00", Percent: "1"}, {UpTo: "1000", Percent: "0.5"}, {Percent: "0.1"}}},
			{Name: "gateway", Type: FeeFlat, Amount: "0.25"},
		},
	}
}

func TestFeeSchedule(t *testing.T) {
	t.Parallel()
	t.Run("parallel items are charged on the whole amount", func(t *testing.T) {
		t.Parallel()
		got, err := cardFees("").Simulate(2000_00)
		require.NoError(t, err)
		require.Equal(t, FeeSimulation{
			Amount: 2000_00, Fee: 12_75, Net: 1987_25,
			Lines: []FeeLine{{"interchange", 2000_00, 6_00}, {"scheme", 2000_00, 6_50}, {"gateway", 2000_00, 25}}, // 1.00 + 4.50 + 1.00
		}, got)
	})
	t.Run("cascading items are charged on what the items before them left", func(t *testing.T) {
		t.Parallel()
		got, err := cardFees(FeeCascading).Simulate(2000_00)
		require.NoError(t, err)
		require.Equal(t, []FeeLine{{"interchange", 2000_00, 6_00}, {"scheme", 1994_00, 6_49}, {"gateway", 1987_51, 25}}, got.Lines)
	})
	t.Run("a refund gives the fee back", func(t *testing.T) {
		t.Parallel()
		sale, err := cardFees("").Simulate(2000_00)
		require.NoError(t, err)
		refund, err := cardFees("").Simulate(-2000_00)
		require.NoError(t, err)
		require.Equal(t, -sale.Fee, refund.Fee)
		require.Equal(t, -sale.Net, refund.Net)
	})
	t.Run("the boundary of a tier belongs to it, and the next unit to the next", func(t *testing.T) {
		t.Parallel()
		s := FeeSchedule{Name: "t", Currency: "JPY", Rounding: RoundUp, Items: []FeeItem{{Name: "t", Type: FeeTiered, Tiers: []FeeTier{{UpTo: "1000", Percent: "10"}, {Percent: "100"}}}}}
		for amount, want := range map[Minor]Minor{0: 0, 1: 1, 999: 100, 1000: 100, 1001: 101, 1010: 110} {
			got, err := s.Simulate(amount)
			require.NoError(t, err)
			require.Equal(t, want, got.Fee, amount)
		}
	})
	t.Run("each rounding mode decides over the half by itself", func(t *testing.T) {
		t.Parallel()
		for mode, want := range map[string][4]Minor{ // of 10 % of 0.04, 0.05, 0.15 and 0.16
			RoundHalfEven: {0, 0, 2, 2}, RoundHalfUp: {0, 1, 2, 2}, RoundUp: {1, 1, 2, 2}, RoundDown: {0, 0, 1, 1},
		} {
			s := FeeSchedule{Name: "r", Currency: "EUR", Rounding: mode, Items: []FeeItem{{Name: "r", Type: FeePercentage, Percent: "10"}}}
			for i, amount := range [4]Minor{4, 5, 15, 16} {
				got, err := s.Simulate(amount)
				require.NoError(t, err)
				require.Equal(t, want[i], got.Fee, "%s of %d", mode, amount)
			}
		}
	})
	t.Run("a coarser scale keeps fewer decimals", func(t *testing.T) {
		t.Parallel()
		s := FeeSchedule{Name: "r", Currency: "EUR", Scale: new(1), Items: []FeeItem{{Name: "r", Type: FeePercentage, Percent: "1"}}}
		got, err := s.Simulate(12_60)
		require.NoError(t, err)
		require.Equal(t, Minor(10), got.Fee) // 0.126 is 0.1
	})
	t.Run("verification tells an overcharge from an undercharge, on refunds too", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			amount, actual, delta Minor
			verdict               string
		}{
			{2000_00, 12_75, 0, FeeMatch},
			{2000_00, 12_76, 1, FeeOvercharge},
			{2000_00, 12_00, -75, FeeUndercharge},
			{-2000_00, -12_75, 0, FeeMatch},
			{-2000_00, -12_00, 75, FeeOvercharge},
			{-2000_00, -13_00, -25, FeeUndercharge},
		} {
			got, err := cardFees("").Verify(c.amount, c.actual)
			require.NoError(t, err)
			require.Equal(t, c.delta, got.Delta)
			require.Equal(t, c.verdict, got.Verdict, c)
		}
	})
	t.Run("the largest amounts do not wrap", func(t *testing.T) {
		t.Parallel()
		s := FeeSchedule{Name: "all", Currency: "EUR", Items: []FeeItem{{Name: "all", Type: FeePercentage, Percent: "100"}}}
		got, err := s.Simulate(math.MaxInt64)
		require.NoError(t, err)
		require.Equal(t, Minor(math.MaxInt64), got.Fee)
		s.Items = append(s.Items, FeeItem{Name: "more", Type: FeeFlat, Amount: "0.01"})
		_, err = s.Simulate(math.MaxInt64)
		require.Error(t, err)
	})
	t.Run("what cannot be a schedule is refused where it stands", func(t *testing.T) {
		t.Parallel()
		var pointers []string
		for _, e := range CheckFeeSchedules([]FeeSchedule{
			cardFees("SERIAL"),
			{Name: "cards", Currency: "EURO"},
			{Name: "n", Currency: "EUR", Scale: new(3), Rounding: "BANKERS", Items: []FeeItem{
				{Name: "a", Type: FeeFlat},
				{Name: "b", Type: FeePercentage, Percent: "101"},
				{Name: "c", Type: "TAX", Amount: "1"},
				{Name: "d", Type: FeeFlat, Amount: "0.001", Percent: "1"},
				{Name: "e", Type: FeeTiered, Tiers: []FeeTier{{UpTo: "5", Percent: "1"}, {UpTo: "5", Percent: ""}, {UpTo: "7", Percent: "1"}}},
			}},
		}) {
			pointers = append(pointers, e.Pointer)
		}
		require.Equal(t, []string{
			"/0/mode", "/1/currency", "/1/items", "/1/name", "/2/rounding", "/2/scale", "/2/items/0/amount", "/2/items/1/percent",
			"/2/items/2/type", "/2/items/3/percent", "/2/items/3/amount", "/2/items/4/tiers/1/percent", "/2/items/4/tiers/1/upTo", "/2/items/4/tiers/2/upTo",
		}, pointers)
		_, err := cardFees("SERIAL").Simulate(1)
		require.Equal(t, KindUnprocessable, KindOf(err))
		_, err = cardFees("SERIAL").Verify(1, 1)
		require.Equal(t, KindUnprocessable, KindOf(err))
	})
}

func TestAScheduleIsCalledAfterWhatItTakes(t *testing.T) {
	t.Parallel()
	for items, want := range map[string]AdjustmentReason{
		"skonto": AdjustmentDiscount, "Early-payment": AdjustmentDiscount, "cash_discount": AdjustmentDiscount, "tax": AdjustmentTax,
		"Withholding tax": AdjustmentTax, "wht|vat": AdjustmentTax, "skonto|wht": AdjustmentFee, "card": AdjustmentFee, "": AdjustmentFee,
	} {
		var schedule FeeSchedule
		for name := range strings.SplitSeq(items, "|") {
			schedule.Items = append(schedule.Items, FeeItem{Name: name})
		}
		require.Equal(t, want, schedule.Takes(), items)
	}
}
