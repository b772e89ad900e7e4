//go:build unit || !integration

package format

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTypeOfADetailIsItsSign(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"100": "", "101": "+", "399": "+", "400": "", "401": "-", "699": "-", "700": "", "919": "", "920": "+", "959": "+",
		"960": "-", "999": "-", "": "", "x": "",
	} {
		require.Equal(t, want, bai2Sign(code), code)
	}
}

func TestFundsTypesTakeFields(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		more  int
		value string
	}{
		"Z,a": {0, ""}, "": {0, ""}, "S,1,2,3,a": {3, ""}, "V,260105,,a": {2, "260105"}, "D,2,1,5,2,6,a": {5, ""}, "D,-9,": {1, ""},
	} {
		more, value := bai2Funds(&bai2Record{fields: bai2Split(text)}, 0)
		require.Equal(t, want.more, more, text)
		require.Equal(t, want.value, value, text)
	}
}
