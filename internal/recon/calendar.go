package recon

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Calendar lists the days that are no business days: the weekend of every week, and the holidays one by one. Rules
// call it by its id.
type Calendar struct {
	ID       string   `json:"id" yaml:"id"`
	Name     string   `json:"name,omitempty" yaml:"name,omitempty"`
	Weekend  []string `json:"weekend,omitzero" yaml:"weekend,omitempty"` // MONDAY..SUNDAY; nil: SATURDAY, SUNDAY; []: none
	Holidays []Day    `json:"holidays,omitempty" yaml:"holidays,omitempty"`
}

const (
	// CalendarsMax bounds one list of calendars.
	CalendarsMax = 200
	// HolidaysMax bounds the holidays of one calendar: sixty years of thirty.
	HolidaysMax = 2_000
)

// Weekdays are the names of the days of the week, by time.Weekday.
var Weekdays = []string{"SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"}

// Check returns everything that is wrong with the calendar.
func (c *Calendar) Check() []FieldError {
	check := &ruleChecker{}
	check.nameOf("/id", "calendar", c.ID)
	check.atMost("/name", c.Name, ruleNameMax)
	if len(c.Weekend) >= len(Weekdays) {
		check.refuse("/weekend", CodeImpossible, "leaves no business day in a week")
	}
	for i, day := range c.Weekend {
		at := "/weekend/" + strconv.Itoa(i)
		check.oneOf(at, day, Weekdays...)
		if slices.Contains(c.Weekend[:i], day) {
			check.refuse(at, CodeDuplicate, "is given twice")
		}
	}
	if len(c.Holidays) > HolidaysMax {
		check.refuse("/holidays", CodeInvalidValue, "holds more than %d days", HolidaysMax)
		return check.errs
	}
	seen := make(map[Day]bool, len(c.Holidays))
	for i, day := range c.Holidays {
		at := "/holidays/" + strconv.Itoa(i)
		if !day.Plausible() {
			check.refuse(at, CodeMissingValue, "a holiday is a date as YYYY-MM-DD, from 1900 to 2199")
		}
		if seen[day] {
			check.refuse(at, CodeDuplicate, "is given twice")
		}
		seen[day] = true
	}
	return check.errs
}

// CheckCalendars checks every calendar, and that ids are unique. Pointers start with the calendar's position.
func CheckCalendars(calendars []Calendar) []FieldError {
	var errs []FieldError
	seen := map[string]int{}
	for i := range calendars {
		at := "/" + strconv.Itoa(i)
		errs = append(errs, Below(at, calendars[i].Check())...)
		if first, taken := seen[calendars[i].ID]; taken {
			errs = append(errs, FieldError{
				at + "/id", CodeDuplicate,
				fmt.Sprintf("is the id of calendar %d too", first+1),
			})
		}
		seen[calendars[i].ID] = i
	}
	return errs
}

// IsWeekend reports whether a day of the week is no business day.
func (c *Calendar) IsWeekend(day time.Weekday) bool {
	if c.Weekend == nil {
		return day == time.Saturday || day == time.Sunday
	}
	return slices.ContainsFunc(c.Weekend, func(name string) bool { return strings.EqualFold(name, Weekdays[day]) })
}

// CalendarNamed finds a calendar by its id; "" is that of Monday to Friday.
func (o *RunOptions) CalendarNamed(id string) (calendar Calendar, known bool) {
	at := slices.IndexFunc(o.Calendars, func(c Calendar) bool { return c.ID == id })
	if at < 0 {
		return Calendar{}, id == ""
	}
	return o.Calendars[at], true
}

// BusinessDays numbers each plausible day from the first by how many business days lie on or before it, so that a lag
// is a difference: Friday to Monday is 1, and a Saturday counts as the Friday before it. They are 440 kB.
func (c *Calendar) BusinessDays() []int32 {
	holidays := make(map[Day]bool, len(c.Holidays))
	for _, d := range c.Holidays {
		holidays[d] = true
	}
	numbers, n := make([]int32, dayLast-dayFirst+1), int32(0)
	for i := range numbers {
		if day := dayFirst + Day(i); !c.IsWeekend(day.Weekday()) && !holidays[day] {
			n++
		}
		numbers[i] = n
	}
	return numbers
}

// After is the business day so many business days after a day.
func (c *Calendar) After(day Day, days int) Day {
	for days > 0 {
		day++
		if !c.IsWeekend(day.Weekday()) && !slices.Contains(c.Holidays, day) {
			days--
		}
		if day > dayLast {
			return dayLast
		}
	}
	return day
}
