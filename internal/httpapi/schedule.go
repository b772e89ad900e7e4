package httpapi

import (
	"cmp"
	"context"
	"time"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// listSchedules gives all of them: a context has a few.
func (a *API) listSchedules(ctx context.Context, in *ContextPath) (out *list[recon.Schedule], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, err := tx.Schedules(ctx, in.ContextID)
		out = listOf(items, "")
		return err
	})
	return out, err
}

type createScheduleInput struct {
	ContextPath
	Keyed
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"120"`
		Cron     string `json:"cron" maxLength:"100" doc:"minute hour day month weekday, 30 6 * * MON-FRI say, or @hourly, @daily, @weekly, @monthly, @yearly"`
		TimeZone string `json:"timeZone,omitempty" maxLength:"60" doc:"IANA name; default UTC"`
		Mode     string `json:"mode,omitempty" enum:"COMMIT,DRY_RUN" doc:"Default COMMIT"`
		Enabled  *bool  `json:"enabled,omitempty" doc:"Default true"`
	}
}

func (a *API) createSchedule(ctx context.Context, tx *postgres.Tx, in *createScheduleInput) (*reply[recon.Schedule], error) {
	s := recon.Schedule{
		ContextID: in.ContextID, Name: in.Body.Name, Cron: in.Body.Cron, TimeZone: cmp.Or(in.Body.TimeZone, "UTC"),
		Mode: recon.RunMode(cmp.Or(in.Body.Mode, string(recon.RunCommit))), Enabled: in.Body.Enabled == nil || *in.Body.Enabled,
	}
	now := time.Now()
	if err := check(s.Check(now)); err != nil {
		return nil, err
	}
	made, err := tx.CreateSchedule(ctx, s, now)
	return &reply[recon.Schedule]{Location: "/v1/schedules/" + made.ID, ETag: entityTag(made.Version), Body: made}, err
}

// SchedulePath names the schedule that a path is about.
type SchedulePath struct {
	ScheduleID string `path:"scheduleId"`
}

func scheduleOut(s recon.Schedule) *one[recon.Schedule] {
	return &one[recon.Schedule]{ETag: entityTag(s.Version), Body: s}
}

func (a *API) getSchedule(ctx context.Context, in *SchedulePath) (out *one[recon.Schedule], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		s, err := tx.Schedule(ctx, in.ScheduleID)
		out = scheduleOut(s)
		return err
	})
	return out, err
}

type updateScheduleInput struct {
	SchedulePath
	Matched
	Body struct {
		Name     *string        `json:"name,omitempty" minLength:"1" maxLength:"120"`
		Cron     *string        `json:"cron,omitempty" maxLength:"100"`
		TimeZone *string        `json:"timeZone,omitempty" maxLength:"60"`
		Mode     *recon.RunMode `json:"mode,omitempty" enum:"COMMIT,DRY_RUN"`
		Enabled  *bool          `json:"enabled,omitempty"`
	}
}

func (a *API) updateSchedule(ctx context.Context, tx *postgres.Tx, in *updateScheduleInput) (*one[recon.Schedule], error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	s, err := tx.UpdateSchedule(ctx, in.ScheduleID, version, now, func(s *recon.Schedule) error {
		set(&s.Name, in.Body.Name)
		set(&s.Cron, in.Body.Cron)
		set(&s.TimeZone, in.Body.TimeZone)
		set(&s.Mode, in.Body.Mode)
		set(&s.Enabled, in.Body.Enabled)
		return check(s.Check(now))
	})
	return scheduleOut(s), err
}

type deleteScheduleInput struct {
	SchedulePath
	Matched
}

func (a *API) deleteSchedule(ctx context.Context, tx *postgres.Tx, in *deleteScheduleInput) (*none, error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return &none{}, tx.DeleteSchedule(ctx, in.ScheduleID, version)
}
