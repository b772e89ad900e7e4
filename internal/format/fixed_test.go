//go:build unit || !integration

package format

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecordsAreCutByTheirPlaces(t *testing.T) {
	t.Parallel()
	r := &fixedReader{w: newWindow(strings.NewReader("12Gebühr 0042\r\n\n34\n12345678901234567\n")), width: 13}
	var got []string
	for r.next() == nil {
		got = append(got, r.cut(1, 2)+"|"+r.cut(3, 9)+"|"+r.cut(10, 13))
	}
	require.Equal(t, []string{"12|Gebühr|0042", "34||", "12|3456789|0123", "45|67|"}, got)
	require.Equal(t, 4, r.line)
	require.ErrorIs(t, r.next(), io.EOF)
	require.Equal(t, int64(4567), r.number(1, 13))
	require.Equal(t, int64(-1), (&fixedReader{text: []rune("-5 ")}).number(1, 3))
	text, money := fixedMoney(4000, false)
	require.Equal(t, "-40.00", text)
	require.Equal(t, "-40.00", money.Decimal(2))
}
