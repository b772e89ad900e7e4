package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

const feeRuleColumns = `f.id, f.context_id, f.body AS rule, f.version, f.created_at, f.updated_at, f.created_by`

var feeRules = noun[recon.StoredFeeRule]{
	name: "fee rule", sql: `SELECT ` + feeRuleColumns + ` FROM fee_rules f WHERE f.id = $1`,
	version: func(r recon.StoredFeeRule) int { return r.Version },
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
	made, err := one[recon.StoredFeeRule](tx.query(ctx, `
		INSERT INTO fee_rules AS f (id, context_id, fee_schedule_id, name, priority, body, created_by)
		VALUES (@id, @context, @schedule, @name, @priority, @body, @actor) RETURNING `+feeRuleColumns, pgx.NamedArgs{
		"id": newID(), "context": contextID, "schedule": schedule, "name": rule.Name, "priority": rule.Priority, "body": rule,
		"actor": tx.actor,
	}), "fee rule")
	if err == nil {
		tx.Audit("fee_rule.create", "fee rule", made.ID, made)
	}
	return made, err
}

// feeRuleTargets is the id of the rule's schedule, held against being deleted, once its sources are known to be there.
func (tx *Tx) feeRuleTargets(ctx context.Context, contextID string, rule recon.FeeRule) (schedule string, err error) {
	schedule, err = value[string](tx.query(ctx, `SELECT id::text FROM fee_schedules WHERE name = $1 FOR SHARE`, rule.FeeSchedule))
	if errors.Is(err, pgx.ErrNoRows) {
		return "", feeRuleRefused("/feeSchedule", "is no fee schedule")
	}
	if err != nil {
		return "", fmt.Errorf("looking for the fee schedule: %w", err)
	}
	unknown, err := pgx.CollectRows(tx.query(ctx, `
		SELECT n - 1 FROM unnest(@names::text[]) WITH ORDINALITY AS u (name, n)
		WHERE NOT EXISTS (SELECT 1 FROM sources s WHERE s.context_id = @context AND s.name = u.name) ORDER BY n LIMIT 1`,
		pgx.NamedArgs{"names": rule.Sources, "context": contextID}), pgx.RowTo[int64])
	if err == nil && len(unknown) > 0 {
		err = feeRuleRefused(fmt.Sprintf("/sources/%d", unknown[0]), "is no source of this context")
	}
	return schedule, err
}

func feeRuleRefused(pointer, message string) error {
	return recon.Unprocessable(recon.CodeValidationFailed, "the fee rule cannot work",
		recon.FieldError{Pointer: pointer, Code: recon.CodeInvalidValue, Message: message})
}

// FeeRules lists a context's fee rules in the order in which they are tried: all of them, since they are read as one
// list.
func (tx *Tx) FeeRules(ctx context.Context, contextID string) ([]recon.StoredFeeRule, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return nil, err
	}
	return all[recon.StoredFeeRule](tx.query(ctx, `
		SELECT `+feeRuleColumns+` FROM fee_rules f WHERE f.context_id = $1 ORDER BY f.priority LIMIT $2`,
		contextID, recon.PriorityMax))
}

// FeeRule is one fee rule.
func (tx *Tx) FeeRule(ctx context.Context, id string) (recon.StoredFeeRule, error) {
	return feeRules.read(ctx, tx, id, "")
}

func (tx *Tx) lockFeeRule(ctx context.Context, id string, version int) (recon.StoredFeeRule, error) {
	found, err := feeRules.forChange(ctx, tx, id, version)
	if err != nil {
		return found, err
	}
	return found, tx.holdOpenContext(ctx, found.ContextID)
}

// UpdateFeeRule stores another rule in its place.
func (tx *Tx) UpdateFeeRule(
	ctx context.Context, id string, version int, rule recon.FeeRule,
) (recon.StoredFeeRule, error) {
	found, err := tx.lockFeeRule(ctx, id, version)
	if err != nil {
		return found, err
	}
	schedule, err := tx.feeRuleTargets(ctx, found.ContextID, rule)
	if err != nil {
		return found, err
	}
	changed, err := one[recon.StoredFeeRule](tx.query(ctx, `
		UPDATE fee_rules f SET fee_schedule_id = @schedule, name = @name, priority = @priority, body = @body,
			version = version + 1, updated_at = now()
		WHERE f.id = @id RETURNING `+feeRuleColumns, pgx.NamedArgs{
		"id": id, "schedule": schedule, "name": rule.Name, "priority": rule.Priority, "body": rule,
	}), "fee rule")
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

// chargedRow is a row with the fee that was taken.
type chargedRow struct {
	recon.FeeCheck
	Key          int64
	Minor, Taken recon.Minor
	Source, Kind string
}

// FeeChecks compares the fees of a context's rows with what the schedules of its fee rules allow, in the order in
// which the rows were loaded. Rows that no rule fits, or of another currency than the schedule, have nothing to be
// compared with and are left out; verdict, where given, leaves out the others.
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
			after = rows[i].Key
			if !found || verdict != "" && rows[i].Verdict != verdict {
				continue
			}
			if checks = append(checks, rows[i].FeeCheck); len(checks) == page.Size() {
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
	charged, err := all[chargedRow](tx.query(ctx, `
		SELECT t.id AS key, coalesce(t.gross, t.amount) AS minor, t.fee AS taken, s.name AS source, coalesce(t.kind, '') AS kind,
			coalesce(t.external_id, '') AS external_id, s.id AS source_id, t.date, t.currency
		FROM transactions t JOIN sources s ON s.num = t.source_num
		WHERE s.context_id = $1 AND t.id > $2 AND t.fee IS NOT NULL ORDER BY t.id LIMIT $3`,
		contextID, after, chargedRowsAtOnce))
	if err != nil {
		return nil, fmt.Errorf("reading rows with fees: %w", err)
	}
	for i := range charged {
		charged[i].TransactionID = tx.ids(kindTransaction).Public(charged[i].Key)
	}
	return charged, nil
}

// feeVerifier fills in a row's check by the first rule that fits it, and reports whether there is one.
func (tx *Tx) feeVerifier(ctx context.Context, contextID string) (func(r *chargedRow) (bool, error), error) {
	rules, err := tx.FeeRules(ctx, contextID)
	if err != nil {
		return nil, err
	}
	all, err := tx.feeSchedules().values(ctx, "")
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
			if !rule.Fits(r.Source, r.Kind) || currency[rule.FeeSchedule] != r.Currency {
				continue
			}
			v, err := compiled[rule.FeeSchedule].Verify(r.Minor, r.Taken)
			c := &r.FeeCheck
			c.FeeRule, c.FeeSchedule, c.Verdict = rule.Name, rule.FeeSchedule, v.Verdict
			c.Amount, c.Expected = decimal(int64(v.Amount), c.Currency), decimal(int64(v.Expected), c.Currency)
			c.Actual, c.Delta = decimal(int64(v.Actual), c.Currency), decimal(int64(v.Delta), c.Currency)
			return true, err
		}
		return false, nil
	}, nil
}
