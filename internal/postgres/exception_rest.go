package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// What is left of a partial group is open money: it has an exception of its own, which is kept on the first row of the
// side that has more, over the amount that is left, as old as the oldest row of the group. It goes when the group
// ties, is confirmed, is taken apart, or is taken up by another one.

// restRow is that row of group g, and restOnRight is the side that has more.
const (
	restOnRight = `abs(g.right_amount) > abs(g.left_amount)`
	restRow     = `CASE WHEN ` + restOnRight + ` THEN g.right_ids[1] ELSE g.left_ids[1] END`
)

// openRests brings the exceptions of some partial groups g in line with what is left of them. One that was open before
// keeps its age, assignee and severity.
func (tx *Tx) openRests(ctx context.Context, runNum int64, where string, args pgx.NamedArgs) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	args["run"], args["now"] = runNum, now
	args["class"], args["reason"] = recon.ClassBreak.String(), recon.ReasonPartialRest.String()
	keys, err := pgx.CollectRows(tx.query(ctx, `
		WITH rests AS (
			SELECT `+restRow+` AS id, g.context_num, g.currency, g.residual, `+restOnRight+` AS on_right,
				cardinality(g.left_ids) AS lefts, cardinality(g.right_ids) AS rights,
				(SELECT min(t.date) FROM transactions t WHERE t.id = ANY (g.left_ids || g.right_ids)) AS date
			FROM match_groups g WHERE g.status = 'PARTIAL' AND NOT g.preview AND `+where+`
		), closed AS (
			UPDATE exceptions e SET status = 'RESOLVED', resolution = 'ADJUSTED', resolved_at = @now, snoozed_until = NULL,
				standing = false, resolution_num = NULL
			FROM rests r WHERE r.residual = 0 AND e.transaction_id = r.id AND (e.status <> 'RESOLVED' OR e.standing)
		)
		INSERT INTO exceptions AS e (transaction_id, context_num, source_num, run_num, amount, date, currency, side, class, reason,
			suggestion, due, severity, opened_at)
		SELECT t.id, r.context_num, t.source_num, @run, CASE WHEN on_right THEN -r.residual ELSE r.residual END, r.date, r.currency,
			CASE WHEN on_right THEN 'RIGHT' ELSE 'LEFT' END, @class, @reason,
			format('what is left of a partial group of %s left and %s right rows', r.lefts, r.rights), @now::date, 1, @now::timestamptz
		FROM rests r JOIN transactions t ON t.id = r.id
		WHERE r.residual <> 0
		ORDER BY t.id
		ON CONFLICT (transaction_id) DO UPDATE SET run_num = EXCLUDED.run_num, amount = EXCLUDED.amount, date = EXCLUDED.date,
			class = EXCLUDED.class, reason = EXCLUDED.reason, nearest_id = NULL, nearest_difference = NULL,
			suggestion = EXCLUDED.suggestion,`+openAgain+`
		RETURNING e.transaction_id`, args), pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("listing what is left of partial groups: %w", err)
	}
	return tx.assess(ctx, keys)
}

// openRestsOfRun is openRests for the partial groups that a run made; those that it kept stay as they are.
func (tx *Tx) openRestsOfRun(ctx context.Context, save RunSave) error {
	first, last := rowIDs(save.Run.Num)
	return tx.openRests(ctx, save.Run.Num, `g.id BETWEEN @first AND @last`, pgx.NamedArgs{"first": first, "last": last})
}

// restChanged is openRests for a group of which a part was adjusted, or an adjustment taken back.
func (tx *Tx) restChanged(ctx context.Context, group int64) error {
	return tx.openRests(ctx, 0, `g.id = @group`, pgx.NamedArgs{"group": group})
}
