//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLooksAmount(t *testing.T) {
	for text, want := range map[string]bool{
		"12.50": true, "-1.234,56": true, "EUR 7": true, "(3.00)": true, "4012888888881881": false, "INV-7": false, "": false, "2026-01-02": false,
	} {
		require.Equal(t, want, looksAmount(text), text)
	}
}
