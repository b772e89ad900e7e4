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

// Banks write whole files on one line. Each record costs the same, however much of the line is left, and no line is too
// long.
func TestALineOfManyRecordsIsReadOneByOne(t *testing.T) {
	t.Parallel()
	const records = 1 << 18 // of 94 bytes: more than a window holds
	one := strings.Repeat("6", 93) + "é"
	r := &fixedReader{w: newWindow(io.MultiReader(strings.NewReader(strings.Repeat(one, records)), strings.NewReader("   \r\n\x1A"))), width: 94}
	for range records {
		require.NoError(t, r.next())
		require.Equal(t, 1, r.line)
		require.Equal(t, 'é', r.text[93])
	}
	require.ErrorIs(t, r.next(), io.EOF)
	require.Equal(t, records, r.n)
	require.LessOrEqual(t, len(r.w.buf), headBytes, "the line is not held")
}
