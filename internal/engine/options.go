package engine

import "matcher/internal/recon"

// OptionsOf are the options that a setup file gives, for any period.
func OptionsOf(setup *recon.Setup) Options {
	o := Options{
		AsOf: recon.NoDay, From: recon.NoDay, To: recon.NoDay, DuplicateDays: setup.DuplicateDays, MaxWriteOff: setup.MaxWriteOff,
		Rates: setup.Rates,
	}
	if setup.AsOf != nil {
		o.AsOf = *setup.AsOf
	}
	o.AddCalendars(setup.Calendars)
	o.AddFeeSchedules(setup.Fees)
	return o
}

// AddCalendars makes calendars known by their ids.
func (o *Options) AddCalendars(calendars []recon.Calendar) {
	if o.Calendars == nil {
		o.Calendars = make(map[string]recon.Calendar, len(calendars))
	}
	for i := range calendars {
		o.Calendars[calendars[i].ID] = calendars[i]
	}
}

// AddFeeSchedules makes fee schedules known by their names.
func (o *Options) AddFeeSchedules(schedules []recon.FeeSchedule) {
	if o.FeeSchedules == nil {
		o.FeeSchedules = make(map[string]recon.FeeSchedule, len(schedules))
	}
	for i := range schedules {
		o.FeeSchedules[schedules[i].Name] = schedules[i]
	}
}
