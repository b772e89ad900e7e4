package matching

import (
	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// optionsOf are what a run knows beside its rules: asked for, set in the context, or named by a rule.
func optionsOf(run recon.Run, in *postgres.RunInput) postgres.RunPlanOptions {
	return postgres.RunPlanOptions{
		AsOf: run.AsOf, From: run.From, To: run.To,
		DuplicateDays: in.Context.Settings.DuplicateDays, MaxWriteOff: in.Context.Settings.WriteOff(),
		Calendars: in.Calendars, FeeSchedules: in.FeeSchedules, Rates: in.Rates,
		RejectedSets: in.RejectedSets, Partials: in.Partials,
	}
}

// EngineOptions are the options of a run as the engine takes them; those of a stored plan give the same plan again.
func EngineOptions(o postgres.RunPlanOptions) engine.Options {
	options := engine.Options{
		AsOf: o.AsOf, From: o.From, To: o.To, DuplicateDays: o.DuplicateDays, MaxWriteOff: o.MaxWriteOff, Rates: o.Rates,
	}
	for _, set := range o.RejectedSets {
		options.Rejected = append(options.Rejected, engine.RowSet{Left: set.Left, Right: set.Right})
	}
	for _, p := range o.Partials {
		options.Partials = append(options.Partials, engine.Partial{RowSet: engine.RowSet{Left: p.Left, Right: p.Right}, Rule: p.Rule})
	}
	options.AddCalendars(o.Calendars)
	options.AddFeeSchedules(o.FeeSchedules)
	return options
}
