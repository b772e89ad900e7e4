package postgres

import (
	"context"
	"fmt"
	"io"
	"time"

	"matcher/internal/recon"
)

// saveExceptions writes what is open and why, and closes what no longer is. A context's first run has nothing to keep
// and nothing to close: its exceptions go straight into the table.
func (tx *Tx) saveExceptions(ctx context.Context, save RunSave) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	earlier, err := value[bool](tx.query(ctx, `SELECT EXISTS (SELECT 1 FROM exceptions WHERE context_num = $1)`, save.Context.Num))
	if err != nil {
		return fmt.Errorf("looking for earlier exceptions: %w", err)
	}
	policy, err := tx.policyToday(ctx, save.Context.Num)
	if err != nil {
		return err
	}
	stream := newCopyStream(save.Exceptions,
		func(r copyRow, e *ExceptionRow) copyRow { return e.append(r, &save, policy.Assess(e.fact()), now) })
	if earlier {
		err = tx.openExceptions(ctx, stream)
	} else {
		err = tx.firstExceptions(ctx, save, stream)
	}
	if err != nil {
		return err
	}
	if err := tx.openRestsOfRun(ctx, save); err != nil {
		return err
	}
	if err := tx.resolveExceptions(ctx, save); err != nil {
		return err
	}
	return tx.assignNew(ctx, policy)
}

const exceptionColumns = `transaction_id, context_num, source_num, run_num, amount, nearest_id, nearest_difference, date,
	due, opens_on, currency, side, class, reason, suggestion, severity, severity_note, opened_at`

// firstExceptions takes back those of rows that were ignored meanwhile.
func (tx *Tx) firstExceptions(ctx context.Context, save RunSave, rows io.Reader) error {
	if _, err := tx.copyIn(ctx, `COPY exceptions (`+exceptionColumns+`) FROM STDIN (FORMAT binary)`, rows); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "leaving out ignored rows", `
		DELETE FROM exceptions WHERE context_num = $1 AND transaction_id IN (SELECT transaction_id FROM ignored_items)`,
		save.Context.Num)
	return err
}

// openExceptions adds to what earlier runs found. One that was open before keeps its age, assignee and severity.
func (tx *Tx) openExceptions(ctx context.Context, rows io.Reader) error {
	_, err := tx.exec(ctx, "making the staging table", `CREATE TEMPORARY TABLE stg_exceptions (LIKE exceptions INCLUDING DEFAULTS) ON COMMIT DROP`)
	if err != nil {
		return err
	}
	if _, err := tx.copyIn(ctx, `COPY stg_exceptions (`+exceptionColumns+`) FROM STDIN (FORMAT binary)`, rows); err != nil {
		return err
	}
	_, err = tx.exec(ctx, "opening exceptions", `
		INSERT INTO exceptions AS e (`+exceptionColumns+`)
		SELECT `+exceptionColumns+`
		FROM stg_exceptions s
		WHERE NOT EXISTS (SELECT 1 FROM ignored_items n WHERE n.transaction_id = s.transaction_id)
		ORDER BY transaction_id
		ON CONFLICT (transaction_id) DO UPDATE SET run_num = EXCLUDED.run_num, amount = EXCLUDED.amount,
			date = EXCLUDED.date, nearest_id = EXCLUDED.nearest_id, nearest_difference = EXCLUDED.nearest_difference,
			class = EXCLUDED.class, reason = EXCLUDED.reason, suggestion = EXCLUDED.suggestion, opens_on = EXCLUDED.opens_on,
			severity = EXCLUDED.severity, severity_note = EXCLUDED.severity_note,
			due = CASE e.status WHEN 'RESOLVED' THEN EXCLUDED.due ELSE least(e.due, EXCLUDED.due) END,`+openAgain)
	return err
}

// openAgain is the part of an upsert of exceptions e that concerns their life. One that is open stays as it is, with
// assignee and due day; one that was resolved while its money is still open stays resolved; any other one is open
// again.
const openAgain = `
			status = CASE WHEN e.status <> 'RESOLVED' OR ` + stillStanding + ` THEN e.status
				WHEN e.resolution IN ('PROPOSED', 'PARTIAL') THEN 'OPEN' ELSE 'REOPENED' END,
			resolution = CASE WHEN ` + stillStanding + ` THEN e.resolution ELSE '' END,
			resolution_num = CASE WHEN e.status <> 'RESOLVED' OR ` + stillStanding + ` THEN e.resolution_num END,
			resolved_at = CASE WHEN ` + stillStanding + ` THEN e.resolved_at END,
			opened_at = CASE WHEN e.status = 'RESOLVED' AND NOT (` + stillStanding + `) THEN EXCLUDED.opened_at ELSE e.opened_at END,
			standing = ` + stillStanding

// stillStanding: what is left of a partial group is another amount after another payment.
const stillStanding = `e.standing AND e.amount = EXCLUDED.amount`

func (e *ExceptionRow) fact() recon.OpenFact {
	return recon.OpenFact{
		Amount: recon.Minor(e.Amount), Currency: e.Currency, Date: e.Date, Side: e.Side, Class: e.Class,
		Reason: e.Reason,
	}
}

func (e *ExceptionRow) append(r copyRow, save *RunSave, a recon.Assessment, opened time.Time) copyRow {
	r = r.fields(18).int8(e.TransactionID).int4(save.Context.Num).int4(e.SourceNum).int8(save.Run.Num).int8(e.Amount)
	if e.Nearest == 0 {
		r = r.null()
	} else {
		r = r.int8(e.Nearest)
	}
	r = r.minor(e.Difference).day(e.Date).day(a.Due).day(a.OpensOn).text(e.Currency)
	r = r.text(string(e.Side)).text(e.Class.String()).text(e.Reason.String())
	return r.text(e.Suggestion).int2(int16(a.Severity)).text(a.Note).int8(opened.UnixMicro() - epochMicros)
}

// resolveExceptions closes those whose rows are no longer open, save for what is left of partial groups.
func (tx *Tx) resolveExceptions(ctx context.Context, save RunSave) error {
	_, err := tx.exec(ctx, "resolving exceptions", `
		UPDATE exceptions e SET status = 'RESOLVED', resolved_at = now(), standing = false, snoozed_until = NULL,
			resolution_num = NULL, resolution = CASE WHEN g.status IN ('PROPOSED', 'PARTIAL') THEN g.status ELSE 'MATCHED' END
		FROM active_items a JOIN match_groups g ON g.id = a.group_id
		WHERE e.context_num = $1 AND (e.status <> 'RESOLVED' OR e.standing AND g.status <> 'PROPOSED') AND e.run_num <> $2 AND a.transaction_id = e.transaction_id
		AND NOT (g.status = 'PARTIAL' AND e.reason = $3 AND e.transaction_id = `+restRow+`)`,
		save.Context.Num, save.Run.Num, recon.ReasonPartialRest.String())
	return err
}
