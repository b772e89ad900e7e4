package recon

import "slices"

// CheckRule returns what of a rule cannot work with the calendars, fee schedules and rates of a run.
func (o *RunOptions) CheckRule(r *Rule) (faults []FieldError) {
	refuse := func(pointer, code, why string) {
		faults = append(faults, FieldError{Pointer: pointer, Code: code, Message: why})
	}
	for pointer, amount := range map[string]string{"/amount/left": r.Amount.Left, "/amount/right": r.Amount.Right} {
		name, _, isSchedule := ScheduleOf(amount)
		if !isSchedule {
			continue
		}
		at := slices.IndexFunc(o.FeeSchedules, func(s FeeSchedule) bool { return s.Name == name })
		if at < 0 {
			refuse(pointer, CodeInvalidValue, "there is no such fee schedule")
		} else if _, err := o.FeeSchedules[at].Compile(); err != nil {
			refuse(pointer, CodeImpossible, "the fee schedule cannot work: "+err.Error())
		}
	}
	slices.SortFunc(faults, func(a, b FieldError) int { return len(a.Pointer) - len(b.Pointer) })
	if r.Currency.Mode == CurrencyConvert && r.Currency.RateType == "" &&
		slices.ContainsFunc(o.Rates, func(rate FXRate) bool { return rate.Type != o.Rates[0].Type }) {
		refuse("/currency/rateType", CodeImpossible, "there are rates of several types: say which one counts")
	}
	if _, known := o.CalendarNamed(r.Date.Calendar); !known {
		refuse("/date/calendar", CodeInvalidValue, "there is no such calendar")
	}
	return faults
}
