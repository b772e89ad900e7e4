//go:build integration

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestScoreDecisions_TellOfEveryGroupOfAboutTheScore(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.store(t, l.left, row("L1", 1000, 20_000), row("L2", 1001, 20_000), row("L3", 1002, 20_000), row("L4", 1003, 20_000))
	l.store(t, l.right, row("R1", 1000, 20_000), row("R2", 1001, 20_000), row("R3", 1002, 20_000), row("R4", 1003, 20_000))
	left, right := l.keys(t, l.left), l.keys(t, l.right)
	run := l.save(t, recon.RunCommit, []pair{
		{left["L1"], right["R1"], recon.GroupProposed, 0},
		{left["L2"], right["R2"], recon.GroupProposed, 0},
		{left["L3"], right["R3"], recon.GroupProposed, 0},
		{left["L4"], right["R4"], recon.GroupConfirmed, 0},
	})
	groups := func() (list []recon.StoredGroup) {
		l.tx(t, func(tx *postgres.Tx) (err error) {
			list, _, err = tx.Groups(l.ctx, l.context.ID, recon.GroupFilter{RunID: run.ID}, postgres.Page{})
			return err
		})
		l.RequireSound(t, l.tenantID)
		return list
	}
	decide := func(action recon.GroupAction, ids ...string) *recon.Confidence {
		t.Helper()
		l.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.DecideGroups(l.ctx, ids, recon.Decision{Action: action})
			return err
		})
		return groups()[0].Confidence
	}
	list := groups()
	require.Nil(t, list[0].Confidence, "nobody has decided yet")
	require.Nil(t, decide(recon.ActionComment, list[0].ID), "a comment decides nothing")
	require.Equal(t, &recon.Confidence{RightPercent: 100, Decisions: 1}, decide(recon.ActionConfirm, list[0].ID))
	require.Equal(t, &recon.Confidence{RightPercent: 50, Decisions: 2}, decide(recon.ActionReject, list[1].ID))
	require.Equal(t, &recon.Confidence{RightPercent: 67, Decisions: 3}, decide(recon.ActionConfirm, list[2].ID))
	require.Equal(t, &recon.Confidence{RightPercent: 33, Decisions: 3}, decide(recon.ActionUnmatch, list[0].ID), "the last word counts")
	require.Equal(t, &recon.Confidence{RightPercent: 25, Decisions: 4}, decide(recon.ActionUnmatch, list[3].ID), "a run's own confirmation was no decision of people")
}
