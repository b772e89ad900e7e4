package httpapi

import (
	"context"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func (a *API) listCalendars(ctx context.Context, in *Paged) (out *list[postgres.StoredCalendar], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.Calendars(ctx, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

type createCalendarInput struct {
	Keyed
	Body recon.Calendar
}

func (a *API) createCalendar(ctx context.Context, tx *postgres.Tx, in *createCalendarInput) (*reply[postgres.StoredCalendar], error) {
	if err := check(in.Body.Check()); err != nil {
		return nil, err
	}
	made, err := tx.CreateCalendar(ctx, in.Body)
	return &reply[postgres.StoredCalendar]{Location: "/v1/calendars/" + made.ID, ETag: entityTag(made.Version), Body: made}, err
}

// CalendarPath names the calendar that a path is about.
type CalendarPath struct {
	CalendarID string `path:"calendarId"`
}

func (a *API) getCalendar(ctx context.Context, in *CalendarPath) (out *one[postgres.StoredCalendar], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		found, err := tx.Calendar(ctx, in.CalendarID)
		out = configuredOut(found)
		return err
	})
	return out, err
}

func configuredOut[T any](c recon.Configured[T]) *one[recon.Configured[T]] {
	return &one[recon.Configured[T]]{ETag: entityTag(c.Version), Body: c}
}

type putCalendarInput struct {
	CalendarPath
	Matched
	Body recon.Calendar
}

func (a *API) putCalendar(ctx context.Context, tx *postgres.Tx, in *putCalendarInput) (*one[postgres.StoredCalendar], error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Calendar(ctx, in.CalendarID); err != nil {
		return nil, err
	}
	if err := check(in.Body.Check()); err != nil {
		return nil, err
	}
	changed, err := tx.UpdateCalendar(ctx, in.CalendarID, version, in.Body)
	return configuredOut(changed), err
}

type deleteCalendarInput struct {
	CalendarPath
	Matched
}

func (a *API) deleteCalendar(ctx context.Context, tx *postgres.Tx, in *deleteCalendarInput) (*none, error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return &none{}, tx.DeleteCalendar(ctx, in.CalendarID, version)
}
