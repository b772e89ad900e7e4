//go:build unit || !integration

package recon

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var plus, minus Total
		want := new(big.Int)
		for _, v := range rapid.SliceOf(rapid.Int64()).Draw(t, "added") {
			plus.Add(Minor(v))
			want.Add(want, big.NewInt(v))
		}
		for _, v := range rapid.SliceOf(rapid.Int64()).Draw(t, "taken") {
			minus.Add(Minor(v))
			want.Sub(want, big.NewInt(v))
		}
		plus.Subtract(minus)
		got, err := plus.Minor()
		require.Equal(t, want.String(), plus.Decimal("JPY"))
		require.Equal(t, want.IsInt64(), err == nil)
		if err == nil {
			require.Equal(t, want.Int64(), int64(got))
		}
	})
}

func TestTotalsAreReadHoweverLarge(t *testing.T) {
	t.Parallel()
	for want, of := range map[string][]int64{
		"0.05": {5}, "-0.05": {-5}, "-12.34": {-1234}, "0.00": nil,
		"184467440737095516.14": {math.MaxInt64, math.MaxInt64}, "-276701161105643274.21": {-math.MaxInt64, -math.MaxInt64, -math.MaxInt64},
	} {
		var sum Total
		for _, v := range of {
			sum.Add(Minor(v))
		}
		require.Equal(t, want, sum.Decimal("EUR"))
	}
	var yen Total
	yen.Add(-7)
	require.Equal(t, "-7", yen.Decimal("JPY"))
}

func TestASumThatDoesNotFitSaysWhatWasSummed(t *testing.T) {
	t.Parallel()
	var sum Total
	for range 2 {
		sum.Add(math.MaxInt64)
	}
	_, err := sum.Fit("the rows of one item", "EUR")
	require.Equal(t, CodeSumTooBig, CodeOf(err))
	for _, fact := range []string{"the rows of one item", "EUR", "184467440737095516.14"} {
		require.ErrorContains(t, err, fact)
	}
}
