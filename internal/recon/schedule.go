package recon

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule starts a context's runs by the clock of a time zone.
type Schedule struct {
	ID         string     `json:"id"`
	ContextID  string     `json:"contextId"`
	Name       string     `json:"name"`
	Cron       string     `json:"cron"`
	TimeZone   string     `json:"timeZone"`
	Mode       RunMode    `json:"mode"`
	Enabled    bool       `json:"enabled"`
	NextAt     *time.Time `json:"nextAt,omitempty"` // nil: it does not run
	LastAt     *time.Time `json:"lastAt,omitempty"`
	LastRunID  string     `json:"lastRunId,omitempty"`
	LastResult string     `json:"lastResult,omitempty"` // STARTED, or what kept it from running: RUN_QUEUED, CONTEXT_PAUSED …
	Version    int        `json:"version"`
	CreatedAt  time.Time  `json:"createdAt"`
	UpdatedAt  time.Time  `json:"updatedAt"`
	CreatedBy  string     `json:"createdBy"`
}

// cronFields are minute, hour, day, month and weekday, or one of @hourly, @daily, @weekly, @monthly, @yearly.
const cronFields = cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor

const cronMax = 100

// Check returns everything that is wrong with the schedule. now is where the search for its next time begins.
func (s *Schedule) Check(now time.Time) []FieldError {
	c := &ruleChecker{}
	c.nameOf("/name", "schedule", s.Name)
	c.oneOf("/mode", string(s.Mode), string(RunCommit), string(RunDry))
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" {
		c.refuse("/timeZone", CodeInvalidValue, "is no IANA time zone, Europe/Berlin say")
		return c.errs
	}
	switch next, err := s.Next(now); {
	case err != nil:
		c.refuse("/cron", CodeInvalidValue, "is no cron expression of five fields, as 30 6 * * MON-FRI: %v", err)
	case next.IsZero():
		c.refuse("/cron", CodeImpossible, "names a time that does not come within five years")
	}
	return c.errs
}

// Plan sets when the schedule runs next after now: never, while it is not enabled.
func (s *Schedule) Plan(now time.Time) error {
	s.NextAt = nil
	if !s.Enabled {
		return nil
	}
	next, err := s.Next(now)
	if err == nil && !next.IsZero() {
		s.NextAt = &next
	}
	return err
}

// Next is the first time after now, in UTC, or the zero time when none comes within five years. A time that a change of
// the clocks leaves out is passed over; one that it repeats comes once.
func (s *Schedule) Next(now time.Time) (time.Time, error) {
	if len(s.Cron) > cronMax || strings.Contains(s.Cron, "=") || strings.HasPrefix(s.Cron, "@every") {
		return time.Time{}, errCronSpelling // the zone is a field of its own, and every so long names no time of day
	}
	spec, err := cron.NewParser(cronFields).Parse(s.Cron)
	if err != nil {
		return time.Time{}, errCronSpelling
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return time.Time{}, err
	}
	next := spec.Next(now.In(zone))
	if next.IsZero() {
		return time.Time{}, nil
	}
	return next.UTC(), nil
}

var errCronSpelling = Invalid(CodeInvalidValue,
	"minute hour day month weekday, or @hourly, @daily, @weekly, @monthly, @yearly")
