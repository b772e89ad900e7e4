package postgres

import (
	"context"

	"matcher/internal/recon"
)

// StoredCalendar is a calendar as it is stored.
type StoredCalendar = recon.Configured[recon.Calendar]

// CreateCalendar stores a new calendar.
func (tx *Tx) CreateCalendar(ctx context.Context, c recon.Calendar) (StoredCalendar, error) {
	return createConfigured(ctx, tx, calendars, c)
}

// Calendars lists calendars by name.
func (tx *Tx) Calendars(ctx context.Context, page Page) ([]StoredCalendar, string, error) {
	return listConfigured(ctx, tx, calendars, page)
}

// Calendar is one calendar.
func (tx *Tx) Calendar(ctx context.Context, id string) (StoredCalendar, error) {
	return oneConfigured(ctx, tx, calendars, id, "")
}

// UpdateCalendar changes a calendar for later runs.
func (tx *Tx) UpdateCalendar(ctx context.Context, id string, version int, c recon.Calendar) (StoredCalendar, error) {
	return updateConfigured(ctx, tx, calendars, id, version, c)
}

// DeleteCalendar deletes a calendar that no rule names.
func (tx *Tx) DeleteCalendar(ctx context.Context, id string, version int) error {
	return deleteConfigured(ctx, tx, calendars, id, version)
}
