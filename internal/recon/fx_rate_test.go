//go:build unit || !integration

package recon

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFXRate(t *testing.T) {
	t.Parallel()
	day := Epoch + 20454
	t.Run("converts both ways at each currency's own decimals, half to even", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			from, to string
			rate     Decimal
			amount   Minor
			want     Minor
			back     bool
		}{
			{"EUR", "USD", "1.0832", 100_00, 108_32, false},
			{"EUR", "USD", "1.0832", 108_32, 100_00, true},
			{"EUR", "USD", "1.0832", -100_00, -108_32, false},
			{"EUR", "JPY", "161.25", 10_00, 1612, false},  // 1612.5 yen goes to the even 1612
			{"EUR", "JPY", "161.35", 10_00, 1614, false},  // 1613.5 to 1614
			{"JPY", "EUR", "0.0062", 1000, 6_20, false},   // from no decimals to two
			{"EUR", "KWD", "0.33", 1_00, 330, false},      // three decimals
			{"EUR", "CLF", "0.025", 1_00, 250, false},     // four decimals
			{"CLF", "JPY", "6000", 1, 1, false},           // 0.6 yen, from four decimals to none
			{"EUR", "USD", "0.000000000001", 1, 0, false}, // nothing is left, and no minus either
		} {
			rate := FXRate{From: c.from, To: c.to, Date: day, Rate: c.rate}
			require.Empty(t, rate.Check())
			got, err := rate.Convert(c.amount)
			if c.back {
				got, err = rate.ConvertBack(c.amount)
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got, c)
		}
	})
	t.Run("agrees with arithmetic on fractions", func(t *testing.T) {
		t.Parallel()
		random := rand.New(rand.NewPCG(1, 2))
		for range 20_000 {
			mantissa, amount := 1+random.Int64N(1<<random.IntN(62)), Minor(random.Int64()>>random.IntN(63))
			rate := FXRate{From: "EUR", To: "KWD", Date: day, Rate: Decimal(Minor(mantissa).Decimal(RateDigits))}
			exact := new(big.Rat).SetFrac64(mantissa, 100_000_000_000) // 10^12 and one decimal more in KWD
			want := roundedHalfEven(new(big.Rat).Mul(new(big.Rat).SetInt64(int64(amount)), exact))
			got, err := rate.Convert(amount)
			require.Equal(t, want.IsInt64(), err == nil)
			if err == nil {
				require.Equal(t, want.Int64(), int64(got))
			}
			want = roundedHalfEven(new(big.Rat).Quo(new(big.Rat).SetInt64(int64(amount)), exact))
			if got, err = rate.ConvertBack(amount); err == nil {
				require.Equal(t, want.Int64(), int64(got))
			} else {
				require.False(t, want.IsInt64())
			}
		}
	})
	t.Run("what cannot be a rate is refused where it stands", func(t *testing.T) {
		t.Parallel()
		rates := []FXRate{
			{From: "EUR", To: "USD", Date: day, Rate: "1.1"},
			{From: "euro", To: "USD", Date: day, Rate: "1"},
			{From: "EUR", To: "EUR", Date: day, Rate: "1"},
			{From: "EUR", To: "GBP", Date: NoDay, Rate: "0"},
			{From: "EUR", To: "CHF", Date: day, Rate: "-1", Type: strings.Repeat("x", 61)},
			{From: "EUR", To: "USD", Date: day, Rate: "1.2"},
			{From: "EUR", To: "USD", Date: day, Rate: "1.2", Type: "CARD"},
			{From: "EUR", To: "SEK", Date: day, Rate: "1.0000000000001"},
		}
		var pointers []string
		for _, e := range CheckRates(rates) {
			pointers = append(pointers, e.Pointer)
		}
		require.Equal(t, []string{"/1/from", "/2/to", "/3/date", "/3/rate", "/4/rate", "/4/type", "/5", "/7/rate"}, pointers)
	})
}

func roundedHalfEven(r *big.Rat) *big.Int {
	quotient, rest := new(big.Int).QuoRem(new(big.Int).Abs(r.Num()), r.Denom(), new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(r.Denom()) {
	case 1:
		quotient.Add(quotient, big.NewInt(1))
	case 0:
		quotient.Add(quotient, new(big.Int).And(quotient, big.NewInt(1)))
	}
	if r.Sign() < 0 {
		quotient.Neg(quotient)
	}
	return quotient
}
