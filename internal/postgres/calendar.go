package postgres

import (
	"context"

	"matcher/internal/recon"
)

// StoredCalendar is a calendar as it is stored.
type StoredCalendar = recon.Configured[recon.Calendar]

// Calendars lists calendars by name.
func (tx *Tx) Calendars(ctx context.Context, page Page) ([]StoredCalendar, string, error) {
	return tx.calendars().list(ctx, page)
}

// CreateCalendar stores a new calendar.
func (tx *Tx) CreateCalendar(ctx context.Context, value recon.Calendar) (StoredCalendar, error) {
	return tx.calendars().create(ctx, value)
}

// Calendar returns one calendar.
func (tx *Tx) Calendar(ctx context.Context, id string) (StoredCalendar, error) {
	return tx.calendars().get(ctx, id)
}

// UpdateCalendar changes a calendar for later runs. version is what the caller read, 0 when it does not care.
func (tx *Tx) UpdateCalendar(
	ctx context.Context, id string, version int, value recon.Calendar,
) (StoredCalendar, error) {
	return tx.calendars().update(ctx, id, version, value)
}

// DeleteCalendar deletes a calendar that nothing names.
func (tx *Tx) DeleteCalendar(ctx context.Context, id string, version int) error {
	return tx.calendars().remove(ctx, id, version)
}

// calendars returns the tenant's calendars, which the dates of rules and the expectations of sources name.
func (tx *Tx) calendars() configured[recon.Calendar] {
	c := newConfigured(tx, "calendar", "calendars", func(c recon.Calendar) string { return c.ID })
	c.used = `
		FROM rules r JOIN rule_versions v ON v.rule_id = r.id AND v.version = r.version
		WHERE r.deleted_at IS NULL AND v.body -> 'date' ->> 'calendar' = @name
		UNION ALL SELECT FROM expectations WHERE body ->> 'calendar' = @name
		UNION ALL SELECT FROM exception_policies p
		WHERE p.body ->> 'calendar' = @name
		AND p.version = (SELECT max(l.version) FROM exception_policies l WHERE l.context_num = p.context_num)`
	return c
}
