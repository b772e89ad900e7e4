//go:build integration

package matching_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/matching"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func (b *bundle) replay(t *testing.T, runID string) recon.Replay {
	t.Helper()
	told, err := matching.Replay(b.ctx, b.DB, runID)
	require.NoError(t, err)
	return told
}

func (b *bundle) exec(t *testing.T, sql string) {
	t.Helper()
	conn := b.Owner(t)
	_, err := conn.Exec(t.Context(), `SET search_path TO "`+b.tenantID+`"`)
	require.NoError(t, err)
	tag, err := conn.Exec(t.Context(), sql)
	require.NoError(t, err)
	require.EqualValues(t, 1, tag.RowsAffected(), sql)
}

func TestReplay(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 300))
	b.load(t, b.right, rows("R", 300))
	first := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, first.Status, first.ErrorMessage)
	require.NotEmpty(t, first.GroupsHash)

	t.Run("as it was, at once", func(t *testing.T) {
		told := b.replay(t, first.ID)
		require.True(t, told.Identical, "%+v", told)
		require.Equal(t, []string{first.InputHash, first.RulesHash, first.ResultHash, first.GroupsHash},
			[]string{told.InputHash, told.RulesHash, told.ResultHash, told.GroupsHash})
		require.NotZero(t, told.GroupsCompared)
		require.Equal(t, told.Groups, told.GroupsCompared)
	})

	proposed := b.groups(t, recon.GroupFilter{Status: recon.GroupProposed})
	require.Greater(t, len(proposed), 2)
	confirmed := b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed})
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.DecideGroup(b.ctx, proposed[0].ID, recon.Decision{Action: recon.ActionConfirm, Reason: recon.AdjustmentFee})
		return err
	})
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.DecideGroup(b.ctx, proposed[1].ID, recon.Decision{Action: recon.ActionReject, Note: "no"})
		return err
	})
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.DecideGroup(b.ctx, confirmed[0].ID, recon.Decision{Action: recon.ActionUnmatch, Note: "no"})
		return err
	})
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{Name: "near", Type: recon.RuleTolerance, Priority: 10})
		return err
	})
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.UpdateSource(b.ctx, b.left, 0, func(source *recon.Source) error {
			source.Name = "renamed"
			return nil
		})
		return err
	})
	late := b.load(t, b.left, []string{"LATE,2026-03-30,12.00,LATE,late"})
	second := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, second.Status, second.ErrorMessage)

	t.Run("identical after imports, decisions, rule edits, another name and another run", func(t *testing.T) {
		told := b.replay(t, first.ID)
		require.True(t, told.Identical, "%+v", told)
		require.NotZero(t, told.GroupsGone, "what the second run weighed again is gone")
		require.Equal(t, told.Groups, told.GroupsCompared+told.GroupsGone)
		again := b.replay(t, second.ID)
		require.True(t, again.Identical, "%+v", again)
	})
	t.Run("a tampered group is found, to the field", func(t *testing.T) {
		for field, change := range map[string][2]string{
			"score":      {`score = score - 1`, `score = score + 1`},
			"leftAmount": {`left_amount = left_amount + 1`, `left_amount = left_amount - 1`},
			"status":     {`status = 'PROPOSED'`, `status = 'CONFIRMED'`},
			"heldBy":     {`held_by = 'SCORE'`, `held_by = NULL`},
		} {
			where := ` WHERE id = (SELECT max(id) FROM match_groups WHERE id >= (SELECT num FROM runs WHERE mode = 'COMMIT' ORDER BY num LIMIT 1) << 32
				AND id < ((SELECT num FROM runs WHERE mode = 'COMMIT' ORDER BY num LIMIT 1) + 1) << 32
				AND NOT EXISTS (SELECT 1 FROM group_decisions d WHERE d.group_id = match_groups.id))`
			b.exec(t, `UPDATE match_groups SET `+change[0]+where)
			told := b.replay(t, first.ID)
			require.False(t, told.Identical)
			require.True(t, told.Comparable)
			require.EqualValues(t, 1, told.DifferencesTotal, "%+v", told.Differences)
			require.Equal(t, field, told.Differences[0].Field)
			require.NotEmpty(t, told.Differences[0].GroupID)
			b.exec(t, `UPDATE match_groups SET `+change[1]+where)
		}
		require.True(t, b.replay(t, first.ID).Identical)
	})
	t.Run("a tampered hash of the run is found", func(t *testing.T) {
		b.exec(t, `UPDATE runs SET groups_hash = 'sha256:0' || groups_hash WHERE id = '`+first.ID+`'`)
		told := b.replay(t, first.ID)
		require.Equal(t, "groupsHash", told.Differences[0].Field)
		b.exec(t, `UPDATE runs SET groups_hash = substr(groups_hash, 9) WHERE id = '`+first.ID+`'`)
		require.True(t, b.replay(t, first.ID).Identical)
	})
	t.Run("voided rows are told, and nothing is compared", func(t *testing.T) {
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.VoidImport(b.ctx, late.ID)
			return err
		})
		told := b.replay(t, second.ID)
		require.False(t, told.Identical)
		require.False(t, told.Comparable)
		require.Equal(t, "ROWS_VOIDED", told.Reason.Code)
		require.Empty(t, told.Differences)
		require.True(t, b.replay(t, first.ID).Identical, "the first run did not read them")
	})
	t.Run("another engine and rows that were not kept are told", func(t *testing.T) {
		b.exec(t, `UPDATE runs SET plan = jsonb_set(plan, '{engineVersion}', '"engine/0"') WHERE id = '`+first.ID+`'`)
		require.Equal(t, "ENGINE_CHANGED", b.replay(t, first.ID).Reason.Code)
		b.exec(t, `DELETE FROM run_inputs WHERE run_num = (SELECT num FROM runs WHERE id = '`+first.ID+`')`)
		require.Equal(t, "ROWS_NOT_KEPT", b.replay(t, first.ID).Reason.Code)
	})
	t.Run("only a finished run can be replayed", func(t *testing.T) {
		queued, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
		require.NoError(t, err)
		_, err = matching.Replay(b.ctx, b.DB, queued.ID)
		require.Equal(t, "RUN_NOT_REPLAYABLE", recon.CodeOf(err))
	})
	require.Positive(t, b.count(t, `SELECT count(*) FROM audit_log WHERE action = 'run.replay'`))
}

func TestReplay_ADryRunUntilItExpires(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 50))
	b.load(t, b.right, rows("R", 50))
	dry := b.run(t, s, recon.RunDry)
	told := b.replay(t, dry.ID)
	require.True(t, told.Identical, "%+v", told)
	b.run(t, s, recon.RunCommit)
	require.Equal(t, "ROWS_NOT_KEPT", b.replay(t, dry.ID).Reason.Code)
}
