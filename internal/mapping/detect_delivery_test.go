//go:build unit || !integration

package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestPendingNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"values that are ids of pending rows": {
			"id,auth,status,date,amount\nx1,,PENDING,2026-06-02,-5.00\nx2,,PENDING,2026-06-02,-6.00\n" +
				"y1,x1,BOOKED,2026-06-04,-5.50\ny2,x2,BOOKED,2026-06-04,-6.00\ny3,x0,BOOKED,2026-06-04,-7.00\n", "auth",
		},
		"a naming row that came again": {
			"id,auth,status,date,amount\nx1,,PENDING,2026-06-02,-5.00\nx2,,PENDING,2026-06-02,-6.00\n" +
				"y1,x1,BOOKED,2026-06-04,-5.50\ny1,x1,BOOKED,2026-06-04,-5.50\ny2,x2,BOOKED,2026-06-04,-6.00\n" +
				"y3,,BOOKED,2026-06-04,-7.00\n", "auth",
		},
		"most are ids of nothing": {
			"id,n,status,date,amount\n1,,PENDING,2026-06-02,-5.00\n2,1,BOOKED,2026-06-04,-5.50\n" +
				"3,7,BOOKED,2026-06-04,-6.00\n4,8,BOOKED,2026-06-04,-6.00\n", "",
		},
		"two rows name one, so it is no replacement": {
			"id,n,status,date,amount\n1,,PENDING,2026-06-02,-5.00\n2,1,BOOKED,2026-06-04,-5.50\n3,1,BOOKED,2026-06-04,-6.00\n", "",
		},
		"a pending row names another one": {
			"id,n,status,date,amount\n1,2,PENDING,2026-06-02,-5.00\n2,,PENDING,2026-06-04,-5.50\n3,1,BOOKED,2026-06-04,-6.00\n", "",
		},
	} {
		r := opened(t, c.file, Hints{Currency: "EUR"})
		require.Equal(t, c.want, firstColumn(r.FieldMap().Fields[recon.FieldPendingOf]), name)
		if c.want != "" {
			require.Contains(t, strings.Join(r.Detection.Notes, "\n"), "column auth holds ids of pending rows (2)")
		}
	}
}

func TestVolatile(t *testing.T) {
	t.Parallel()
	const file = "no|rev|order|started|printed|available balance|date|amount\n" +
		"1|2|7|2026-06-05 10:11|2026-06-05|5.00|2026-06-02|5.00\n2|1|8|2026-06-05 10:11|2026-06-05|9.00|2026-06-02|6.00\n" +
		"3|0|9|2026-06-05 10:11|2026-06-05|1.00|2026-06-03|6.00"
	header, records := table(file)
	d := newDetector(header, records, recon.FieldMap{Volatile: []string{"order"}}, recon.Right)
	require.NoError(t, d.detect())
	require.Equal(t, []string{"order", "no", "rev", "started", "available balance"}, d.out.Volatile,
		"not a day that is the same on all rows: it may be that of a payout")
	header, records = table(strings.NewReplacer("3|0|9|", "4|1|9|", "printed", "Export-Datum").Replace(file))
	d = newDetector(header, records, recon.FieldMap{}, recon.Right)
	require.NoError(t, d.detect())
	require.Equal(t, []string{"started", "Export-Datum", "available balance"}, d.out.Volatile)
}

func TestCounts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"1 2 3": true, "2 1 0": true, "2 3 4": false, "1 2 2": false, "1 x 3": false} {
		require.Equal(t, want, counts(strings.Fields(text)), text)
	}
}
