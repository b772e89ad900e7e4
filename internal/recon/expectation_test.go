//go:build unit || !integration

package recon_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestExpectation_Next(t *testing.T) {
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return parsed
	}
	day := func(text string) recon.Day { return recon.DayOf(at(text + "T00:00:00Z")) }
	target := recon.Calendar{ID: "TARGET", Holidays: []recon.Day{day("2026-04-03"), day("2026-04-06")}}
	for name, c := range map[string]struct {
		e          recon.Expectation
		now, wants string
		calendar   recon.Calendar
	}{
		"later today":                     {recon.Expectation{By: "07:00"}, "2026-03-04T06:59:59Z", "2026-03-04T07:00:00Z", recon.Calendar{}},
		"at the minute it is the next":    {recon.Expectation{By: "07:00"}, "2026-03-04T07:00:00Z", "2026-03-05T07:00:00Z", recon.Calendar{}},
		"over the weekend":                {recon.Expectation{By: "07:00"}, "2026-03-06T08:00:00Z", "2026-03-09T07:00:00Z", recon.Calendar{}},
		"over Easter":                     {recon.Expectation{By: "07:00"}, "2026-04-02T08:00:00Z", "2026-04-07T07:00:00Z", target},
		"by the clock of a zone":          {recon.Expectation{By: "07:00", TimeZone: "Europe/Berlin"}, "2026-03-04T06:30:00Z", "2026-03-05T06:00:00Z", recon.Calendar{}},
		"over the change of the clocks":   {recon.Expectation{By: "07:00", TimeZone: "Europe/Berlin"}, "2026-03-27T08:00:00Z", "2026-03-30T05:00:00Z", recon.Calendar{}},
		"the zone's day, not that of UTC": {recon.Expectation{By: "07:00", TimeZone: "Asia/Tokyo"}, "2026-03-08T21:00:00Z", "2026-03-08T22:00:00Z", recon.Calendar{}},
	} {
		next, err := c.e.Next(at(c.now), &c.calendar)
		require.NoError(t, err)
		require.Equal(t, at(c.wants).UTC(), next, name)
	}
	berlin := recon.Expectation{By: "07:00", TimeZone: "Europe/Berlin"}
	require.Equal(t, at("2026-03-04T23:00:00Z").UTC(), berlin.EndOfDay(at("2026-03-04T06:00:00Z")))
	for pointer, bad := range map[string]recon.Expectation{"/by": {By: "7"}, "/timeZone": {By: "07:00", TimeZone: "Mars"}} {
		require.Equal(t, pointer, bad.Check()[0].Pointer)
	}
}
