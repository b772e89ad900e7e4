//go:build unit || !integration

package format

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDaysOfCNAB(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"05012026": "2026-01-05", "050126": "2026-01-05", "31022026": "", "00000000": "", "": "", "5012026": "", "0501202x": "",
	} {
		day, err := cnabDay(text)
		require.Equal(t, want == "", err != nil, text)
		if err == nil {
			require.Equal(t, want, day.String(), text)
		}
	}
}
