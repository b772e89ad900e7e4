package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

const feeRuleColumns = `f.id::text, f.context_id::text, f.body, f.version, f.created_at, f.updated_at, f.created_by`

func scanFeeRule(row pgx.CollectableRow) (r recon.StoredFeeRule, err error) {
	var body []byte
	if err := row.Scan(&r.ID, &r.ContextID, &body, &r.Version, &r.CreatedAt, &r.UpdatedAt, &r.CreatedBy); err != nil {
		return r, err
	}
	r.CreatedAt, r.UpdatedAt = r.CreatedAt.UTC(), r.UpdatedAt.UTC()
	return r, json.Unmarshal(body, &r.Rule)
}

// CreateFeeRule stores a new fee rule; its schedule and its sources must be there.
func (tx *Tx) CreateFeeRule(ctx context.Context, contextID string, rule recon.FeeRule) (recon.StoredFeeRule, error) {
	if err := tx.holdOpenContext(ctx, contextID); err != nil {
		return recon.StoredFeeRule{}, err
	}
	schedule, err := tx.feeRuleTargets(ctx, contextID, rule)
	if err != nil {
		return recon.StoredFeeRule{}, err
	}
	rows, _ := tx.tx.Query(ctx, `
		INSERT INTO fee_rules AS f (id, context_id, fee_schedule_id, name, priority, body, created_by)
		VALUES (@id, @context, @schedule, @name, @priority, @body, @actor) RETURNING `+feeRuleColumns, pgx.NamedArgs{
		"id": newID(), "context": contextID, "schedule": schedule, "name": rule.Name, "priority": rule.Priority, "body": rule,
		"actor": tx.actor,
	})
	made, err := pgx.CollectExactlyOneRow(rows, scanFeeRule)
	if err == nil {
		tx.Audit("fee_rule.create", "fee rule", made.ID, made)
	}
	return made, err
}

// feeRuleTargets is the id of the rule's schedule, held against being deleted, once its sources are known to be there.
func (tx *Tx) feeRuleTargets(ctx context.Context, contextID string, rule recon.FeeRule) (schedule string, err error) {
	err = tx.tx.QueryRow(ctx, `SELECT id::text FROM fee_schedules WHERE name = $1 FOR SHARE`, rule.FeeSchedule).Scan(&schedule)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", feeRuleRefused("/feeSchedule", "is no fee schedule")
	}
	if err != nil {
		return "", fmt.Errorf("looking for the fee schedule: %w", err)
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT n - 1 FROM unnest(@names::text[]) WITH ORDINALITY AS u (name, n)
		WHERE NOT EXISTS (SELECT 1 FROM sources s WHERE s.context_id = @context AND s.name = u.name) ORDER BY n LIMIT 1`,
		pgx.NamedArgs{"names": rule.Sources, "context": contextID})
	unknown, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err == nil && len(unknown) > 0 {
		err = feeRuleRefused(fmt.Sprintf("/sources/%d", unknown[0]), "is no source of this context")
	}
	return schedule, err
}

func feeRuleRefused(pointer, message string) error {
	return recon.Unprocessable("FEE_RULE_INVALID", "the fee rule cannot work",
		recon.FieldError{Pointer: pointer, Code: recon.CodeValue, Message: message})
}

// FeeRules lists a context's fee rules in the order in which they are tried: all of them, since they are read as one list.
func (tx *Tx) FeeRules(ctx context.Context, contextID string) ([]recon.StoredFeeRule, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return nil, err
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT `+feeRuleColumns+` FROM fee_rules f WHERE f.context_id = $1 ORDER BY f.priority LIMIT $2`, contextID, maxRulesPerContext)
	return pgx.CollectRows(rows, scanFeeRule)
}

// FeeRule is one fee rule.
func (tx *Tx) FeeRule(ctx context.Context, id string) (recon.StoredFeeRule, error) {
	return tx.feeRuleRow(ctx, id, "")
}

func (tx *Tx) feeRuleRow(ctx context.Context, id, lock string) (recon.StoredFeeRule, error) {
	if !auth.IsUUID(id) {
		return recon.StoredFeeRule{}, recon.NotFound("fee rule")
	}
	rows, _ := tx.tx.Query(ctx, `SELECT `+feeRuleColumns+` FROM fee_rules f WHERE f.id = $1 `+lock, id)
	found, err := pgx.CollectExactlyOneRow(rows, scanFeeRule)
	return found, notFound(err, "fee rule")
}

func (tx *Tx) lockFeeRule(ctx context.Context, id string, version int) (recon.StoredFeeRule, error) {
	found, err := tx.feeRuleRow(ctx, id, "FOR UPDATE")
	if err != nil {
		return found, err
	}
	if version != 0 && version != found.Version {
		return found, recon.Stale("fee rule")
	}
	return found, tx.holdOpenContext(ctx, found.ContextID)
}

// UpdateFeeRule stores another rule in its place.
func (tx *Tx) UpdateFeeRule(ctx context.Context, id string, version int, rule recon.FeeRule) (recon.StoredFeeRule, error) {
	found, err := tx.lockFeeRule(ctx, id, version)
	if err != nil {
		return found, err
	}
	schedule, err := tx.feeRuleTargets(ctx, found.ContextID, rule)
	if err != nil {
		return found, err
	}
	rows, _ := tx.tx.Query(ctx, `
		UPDATE fee_rules f SET fee_schedule_id = @schedule, name = @name, priority = @priority, body = @body,
			version = version + 1, updated_at = now()
		WHERE f.id = @id RETURNING `+feeRuleColumns, pgx.NamedArgs{
		"id": id, "schedule": schedule, "name": rule.Name, "priority": rule.Priority, "body": rule,
	})
	changed, err := pgx.CollectExactlyOneRow(rows, scanFeeRule)
	if err == nil {
		tx.Audit("fee_rule.update", "fee rule", id, changed)
	}
	return changed, err
}

// DeleteFeeRule deletes a fee rule.
func (tx *Tx) DeleteFeeRule(ctx context.Context, id string, version int) error {
	found, err := tx.lockFeeRule(ctx, id, version)
	if err != nil {
		return err
	}
	if _, err := tx.tx.Exec(ctx, `DELETE FROM fee_rules WHERE id = $1`, id); err != nil {
		return err
	}
	tx.Audit("fee_rule.delete", "fee rule", id, found)
	return nil
}

// chargedRow is a row that says what fee was taken.
type chargedRow struct {
	key          int64
	amount, fee  recon.Minor
	source, kind string
	check        recon.FeeCheck
}

// FeeChecks compares the fees of a context's rows with what the schedules of its fee rules allow, in the order in which
// the rows were loaded. Rows that no rule fits, or of another currency than the schedule, have nothing to be compared with
// and are left out; verdict, where given, leaves out the others.
func (tx *Tx) FeeChecks(ctx context.Context, contextID, verdict string, page Page) ([]recon.FeeCheck, string, error) {
	after, err := page.afterInt(0)
	if err != nil {
		return nil, "", err
	}
	verify, err := tx.feeVerifier(ctx, contextID)
	if err != nil {
		return nil, "", err
	}
	var checks []recon.FeeCheck
	for {
		rows, err := tx.chargedRows(ctx, contextID, after)
		if err != nil {
			return nil, "", err
		}
		for i := range rows {
			found, err := verify(&rows[i])
			if err != nil {
				return nil, "", err
			}
			after = rows[i].key
			if !found || verdict != "" && rows[i].check.Verdict != verdict {
				continue
			}
			if checks = append(checks, rows[i].check); len(checks) == page.Size() {
				return checks, cursorOf(after), nil
			}
		}
		if len(rows) < chargedRowsAtOnce {
			return checks, "", nil
		}
	}
}

// chargedRowsAtOnce is how many rows are read before looking whether the page is full.
const chargedRowsAtOnce = 5000

func (tx *Tx) chargedRows(ctx context.Context, contextID string, after int64) ([]chargedRow, error) {
	rows, _ := tx.tx.Query(ctx, `
		SELECT t.id, coalesce(t.gross, t.amount), t.fee, s.name, coalesce(t.kind, ''), coalesce(t.external_id, ''), s.id::text, t.date,
			t.currency
		FROM transactions t JOIN sources s ON s.num = t.source_num
		WHERE s.context_id = $1 AND t.id > $2 AND t.fee IS NOT NULL ORDER BY t.id LIMIT $3`, contextID, after, chargedRowsAtOnce)
	charged, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r chargedRow, err error) {
		var date pgtype.Date
		err = row.Scan(&r.key, &r.amount, &r.fee, &r.source, &r.kind, &r.check.ExternalID, &r.check.SourceID, &date, &r.check.Currency)
		r.check.Date, r.check.TransactionID = dayOf(date), tx.ids(kindTransaction).Public(r.key)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading rows with fees: %w", err)
	}
	return charged, nil
}

// feeVerifier fills in a row's check by the first rule that fits it, and says whether there is one.
func (tx *Tx) feeVerifier(ctx context.Context, contextID string) (func(r *chargedRow) (bool, error), error) {
	rules, err := tx.FeeRules(ctx, contextID)
	if err != nil {
		return nil, err
	}
	all, err := everyConfigured(ctx, tx, feeSchedules, "")
	if err != nil {
		return nil, err
	}
	compiled, currency := map[string]*recon.CompiledSchedule{}, map[string]string{}
	for _, schedule := range all {
		if compiled[schedule.Name], err = schedule.Compile(); err != nil {
			return nil, err
		}
		currency[schedule.Name] = schedule.Currency
	}
	return func(r *chargedRow) (bool, error) {
		for i := range rules {
			rule := &rules[i].Rule
			if !rule.Fits(r.source, r.kind) || currency[rule.FeeSchedule] != r.check.Currency {
				continue
			}
			v, err := compiled[rule.FeeSchedule].Verify(r.amount, r.fee)
			c := &r.check
			c.FeeRule, c.FeeSchedule, c.Verdict = rule.Name, rule.FeeSchedule, v.Verdict
			c.Amount, c.Expected = decimal(int64(v.Amount), c.Currency), decimal(int64(v.Expected), c.Currency)
			c.Actual, c.Delta = decimal(int64(v.Actual), c.Currency), decimal(int64(v.Delta), c.Currency)
			return true, err
		}
		return false, nil
	}, nil
}
