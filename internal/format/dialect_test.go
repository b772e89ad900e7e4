//go:build unit || !integration

package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRowsMayEndWithADelimiter(t *testing.T) {
	for _, file := range []string{"id,amount\n1,2.00,\n2,3.00,\n", "id,amount,\n1,2.00\n2,3.00\n", "id,amount,\n1,2.00,\n"} {
		o := tell(strings.NewReader(file), "x.csv", Options{})
		require.NoError(t, o.err)
		require.Zero(t, o.rejected, o.lines)
		require.Equal(t, `2: ["1" "2.00"]`, o.lines[2])
	}
}

func TestOneColumnIsATableToo(t *testing.T) {
	o := tell(strings.NewReader("amount\n12.00\n13.00\n"), "x.csv", Options{})
	require.Equal(t, 2, o.rows, o.lines)
}

func TestADelimiterIsDeclared(t *testing.T) {
	require.Zero(t, declaredDelimiter([]byte("sep=\r\nid,date\n")))
	for file, opt := range map[string]Options{
		"sep=^\r\nid^date^amount\r\n1^2026-01-02^2.00\r\n": {},
		"\"sep=~\"\nid~date~amount\n1~2026-01-02~2.00\n":   {},
		"id:date:amount\n1:2026-01-02:2.00\n":              {Delimiter: ':'},
		"id date amount\n1 2026-01-02 \"2.00\"\n":          {Delimiter: ' '},
	} {
		o := tell(strings.NewReader(file), "x.csv", opt)
		require.Contains(t, o.lines, "columns: id | date | amount", o.lines)
		require.Equal(t, 1, o.rows)
		require.Zero(t, o.rejected)
	}
}

// TestTheDelimiterIsNotTheOneInsideValues: text and numbers hold other delimiters as often as the right one.
func TestTheDelimiterIsNotTheOneInsideValues(t *testing.T) {
	for _, file := range []string{
		"id;date;amount;text\n1;2026-01-02;1,50;a, b\n2;2026-01-03;2,50;a, b, c\n",
		"id,date,amount,text\n1,2026-01-02,1.50,a; b\n2,2026-01-03,2.50,a; b; c\n",
		"id\tdate\tamount\ttext\n1\t2026-01-02\t1,50\ta; b, c|d\n2\t2026-01-03\t1,50\ta; b, c|d\n",
	} {
		o := tell(strings.NewReader(file), "x.csv", Options{})
		require.Contains(t, o.lines, "columns: id | date | amount | text", o.lines)
		require.Zero(t, o.rejected)
	}
	o := tell(strings.NewReader("Rent,2026-01-02,10.00\nPower; gas,2026-01-03,11.00\n"), "x.csv", Options{})
	require.Equal(t, []string{"refused: HEADER_NOT_FOUND: x.csv has no row of column names: line 1 begins with " +
		`"Rent 2026-01-02 10.00", which is data. Add a first line that names the columns`}, o.lines)
}
