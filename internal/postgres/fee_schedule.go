package postgres

import (
	"context"

	"matcher/internal/recon"
)

// StoredFeeSchedule is a fee schedule as it is stored.
type StoredFeeSchedule = recon.Configured[recon.FeeSchedule]

// FeeSchedules lists fee schedules by name.
func (tx *Tx) FeeSchedules(ctx context.Context, page Page) ([]StoredFeeSchedule, string, error) {
	return tx.feeSchedules().list(ctx, page)
}

// CreateFeeSchedule stores a new fee schedule.
func (tx *Tx) CreateFeeSchedule(ctx context.Context, value recon.FeeSchedule) (StoredFeeSchedule, error) {
	return tx.feeSchedules().create(ctx, value)
}

// FeeSchedule returns one fee schedule.
func (tx *Tx) FeeSchedule(ctx context.Context, id string) (StoredFeeSchedule, error) {
	return tx.feeSchedules().get(ctx, id)
}

// UpdateFeeSchedule changes a fee schedule for later runs. version is what the caller read, 0 when it does not care.
func (tx *Tx) UpdateFeeSchedule(ctx context.Context, id string, version int,
	value recon.FeeSchedule,
) (StoredFeeSchedule, error) {
	return tx.feeSchedules().update(ctx, id, version, value)
}

// DeleteFeeSchedule deletes a fee schedule that no rule names.
func (tx *Tx) DeleteFeeSchedule(ctx context.Context, id string, version int) error {
	return tx.feeSchedules().remove(ctx, id, version)
}

// feeSchedules returns the tenant's fee schedules, which the amounts of rules ("net+schedule:cards") and fee rules
// name.
func (tx *Tx) feeSchedules() configured[recon.FeeSchedule] {
	c := newConfigured(tx, "fee schedule", "fee_schedules", func(s recon.FeeSchedule) string { return s.Name })
	c.used = `
		FROM (
			SELECT a.value FROM rules r JOIN rule_versions v ON v.rule_id = r.id AND v.version = r.version
			CROSS JOIN jsonb_each_text(v.body -> 'amount') a
			WHERE r.deleted_at IS NULL AND a.key IN ('left', 'right')
			UNION ALL
			SELECT '` + recon.ScheduleTerm + `' || (f.body ->> 'feeSchedule') FROM fee_rules f
		) AS used (term)
		WHERE position('` + recon.ScheduleTerm + `' || @name IN term) > 0`
	return c
}
