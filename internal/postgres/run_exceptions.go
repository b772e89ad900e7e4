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
	stream := newCopyStream(save.Exceptions,
		func(r copyRow, e *ExceptionRow) copyRow { return e.append(r, &save, now) })
	if !earlier {
		if err := tx.firstExceptions(ctx, save, stream); err != nil {
			return err
		}
		return tx.openRestsOfRun(ctx, save)
	}
	if err := tx.openExceptions(ctx, stream); err != nil {
		return err
	}
	if err := tx.openRestsOfRun(ctx, save); err != nil {
		return err
	}
	return tx.resolveExceptions(ctx, save)
}

const exceptionColumns = `transaction_id, context_num, source_num, run_num, amount, nearest_id, nearest_difference, date,
	currency, side, class, reason, suggestion, status, severity, assignee, resolution, opened_at`

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
	_, err := tx.exec(ctx, "making the staging table", `CREATE TEMPORARY TABLE stg_exceptions (LIKE exceptions) ON COMMIT DROP`)
	if err != nil {
		return err
	}
	if _, err := tx.copyIn(ctx, `COPY stg_exceptions (`+exceptionColumns+`) FROM STDIN (FORMAT binary)`, rows); err != nil {
		return err
	}
	_, err = tx.exec(ctx, "opening exceptions", `
		INSERT INTO exceptions AS e (transaction_id, context_num, source_num, run_num, amount, nearest_id, nearest_difference,
			date, currency, side, class, reason, suggestion, opened_at)
		SELECT transaction_id, context_num, source_num, run_num, amount, nearest_id, nearest_difference,
			date, currency, side, class, reason, suggestion, opened_at
		FROM stg_exceptions s
		WHERE NOT EXISTS (SELECT 1 FROM ignored_items n WHERE n.transaction_id = s.transaction_id)
		ORDER BY transaction_id
		ON CONFLICT (transaction_id) DO UPDATE SET run_num = EXCLUDED.run_num, amount = EXCLUDED.amount,
			date = EXCLUDED.date, nearest_id = EXCLUDED.nearest_id, nearest_difference = EXCLUDED.nearest_difference, class = EXCLUDED.class, reason = EXCLUDED.reason,
			suggestion = EXCLUDED.suggestion, status = 'OPEN', resolution = '', resolved_at = NULL,
			opened_at = CASE e.status WHEN 'OPEN' THEN e.opened_at ELSE EXCLUDED.opened_at END`)
	return err
}

func (e *ExceptionRow) append(r copyRow, save *RunSave, opened time.Time) copyRow {
	r = r.fields(18).int8(e.TransactionID).int4(save.Context.Num).int4(e.SourceNum).int8(save.Run.Num).int8(e.Amount)
	if e.Nearest == 0 {
		r = r.null()
	} else {
		r = r.int8(e.Nearest)
	}
	r = r.minor(e.Difference).day(e.Date).text(e.Currency)
	r = r.text(string(e.Side)).text(e.Class.String()).text(e.Reason.String())
	return r.text(e.Suggestion).text("OPEN").text("MEDIUM").text("").text("").int8(opened.UnixMicro() - epochMicros)
}

// resolveExceptions closes those whose rows are no longer open, save for what is left of partial groups.
func (tx *Tx) resolveExceptions(ctx context.Context, save RunSave) error {
	_, err := tx.exec(ctx, "resolving exceptions", `
		UPDATE exceptions e SET status = 'RESOLVED', resolved_at = now(),
			resolution = CASE WHEN g.status IN ('PROPOSED', 'PARTIAL') THEN g.status ELSE 'MATCHED' END
		FROM active_items a JOIN match_groups g ON g.id = a.group_id
		WHERE e.context_num = $1 AND e.status = 'OPEN' AND e.run_num <> $2 AND a.transaction_id = e.transaction_id
		AND NOT (g.status = 'PARTIAL' AND e.reason = $3 AND e.transaction_id = `+restRow+`)`,
		save.Context.Num, save.Run.Num, recon.ReasonPartialRest.String())
	return err
}
