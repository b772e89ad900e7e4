package postgres

import (
	"context"

	"matcher/internal/recon"
)

// StoredFeeSchedule is a fee schedule as it is stored.
type StoredFeeSchedule = recon.Configured[recon.FeeSchedule]

// CreateFeeSchedule stores a new fee schedule.
func (tx *Tx) CreateFeeSchedule(ctx context.Context, s recon.FeeSchedule) (StoredFeeSchedule, error) {
	return createConfigured(ctx, tx, feeSchedules, s)
}

// FeeSchedules lists fee schedules by name.
func (tx *Tx) FeeSchedules(ctx context.Context, page Page) ([]StoredFeeSchedule, string, error) {
	return listConfigured(ctx, tx, feeSchedules, page)
}

// FeeSchedule is one fee schedule.
func (tx *Tx) FeeSchedule(ctx context.Context, id string) (StoredFeeSchedule, error) {
	return oneConfigured(ctx, tx, feeSchedules, id, "")
}

// UpdateFeeSchedule changes a fee schedule for later runs.
func (tx *Tx) UpdateFeeSchedule(ctx context.Context, id string, version int, s recon.FeeSchedule) (StoredFeeSchedule, error) {
	return updateConfigured(ctx, tx, feeSchedules, id, version, s)
}

// DeleteFeeSchedule deletes a fee schedule that no rule names.
func (tx *Tx) DeleteFeeSchedule(ctx context.Context, id string, version int) error {
	return deleteConfigured(ctx, tx, feeSchedules, id, version)
}

// Named is what rules may name: all calendars and fee schedules, held against being renamed or deleted until the commit.
func (tx *Tx) Named(ctx context.Context) (c []recon.Calendar, s []recon.FeeSchedule, err error) {
	if c, err = everyConfigured(ctx, tx, calendars, "FOR SHARE"); err != nil {
		return nil, nil, err
	}
	s, err = everyConfigured(ctx, tx, feeSchedules, "FOR SHARE")
	return c, s, err
}
