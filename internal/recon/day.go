package recon

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Day is a civil date of 1900 to 2199, in the time zone of the source that gave it. It counts days, so days are
// compared and subtracted as numbers. The zero value is NoDay.
type Day int32

const (
	// NoDay is the absent day. It sorts before every real one.
	NoDay Day = 0
	// Epoch is 1970-01-01: digests, files and SQL count days from it.
	Epoch Day = 25_568

	dayFirst = NoDay + 1      // 1900-01-01: nothing older is a booking date, so it is a typing mistake
	dayLast  = Epoch + 84_005 // 2199-12-31
	noDayOut = math.MinInt32  // what NoDay is outside of memory

	secondsDay = 86400
)

// DayOf is the civil date of t in t's own location.
func DayOf(t time.Time) Day {
	const before = 1 << 22 // days, so that what is divided is never negative
	_, offset := t.Zone()
	return Epoch - before + Day((t.Unix()+int64(offset)+before*secondsDay)/secondsDay)
}

// ParseDay reads YYYY-MM-DD.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return NoDay, fmt.Errorf("%q is not a date as YYYY-MM-DD", text)
	}
	d := DayOf(t)
	if !d.Plausible() {
		return NoDay, fmt.Errorf("%q is outside 1900 to 2199", text)
	}
	return d, nil
}

// Plausible reports whether d is a day of 1900 to 2199.
func (d Day) Plausible() bool { return d >= dayFirst && d <= dayLast }

// Month returns the first day of the month.
func (d Day) Month() Day { return d - Day(d.Time().Day()-1) }

// Set reports whether there is a day at all.
func (d Day) Set() bool { return d != NoDay }

// Unix returns the days since 1970-01-01, as digests count them; the least int32 for NoDay.
func (d Day) Unix() int32 {
	if !d.Set() {
		return noDayOut
	}
	return int32(d - Epoch)
}

// Time returns midnight UTC of d.
func (d Day) Time() time.Time { return time.Unix(int64(d-Epoch)*secondsDay, 0).UTC() }

// Weekday of d.
func (d Day) Weekday() time.Weekday { return d.Time().Weekday() }

// String returns YYYY-MM-DD, or "" for NoDay.
func (d Day) String() string {
	if !d.Set() {
		return ""
	}
	return d.Time().Format(time.DateOnly)
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
