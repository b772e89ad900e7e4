//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What a spreadsheet makes of a long number is no id; what only looks like it is.
func TestLosesDigits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"9.91214E+15": true, "9,91214E+15": true, "1E+15": true, "9.91214e15": true, "123456789012345000": true,
		"12345E67": false, "77123E01": false, "INV-1E+05": false, "12345678901234500": false, "123456789012345001": false,
		"000000000000000000": false, "12E4": false, "": false,
	} {
		require.Equal(t, want, losesDigits(text), text)
	}
	require.Equal(t, 2, zerosBehind("12345678901234500"))
	require.Zero(t, zerosBehind("1234567890123450"[:15]))
}
