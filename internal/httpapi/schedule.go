package httpapi

import (
	"cmp"
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type createScheduleInput struct {
	pathID
	keyed
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"120"`
		Cron     string `json:"cron" maxLength:"100" doc:"minute hour day month weekday, for example 30 6 * * MON-FRI, or @hourly, @daily, @weekly, @monthly, @yearly"`
		TimeZone string `json:"timeZone,omitempty" maxLength:"60" doc:"IANA name; default UTC"`
		Mode     string `json:"mode,omitempty" enum:"COMMIT,DRY_RUN" doc:"Default COMMIT"`
		Enabled  *bool  `json:"enabled,omitempty" doc:"Default true"`
	}
}

func createSchedule(ctx context.Context, tx *postgres.Tx, in *createScheduleInput) (recon.Schedule, error) {
	s := recon.Schedule{
		ContextID: in.ID, Name: in.Body.Name, Cron: in.Body.Cron, TimeZone: cmp.Or(in.Body.TimeZone, "UTC"),
		Mode: recon.RunMode(cmp.Or(in.Body.Mode, string(recon.RunCommit))), Enabled: true,
	}
	set(&s.Enabled, in.Body.Enabled)
	now, err := tx.Now(ctx)
	if err != nil {
		return s, err
	}
	if err := check(s.Check(now)); err != nil {
		return s, err
	}
	if err := s.Plan(now); err != nil {
		return s, err
	}
	return tx.CreateSchedule(ctx, s)
}

type updateScheduleInput struct {
	pathID
	matched
	Body struct {
		Name     *string        `json:"name,omitempty" minLength:"1" maxLength:"120"`
		Cron     *string        `json:"cron,omitempty" maxLength:"100"`
		TimeZone *string        `json:"timeZone,omitempty" maxLength:"60"`
		Mode     *recon.RunMode `json:"mode,omitempty" enum:"COMMIT,DRY_RUN"`
		Enabled  *bool          `json:"enabled,omitempty"`
	}
}

func updateSchedule(ctx context.Context, tx *postgres.Tx, in *updateScheduleInput) (recon.Schedule, error) {
	now, err := tx.Now(ctx)
	if err != nil {
		return recon.Schedule{}, err
	}
	return tx.UpdateSchedule(ctx, in.ID, in.version, func(s *recon.Schedule) error {
		set(&s.Name, in.Body.Name)
		set(&s.Cron, in.Body.Cron)
		set(&s.TimeZone, in.Body.TimeZone)
		set(&s.Mode, in.Body.Mode)
		set(&s.Enabled, in.Body.Enabled)
		if err := check(s.Check(now)); err != nil {
			return err
		}
		return s.Plan(now)
	})
}
