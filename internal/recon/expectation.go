package recon

import (
	"slices"
	"time"
)

// Expectation is when a source's file of the day is due: by a time of day, on the business days of a calendar.
type Expectation struct {
	By       string `json:"by" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"Time of day, 07:00"`
	TimeZone string `json:"timeZone,omitempty" maxLength:"60" doc:"IANA name; default UTC"`
	Calendar string `json:"calendar,omitempty" maxLength:"120" doc:"Id of a calendar; without one Monday to Friday"`
}

// Check returns everything that is wrong with the expectation.
func (e *Expectation) Check() []FieldError {
	c := &ruleChecker{}
	if _, err := time.Parse(timeOfDay, e.By); err != nil {
		c.refuse("/by", CodeInvalidValue, "is no time of day, such as 07:00")
	}
	if _, err := time.LoadLocation(e.TimeZone); err != nil || e.TimeZone == "Local" {
		c.refuse("/timeZone", CodeInvalidValue, "is no IANA time zone, Europe/Berlin say")
	}
	return c.errs
}

const (
	timeOfDay = "15:04"
	// closedMax is how many days in a row a calendar may close before nothing is expected any more.
	closedMax = 366
)

// Next is the first time after now, in UTC, by which a file is due; the zero time where the calendar has no such day
// within a year.
func (e *Expectation) Next(now time.Time, calendar *Calendar) (time.Time, error) {
	zone, err := time.LoadLocation(e.TimeZone)
	if err != nil {
		return time.Time{}, err
	}
	by, err := time.Parse(timeOfDay, e.By)
	if err != nil {
		return time.Time{}, err
	}
	local := now.In(zone)
	for i := range closedMax {
		at := time.Date(local.Year(), local.Month(), local.Day()+i, by.Hour(), by.Minute(), 0, 0, zone)
		day := DayOf(at)
		if at.After(now) && !calendar.IsWeekend(day.Weekday()) && !slices.Contains(calendar.Holidays, day) {
			return at.UTC(), nil
		}
	}
	return time.Time{}, nil
}

// EndOfDay is the midnight that ends the day of a missed time: until then a file that comes is that day's.
func (e *Expectation) EndOfDay(missed time.Time) time.Time {
	if zone, err := time.LoadLocation(e.TimeZone); err == nil {
		missed = missed.In(zone)
	}
	return time.Date(missed.Year(), missed.Month(), missed.Day()+1, 0, 0, 0, 0, missed.Location()).UTC()
}

// StoredExpectation is a source's expectation and whether it is met.
type StoredExpectation struct {
	SourceID    string      `json:"sourceId"`
	Num         int64       `json:"-"`
	Source      string      `json:"source"`
	ContextID   string      `json:"contextId"`
	Expectation Expectation `json:"expectation"`
	NextAt      *time.Time  `json:"nextAt,omitempty"`
	Since       time.Time   `json:"-"` // the next file comes after it
	MissedAt    *time.Time  `json:"-"` // the first time that was missed, whatever came since
	Missing     *time.Time  `json:"missingSince,omitempty" doc:"When the file was due that has not come yet"`
	LastFileAt  *time.Time  `json:"lastFileAt,omitempty"`
	Version     int         `json:"version"`
	CreatedAt   time.Time   `json:"createdAt"`
	UpdatedAt   time.Time   `json:"updatedAt"`
	CreatedBy   string      `json:"createdBy"`
}
