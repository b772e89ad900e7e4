//go:build unit || !integration

package recon

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCalendar(t *testing.T) {
	t.Parallel()
	t.Run("the weekend is Saturday and Sunday unless it is said", func(t *testing.T) {
		t.Parallel()
		usual, gulf, none := Calendar{}, Calendar{Weekend: []string{"FRIDAY", "SATURDAY"}}, Calendar{Weekend: []string{}}
		require.True(t, usual.IsWeekend(time.Sunday))
		require.False(t, usual.IsWeekend(time.Friday))
		require.True(t, gulf.IsWeekend(time.Friday))
		require.False(t, gulf.IsWeekend(time.Sunday))
		require.False(t, none.IsWeekend(time.Sunday))
	})
	t.Run("what cannot be a calendar is refused where it stands", func(t *testing.T) {
		t.Parallel()
		var pointers []string
		for _, e := range CheckCalendars([]Calendar{
			{ID: "TARGET2", Holidays: []Day{Epoch + 20454}},
			{ID: " ", Weekend: []string{"CATURDAY", "SUNDAY", "SUNDAY"}},
			{ID: "TARGET2", Holidays: []Day{Epoch + 20454, NoDay, Epoch + 20454}},
			{ID: "never", Weekend: Weekdays},
			{ID: "full", Holidays: make([]Day, HolidaysMax+1)},
		}) {
			pointers = append(pointers, e.Pointer)
		}
		require.Equal(t, []string{
			"/1/id", "/1/weekend/0", "/1/weekend/2",
			"/2/holidays/1", "/2/holidays/2", "/2/id", "/3/weekend", "/4/holidays",
		}, pointers)
	})
}

func TestBusinessDaysSkipWeekendsAndHolidays(t *testing.T) {
	c := Calendar{Weekend: []string{"FRIDAY"}, Holidays: []Day{Epoch + 20457}} // Fridays, and Sunday the 4th
	days := c.BusinessDays()
	at := func(d Day) int32 { return days[d-dayFirst] }
	require.Equal(t, int32(0), at(Epoch+20455)-at(Epoch+20454)) // Friday
	require.Equal(t, int32(1), at(Epoch+20457)-at(Epoch+20455)) // Saturday counts, Sunday does not
}
