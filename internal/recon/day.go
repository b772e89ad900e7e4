package recon

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Day is a civil date as days since 1970-01-01, in the time zone of the source that gave it. The zero value is that
// date, so an absent day is NoDay, never 0.
type Day int32

// NoDay is the absent day. It sorts before every real one.
const NoDay Day = math.MinInt32

const (
	dayLayout  = time.DateOnly
	dayMin     = -25567 // 1900-01-01: nothing older is a booking date, so it is a typing mistake
	dayMax     = 84005  // 2199-12-31
	secondsDay = 86400
)

// DayOf is the civil date of t in t's own location.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsDay)
}

// ParseDay reads YYYY-MM-DD.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(dayLayout, text)
	if err != nil {
		return NoDay, fmt.Errorf("%q is not a date as YYYY-MM-DD", text)
	}
	d := DayOf(t)
	if !d.Plausible() {
		return NoDay, fmt.Errorf("%q lies outside 1900 to 2199", text)
	}
	return d, nil
}

// Plausible says whether d lies in 1900..2199.
func (d Day) Plausible() bool { return d >= dayMin && d <= dayMax }

// Set says whether there is a day at all.
func (d Day) Set() bool { return d != NoDay }

// Time is midnight UTC of d.
func (d Day) Time() time.Time { return time.Unix(int64(d)*secondsDay, 0).UTC() }

// Weekday of d.
func (d Day) Weekday() time.Weekday { return d.Time().Weekday() }

// String is YYYY-MM-DD, or "" for NoDay.
func (d Day) String() string {
	if !d.Set() {
		return ""
	}
	return d.Time().Format(dayLayout)
}

// MarshalJSON writes "YYYY-MM-DD", or null for NoDay.
func (d Day) MarshalJSON() ([]byte, error) {
	if !d.Set() {
		return []byte("null"), nil
	}
	return []byte(`"` + d.String() + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON writes; "" is NoDay too.
func (d *Day) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("a date is a string as YYYY-MM-DD")
	}
	if text == nil || *text == "" {
		*d = NoDay
		return nil
	}
	parsed, err := ParseDay(*text)
	*d = parsed
	return err
}
