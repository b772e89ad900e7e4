//go:build unit || !integration

package format

import (
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestColumnsInFixedPlacesAreReadAsAMapStatesThem(t *testing.T) {
	t.Parallel()
	opt := Options{Fixed: []recon.FixedColumn{{Name: "date", From: 1, To: 8}, {Name: "amount", From: 9, To: 16}, {Name: "text", From: 17, To: 40}, {Name: "sign", From: 16, To: 16}}}
	r, err := Open(iotest.OneByteReader(strings.NewReader("20260105   10.00Gebühr, \"März\"\r\n\n20260106\r\n   20260107-4.00x\x1A")), "x.csv", opt)
	require.NoError(t, err)
	require.Equal(t, FixedText, r.Format(), "whatever the name and the text look like")
	var got []string
	for {
		rec, err := r.Next()
		if err != nil {
			break
		}
		got = append(got, strings.Join(rec.Fields, "|"))
		require.Equal(t, []string{"date", "amount", "text", "sign"}, rec.Header)
	}
	require.Equal(t, []string{"20260105|10.00|Gebühr, \"März\"|0", "20260106|||", "20260|107-4.00|x|0"}, got)
	_, err = Open(strings.NewReader(" \n"), "x", opt)
	require.Equal(t, recon.CodeNoRows, recon.CodeOf(err))
}
