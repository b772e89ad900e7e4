//go:build unit || !integration

package format

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestOnlyBookedBalancesCount(t *testing.T) {
	t.Parallel()
	var s camtStatement
	for i, b := range []camtBalance{
		{code: "OPAV"}, {code: "PRCD"}, {code: "OPBD", part: "INTM"}, {code: "OPBD"}, {code: "ITBD"}, {code: "CLBD"}, {code: "FWAV"},
	} {
		b.line = i + 1
		s.take(b)
	}
	require.Equal(t, []int{4, 2, 6}, []int{s.opening.line, s.before.line, s.closing.line})
	require.Equal(t, []int{3, 5}, []int{s.turns[0].line, s.turns[1].line})
}

func TestDaysOfDatesAndTimes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-01-05": "2026-01-05", "2026-01-05+01:00": "2026-01-05", "2026-01-05T23:59:59.000Z": "2026-01-05",
	} {
		require.Equal(t, want, camtDay(text).String())
	}
	require.Equal(t, recon.NoDay, camtDay("05.01.2026"))
	require.Equal(t, recon.NoDay, camtDay(""))
}
