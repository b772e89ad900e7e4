//go:build unit || !integration

package recon

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return when
}

func TestSchedule_Next(t *testing.T) {
	for _, c := range []struct{ why, cron, zone, now, want string }{
		{"a weekday morning in Berlin's winter", "30 6 * * MON-FRI", "Europe/Berlin", "2026-01-09T10:00:00Z", "2026-01-12T05:30:00Z"},
		{"and in its summer", "30 6 * * MON-FRI", "Europe/Berlin", "2026-07-10T10:00:00Z", "2026-07-13T04:30:00Z"},
		{"a time that the clocks leave out comes the next day", "30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-30T00:30:00Z"},
		{"strictly after now", "0 0 * * *", "UTC", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
		{"a word", "@monthly", "America/Sao_Paulo", "2026-01-15T00:00:00Z", "2026-02-01T03:00:00Z"},
	} {
		s := Schedule{Cron: c.cron, TimeZone: c.zone}
		next, err := s.Next(at(t, c.now))
		require.NoError(t, err, c.why)
		require.Equal(t, at(t, c.want), next, c.why)
	}
}

func TestSchedule_Check(t *testing.T) {
	now := at(t, "2026-01-01T00:00:00Z")
	good := Schedule{Name: "nightly", Cron: "0 3 * * *", TimeZone: "UTC", Mode: RunCommit}
	require.Empty(t, good.Check(now))
	for _, c := range []struct {
		pointer string
		spoil   func(s *Schedule)
	}{
		{"/name", func(s *Schedule) { s.Name = "" }},
		{"/mode", func(s *Schedule) { s.Mode = "MAYBE" }},
		{"/timeZone", func(s *Schedule) { s.TimeZone = "Mars/Olympus" }},
		{"/timeZone", func(s *Schedule) { s.TimeZone = "Local" }},
		{"/cron", func(s *Schedule) { s.Cron = "61 * * * *" }},
		{"/cron", func(s *Schedule) { s.Cron = "0 3 * *" }},
		{"/cron", func(s *Schedule) { s.Cron = "TZ=UTC" }},
		{"/cron", func(s *Schedule) { s.Cron = "@every 1s" }},
		{"/cron", func(s *Schedule) { s.Cron = "0 0 30 2 *" }},
	} {
		bad := good
		c.spoil(&bad)
		faults := bad.Check(now)
		require.Len(t, faults, 1, c.pointer)
		require.Equal(t, c.pointer, faults[0].Pointer)
	}
}
