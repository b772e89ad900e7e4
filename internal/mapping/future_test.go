//go:build unit || !integration

package mapping

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestDayOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC)
	for zone, want := range map[string]string{
		"": "2026-03-02", "UTC": "2026-03-01", "Europe/Berlin": "2026-03-02", "America/New_York": "2026-03-01",
	} {
		require.Equal(t, want, dayOf(now, zone).String(), zone)
	}
	require.False(t, dayOf(time.Time{}, "UTC").Set())
}

func TestFuture(t *testing.T) {
	t.Parallel()
	const file = "id,date,value date,amount,status\nA,2026-03-01,2026-03-09,1.00,booked\nB,2026-03-02,2026-03-02,2.00,booked\n" +
		"C,2026-03-05,2026-03-05,3.00,pending\nD,2026-03-01,2026-03-01,4.00,booked\n"
	hints := Hints{Currency: "EUR", TimeZone: "UTC", Now: time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)}
	ask := func(hints Hints) *Reader {
		r := opened(t, file, hints)
		require.NoError(t, r.SettleWith(OtherSide{}))
		return r
	}
	r := ask(hints)
	require.Len(t, r.Detection.Questions, 1)
	require.Equal(t, "future", r.Detection.Questions[0].ID)
	require.Contains(t, r.Detection.Questions[0].Text, "the first on line 3 (2026-03-02)")

	rows := func(r *Reader) (verdicts []Verdict) {
		require.NoError(t, r.Unsettled())
		require.NoError(t, r.Read(&Identities{}, func(row *Row) error {
			verdicts = append(verdicts, row.Verdict)
			return nil
		}))
		return verdicts
	}
	hints.Answers = map[string]int{"future": 1}
	r = ask(hints)
	require.Equal(t, []Verdict{Fresh, Fresh, Fresh, Fresh}, rows(r))
	accepted := r.FieldMap()
	require.Equal(t, recon.FutureAccept, accepted.Future)

	hints.Answers = map[string]int{"future": 2}
	require.Equal(t, []Verdict{Fresh, SetAside, Fresh, Fresh}, rows(ask(hints)))

	require.Empty(t, r.Lasting().Future, "the answer is of one file")

	hints.Answers, hints.Earlier = nil, &Earlier{Map: accepted}
	hints.Map = &recon.FieldMap{Future: recon.FutureAccept}
	require.Equal(t, []Verdict{Fresh, Fresh, Fresh, Fresh}, rows(ask(hints)), "a map is of all files")
	require.Equal(t, recon.FutureAccept, ask(hints).Lasting().Future)
	hints.Map = nil
	require.Len(t, ask(hints).Detection.Questions, 1, "files that are read as before ask too")
	hints.Answers = map[string]int{"future": 2}
	require.Equal(t, []Verdict{Fresh, SetAside, Fresh, Fresh}, rows(ask(hints)))

	hints.Answers, hints.Now = nil, hints.Now.Add(24*time.Hour)
	require.Empty(t, ask(hints).Detection.Questions, "a day later it has come")
}
