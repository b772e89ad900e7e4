//go:build unit || !integration

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestZoneNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"2026-04-01T02:00:00Z": true, "2026-04-01 02:00:00 +09:00": true, "2026-04-01 02:00 UTC": true, "20260401T020000-0300": true,
		"2026-04-01 02:00:00": false, "2026-04-01": false, "01.04.2026 02:00": false,
	} {
		require.Equal(t, want, zoneNamed.MatchString(text), text)
	}
}
