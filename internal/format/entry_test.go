//go:build unit || !integration

package format

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestShortDaysAndTheirYear(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"260105": "2026-01-05", "991231": "1999-12-31", "240229": "2024-02-29",
		"260229": "2026-02-28", "260230": "2026-02-28", "240230": "2024-02-29", // banks with months of 30 days
	} {
		day, err := shortDay(text)
		require.NoError(t, err, text)
		require.Equal(t, want, day.String())
	}
	for _, text := range []string{"", "26", "261301", "260431", "26010a", "2026-01-05"} {
		_, err := shortDay(text)
		require.Error(t, err, text)
	}
	near, err := recon.ParseDay("2026-01-02")
	require.NoError(t, err)
	for text, want := range map[string]string{"1231": "2025-12-31", "0103": "2026-01-03", "0630": "2026-06-30"} {
		day, err := nearestYear(text, near)
		require.NoError(t, err)
		require.Equal(t, want, day.String())
	}
}

func TestAStatementIsProvedByItsOwnFigures(t *testing.T) {
	t.Parallel()
	s := Statement{Currency: "EUR", Opening: recon.NullMinor{Amount: 100, Set: true}}
	s.add(50)
	s.prove()
	require.Empty(t, s.Faults, "without a closing balance there is nothing to compare")
	s.Closing = recon.NullMinor{Amount: 150, Set: true}
	s.prove()
	require.Empty(t, s.Faults)
	s.add(1)
	s.prove()
	require.Len(t, s.Faults, 1)
}
