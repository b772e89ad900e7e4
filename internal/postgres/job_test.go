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

// Jobs of tenants a and b in all orders of coming: the queue's order is by turns.
func TestGiveTurns(t *testing.T) {
	t.Parallel()
	i := testkit.NewInstallation(t)
	owner := i.Owner(t)
	give := func() {
		require.NoError(t, i.DB.Work(t.Context(), "", func(tx *postgres.WorkTx) error { return tx.GiveTurns(t.Context(), "") }))
	}
	come := func(tenant string, weight, n int, at string) {
		_, err := owner.Exec(t.Context(), `
			INSERT INTO work.river_job (state, priority, max_attempts, args, kind, scheduled_at)
			SELECT 'available', 2, 9, jsonb_build_object('job', jsonb_build_object('tenantId', $1::text, 'weight', $2::int)), 'k', now() + $4::interval
			FROM generate_series(1, $3::int)`, tenant, weight, n, at)
		require.NoError(t, err)
	}
	order := func() (tenants string) {
		require.NoError(t, owner.QueryRow(t.Context(), `
			SELECT string_agg(args -> 'job' ->> 'tenantId', '' ORDER BY priority, scheduled_at, id) FROM work.river_job WHERE state = 'available'`).Scan(&tenants))
		return tenants
	}
	start := func(n int) {
		_, err := owner.Exec(t.Context(), `
			UPDATE work.river_job SET state = 'running', attempt = 1, attempted_at = now() WHERE id IN (
				SELECT id FROM work.river_job WHERE state = 'available' ORDER BY priority, scheduled_at, id LIMIT $1)`, n)
		require.NoError(t, err)
	}
	come("a", 0, 6, "0")
	give()
	come("b", 0, 2, "0")
	give()
	require.Equal(t, "ababaaaa", order())
	start(5)
	require.Equal(t, "aaa", order())
	come("b", 0, 3, "0")
	give()
	require.Equal(t, "ababab", order(), "who comes later begins at the front and gets no more than its turns")
	come("c", 2, 4, "0")
	give()
	require.Equal(t, "abccabccab", order(), "a weight of two is two turns for one")
	come("d", 0, 1, "1 hour")
	come("e", 0, 1, "-1 hour")
	give()
	require.Equal(t, "abcecabccabd", order(), "a job that comes again waits no longer than one that is new; its pause is kept")
}
