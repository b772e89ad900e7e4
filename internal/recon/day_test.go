//go:build unit || !integration

package recon

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestADayIsADateAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-02-29", "2026-2-1", "20260201", "1899-12-31", "2200-01-01", "01/02/2026", ""} {
		_, err := ParseDay(text)
		require.Error(t, err, text)
	}
	leap, err := ParseDay("2024-02-29")
	require.NoError(t, err)
	require.Equal(t, time.Thursday, leap.Weekday())
	require.Equal(t, "2024-03-01", (leap + 1).String())
}

func TestTheDayOfAnInstantIsItsOwnZones(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*60*60)
	late := time.Date(2026, 1, 31, 23, 30, 0, 0, time.UTC)
	require.Equal(t, "2026-01-31", DayOf(late).String())
	require.Equal(t, "2026-02-01", DayOf(late.In(tokyo)).String())
	require.Equal(t, "1969-12-31", DayOf(time.Date(1969, 12, 31, 1, 0, 0, 0, time.UTC)).String())
}

func TestTheDayOfAnInstantIsTheDateOfItsClock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first, last := dayFirst.Unix()+1, dayLast.Unix()-1
		seconds := rapid.Int64Range(int64(first)*secondsDay, int64(last)*secondsDay).Draw(t, "seconds")
		zone := time.FixedZone("", rapid.IntRange(-14*3600, 14*3600).Draw(t, "offset"))
		instant := time.Unix(seconds, 0).In(zone)
		require.Equal(t, instant.Format(time.DateOnly), DayOf(instant).String())
	})
}

func TestDaysSurviveJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := Day(rapid.Int32Range(int32(dayFirst), int32(dayLast)).Draw(t, "day"))
		data, err := json.Marshal(d)
		require.NoError(t, err)
		var back Day
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, d, back)
	})
	var d Day
	require.NoError(t, json.Unmarshal([]byte("null"), &d))
	require.False(t, d.Set())
	require.Error(t, json.Unmarshal([]byte("20260101"), &d))
	require.Equal(t, NoDay, Day(0), "the zero value is no day")
	require.Equal(t, "1970-01-01", Epoch.String())
	require.Equal(t, [3]int32{0, -25567, 84005}, [3]int32{Epoch.Unix(), dayFirst.Unix(), dayLast.Unix()})
	require.Equal(t, int32(math.MinInt32), NoDay.Unix(), "what digests have always hashed")
	data, err := json.Marshal(NoDay)
	require.NoError(t, err)
	require.Equal(t, "null", string(data))
}
