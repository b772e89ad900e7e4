//go:build unit || !integration

package recon

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnlyARunThatEndedCanNoLongerChange(t *testing.T) {
	t.Parallel()
	for status, ended := range map[RunStatus]bool{
		RunQueued: false, RunRunning: false, RunCompleted: true, RunFailed: true, RunCancelled: true,
	} {
		require.Equal(t, ended, status.Final(), status)
	}
}

func TestAReportedRowWasReadInThePeriodOfARun(t *testing.T) {
	t.Parallel()
	day := func(d int) Day { return DayOf(time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC)) }
	r := Reported{Periods: []Days{{NoDay, day(10)}, {day(20), day(25)}}, Unread: []int64{7}}
	for d, held := range map[int]bool{5: true, 10: true, 11: false, 20: true, 26: false} {
		require.Equal(t, held, r.Hold(6, day(d)), d)
		require.False(t, r.Hold(7, day(d)))
	}
	require.False(t, (&Reported{}).Hold(6, day(5)))
}

func TestARowWaitsOrIsNotCovered(t *testing.T) {
	t.Parallel()
	day := func(n int) Day { return Epoch + Day(n) }
	covered := Covered{Left: day(30), Right: day(27)}
	require.Equal(t, ReasonInTransit, covered.Waits(Left, day(26), day(27)))
	require.Equal(t, ReasonNotCovered, covered.Waits(Left, day(29), day(27)), "the row is younger than what covers it")
	require.Equal(t, ReasonNotCovered, covered.Waits(Left, day(26), day(28)), "the day is later than what covers it")
	require.Equal(t, ReasonInTransit, covered.Waits(Right, day(29), day(28)))
	require.Equal(t, ReasonInTransit, Covered{}.Waits(Left, day(29), day(30)), "coverage is not known")
}
