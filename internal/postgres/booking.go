package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// AdjustmentRow is what a run leaves to be booked of one of its groups, and the row that books it already.
type AdjustmentRow struct {
	Ordinal  int64 // of the group
	Number   string
	Account  string
	BookedBy int64 // 0: none yet
	Loose    bool
}

// BookingRow is a left row that books an adjustment of an earlier run.
type BookingRow struct {
	Adjustment    int64
	TransactionID int64
	Loose         bool
}

// owedMax bounds the adjustments that a run looks at, the newest of those that no row has booked first.
const owedMax = 10_000

// owed reads the adjustments of confirmed groups: those to be booked, and those that a row has booked, so that a second
// one is known.
func (tx *Tx) owed(ctx context.Context, contextNum int32, apart []int64) ([]recon.Owed, error) {
	owed, err := all[recon.Owed](tx.query(ctx, `
		SELECT a.num AS id, a.number, a.posting_reference AS reference, a.reason, a.account, a.amount, a.currency, r.date, r.mixed,
			CASE WHEN t.id IS NULL THEN '' WHEN t.external_id = '' THEN 'a row of ' || t.date ELSE t.external_id END AS booked,
			a.booked_loosely AS loose
		FROM adjustments a
		JOIN match_groups g ON g.id = a.group_id
		LEFT JOIN transactions t ON t.id = a.booked_by
		CROSS JOIN LATERAL (
			SELECT min(m.date) AS date, bool_or(m.currency <> a.currency) AS mixed
			FROM transactions m WHERE m.id = ANY (g.left_ids || g.right_ids)
		) r
		WHERE a.context_num = $1 AND a.posting_status <> 'REVERSED' AND g.status = 'CONFIRMED'
			AND a.reason NOT IN ('BANK_ERROR', 'TRANSFER') AND NOT g.id = ANY ($3)
		ORDER BY a.booked_by IS NOT NULL, a.num DESC LIMIT $2`, contextNum, owedMax, apart))
	if err != nil {
		return nil, fmt.Errorf("reading what is to be booked: %w", err)
	}
	for i := range owed {
		if o := &owed[i]; o.Number == "" {
			o.Number = tx.adjustmentNumber(o.ID)
		}
	}
	return owed, nil
}

// saveAdjustments stores what the run's confirmed groups are apart, and which rows have booked it.
func (tx *Tx) saveAdjustments(ctx context.Context, save RunSave) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	args := pgx.NamedArgs{"actor": tx.actor, "now": now}
	args["first"], args["last"] = rowIDs(save.Run.Num)
	var groups, booked []int64
	var numbers, accounts []string
	var loose []bool
	for _, a := range save.Adjustments {
		groups = append(groups, rowID(save.Run.Num, a.Ordinal))
		numbers, accounts = append(numbers, a.Number), append(accounts, a.Account)
		booked, loose = append(booked, a.BookedBy), append(loose, a.Loose)
	}
	args["groups"], args["numbers"], args["accounts"] = groups, numbers, accounts
	args["booked"], args["loose"] = booked, loose
	_, err = tx.exec(ctx, "storing adjustments", `
		INSERT INTO adjustments (group_id, ordinal, context_num, amount, currency, reason, created_by, number, account, booked_by,
			booked_loosely, posting_status, posting_reference, posted_at, posted_by)
		SELECT g.id, 1, g.context_num, g.difference, g.currency, g.difference_reason, @actor, coalesce(u.number, ''),
			coalesce(u.account, ''), t.id, coalesce(u.loose, false), CASE WHEN t.id IS NULL THEN 'UNPOSTED' ELSE 'POSTED' END,
			coalesce(t.external_id, ''), CASE WHEN t.id IS NOT NULL THEN @now::timestamptz END, CASE WHEN t.id IS NULL THEN '' ELSE @actor END
		FROM match_groups g
		LEFT JOIN unnest(@groups::bigint[], @numbers::text[], @accounts::text[], @booked::bigint[], @loose::boolean[])
			AS u (id, number, account, booked, loose) ON u.id = g.id
		LEFT JOIN transactions t ON t.id = u.booked
		WHERE g.id BETWEEN @first AND @last AND g.status = 'CONFIRMED' AND g.difference <> 0 AND g.difference_reason IS NOT NULL`, args)
	return err
}

// saveBookings lets rows book what earlier runs left. An adjustment that was reversed meanwhile, or booked by another
// row, makes the run look again.
func (tx *Tx) saveBookings(ctx context.Context, save RunSave) error {
	if len(save.Firm) > 0 {
		if _, err := tx.exec(ctx, "naming what is booked", `
			UPDATE adjustments SET booked_loosely = false WHERE num = ANY ($1)`, save.Firm); err != nil {
			return err
		}
	}
	var nums, rows []int64
	var loose []bool
	for _, b := range save.Bookings {
		nums, rows, loose = append(nums, b.Adjustment), append(rows, b.TransactionID), append(loose, b.Loose)
	}
	if len(nums) == 0 {
		return nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	booked, err := tx.exec(ctx, "booking adjustments", `
		WITH booked AS (
			UPDATE adjustments a SET booked_by = u.id, booked_loosely = u.loose, posting_status = 'POSTED',
				posting_reference = CASE a.posting_reference WHEN '' THEN t.external_id ELSE a.posting_reference END,
				posted_at = coalesce(a.posted_at, @now::timestamptz), posted_by = CASE a.posted_by WHEN '' THEN @actor ELSE a.posted_by END
			FROM unnest(@nums::bigint[], @rows::bigint[], @loose::boolean[]) AS u (num, id, loose)
			JOIN transactions t ON t.id = u.id
			WHERE a.num = u.num AND a.booked_by IS NULL AND a.posting_status <> 'REVERSED'
			RETURNING a.group_id, a.booked_by, t.amount
		)
		INSERT INTO active_items (transaction_id, group_id, amount)
		SELECT booked_by, group_id, amount FROM booked ORDER BY booked_by`,
		pgx.NamedArgs{"nums": nums, "rows": rows, "loose": loose, "actor": tx.actor, "now": now})
	if violates(err, "active_items_pkey") || err == nil && booked != int64(len(nums)) {
		return ErrRowsMoved
	}
	return err
}
