//go:build unit || !integration

package format

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDaysOfQIFKeepTheirOrder(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1/ 5'26": "01/05/2026", "12/31'99": "12/31/2099", "12/31/99": "12/31/1999", "1/5' 6": "01/05/2006", "5.1.26": "05.01.2026",
		"01-05-2026": "01-05-2026", "2026-01-05": "2026-01-05", "1/5/6": "1/5/6", "1/5/026": "1/5/026", "x": "x", "": "",
	} {
		require.Equal(t, want, qifDay(text), text)
	}
}

func TestSplitsAreComparedWhateverTheirMark(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parts []string
		total string
		same  bool
	}{
		{[]string{"-1,000.00", "-234.50"}, "-1,234.50", true},
		{[]string{"1.000,00", "234,5"}, "1.234,50", true},
		{[]string{"10", "5.5"}, "15.50", true},
		{[]string{"10.00", "-2.50"}, "7.50", true},
		{[]string{"0.10", "0.20"}, "0.30", true},
		{[]string{"10.00"}, "10.01", false},
		{nil, "0.00", true},
	} {
		var sum big.Int
		for _, part := range c.parts {
			sum.Add(&sum, qifCents(part))
		}
		require.Equal(t, c.same, sum.Cmp(qifCents(c.total)) == 0, c.total)
	}
}
