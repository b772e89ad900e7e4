//go:build integration

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestRunningJobs(t *testing.T) {
	t.Parallel()
	i := testkit.NewInstallation(t)
	_, err := i.Owner(t).Exec(t.Context(), `
		INSERT INTO work.river_job (state, attempt, max_attempts, attempted_at, args, kind)
		VALUES ('running', 1, 1, now() - interval '1 hour', '{"job":{"kind":"k","tenantId":"t","subject":"old"}}', 'matcher_job'),
			('running', 1, 9, now(), '{"job":{"kind":"k","tenantId":"t","subject":"young"}}', 'matcher_job'),
			('available', 0, 9, NULL, '{"job":{"kind":"k","tenantId":"t","subject":"waiting"}}', 'matcher_job')`)
	require.NoError(t, err)
	running := func() (jobs []postgres.RunningJob) {
		require.NoError(t, i.DB.Work(t.Context(), "", func(tx *postgres.WorkTx) (err error) {
			jobs, err = tx.RunningJobs(t.Context(), 1e9)
			return err
		}))
		return jobs
	}
	old := running()
	require.Len(t, old, 1)
	require.Equal(t, recon.Job{Kind: "k", TenantID: "t", Subject: "old"}, old[0].Job)
	stale := old[0]
	stale.Attempt = 7
	for _, job := range []postgres.RunningJob{stale, old[0]} {
		require.NoError(t, i.DB.Work(t.Context(), "", func(tx *postgres.WorkTx) error { return tx.ReviveJob(t.Context(), job) }))
	}
	require.Empty(t, running())
	var room int
	require.NoError(t, i.Owner(t).QueryRow(t.Context(), `SELECT max_attempts FROM work.river_job WHERE id = $1 AND state = 'available'`, old[0].ID).Scan(&room))
	require.Equal(t, 2, room)
}
