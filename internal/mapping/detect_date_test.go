//go:build unit || !integration

package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFormatOf(t *testing.T) {
	for _, c := range []struct{ values, format string }{
		{"2026-01-02 20260103", ""},
		{"01/02/2026 13/02/2026", "DD/MM/YYYY"},
		{"01/02/2026 02/13/2026", "MM/DD/YYYY"},
		{"01-02-26 13-02-26", "DD-MM-YY"},
		{"01.02.2026", "DD.MM.YYYY"},
		{"05-Jan-26 06-Feb-26", "DD-MMM-YY"},
		{"05012026 13012026", "DDMMYYYY"},
		{"01052026 01132026", "MMDDYYYY"},
		{"05/01/26 13/01/26 14/02/26", "DD/MM/YY"},
		{"26/01/05 26/01/13", "YY/MM/DD"},
		{"1770076800000", "unixMillis"},
	} {
		format, _, err := formatOf(strings.Fields(c.values))
		require.NoError(t, err, c.values)
		require.Equal(t, c.format, format, c.values)
	}
	_, _, err := formatOf([]string{"13/02/2026", "soon", "later"})
	require.ErrorContains(t, err, `"soon" cannot be read as a date`)
	_, _, err = formatOf([]string{"2026-01-05", "2026-01-06", "soon", "later"})
	require.ErrorContains(t, err, `"soon" cannot be read as a date`, "the good ones are not to blame")
	_, _, err = formatOf(nil)
	require.Error(t, err)
}
