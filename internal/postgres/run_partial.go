package postgres

import (
	"context"
	"fmt"

	"matcher/internal/recon"
)

// partials reads the partial groups that a run may take up. One of which a part has been adjusted stays as it is until
// people decide on it: what is left of it is not what its rows say.
func (tx *Tx) partials(ctx context.Context, in *RunInput) error {
	var err error
	in.Options.Partials, err = all[recon.PartialGroup](tx.query(ctx, `
		SELECT g.id, g.left_ids AS "left", g.right_ids AS "right",
			coalesce(v.body ->> 'name', r.plan -> 'rules' -> (g.rule_version - 1) ->> 'name', '') AS rule
		FROM match_groups g
		LEFT JOIN runs r ON r.num = g.id >> 32
		LEFT JOIN rule_versions v ON v.rule_id = g.rule_id AND v.version = g.rule_version
		WHERE `+takenUp+` AND g.context_num = $1
		ORDER BY g.id`, in.Context.Num))
	if err != nil {
		return fmt.Errorf("reading partial groups: %w", err)
	}
	return nil
}

// takenUp are the partial groups g whose rows a run loads.
const takenUp = `g.status = 'PARTIAL' AND NOT g.preview AND g.residual = g.difference`

// supersede frees the rows of partial groups for the groups that replace them. The old groups stay as history.
func (tx *Tx) supersede(ctx context.Context, save RunSave) error {
	if len(save.Superseded) == 0 {
		return nil
	}
	taken, err := tx.exec(ctx, "superseding partial groups", `
		WITH old AS (
			UPDATE match_groups g SET status = $3, residual = 0
			WHERE g.id = ANY ($1) AND g.context_num = $2 AND `+takenUp+`
			RETURNING g.id, g.left_ids || g.right_ids AS members
		), freed AS (
			DELETE FROM active_items a USING (SELECT id, unnest(members) AS member FROM old) m
			WHERE a.transaction_id = m.member AND a.group_id = m.id
			RETURNING a.transaction_id
		), listed AS (`+listFreed+`)
		INSERT INTO group_decisions (group_id, ordinal, from_status, to_status, note, created_by)
		SELECT old.id, 1 + (SELECT count(*) FROM group_decisions d WHERE d.group_id = old.id), 'PARTIAL', $3, $4, $5 FROM old`,
		save.Superseded, save.Context.Num, recon.GroupSuperseded.String(), "taken up by run "+save.Run.ID, tx.Actor())
	if err == nil && taken != int64(len(save.Superseded)) {
		err = ErrRowsMoved
	}
	return err
}
