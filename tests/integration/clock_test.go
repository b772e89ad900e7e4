//go:build integration

package integration

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// TestT59_AnInstanceWhoseClockIsWrong runs a whole service whose clock is off from the database's.
func TestT59_AnInstanceWhoseClockIsWrong(t *testing.T) {
	t.Parallel()
	for name, offset := range map[string]string{
		"an hour ahead": "-1h", "an hour behind": "+1h", "two seconds behind": "+2s",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := testkit.DatabaseAt(t, offset)
			service := testkit.ServerOn(t, dsn)
			tenantID := service.NewTenant("off")
			api := service.As(tenantID, auth.RoleAdmin)
			owner, err := pgx.Connect(t.Context(), dsn)
			require.NoError(t, err)
			defer owner.Close(context.Background())
			_, err = owner.Exec(t.Context(), `SET search_path TO "`+tenantID+`"`)
			require.NoError(t, err)
			holds := func(sql string) {
				t.Helper()
				var held bool
				require.NoError(t, owner.QueryRow(t.Context(), sql).Scan(&held))
				require.True(t, held, sql)
			}

			contextID := api.NewContext("cash")
			api.Upload(api.NewSource(contextID, "books", recon.Left), "a.csv", "date,reference,amount\n2026-03-01,R1,10.00\n")
			api.Upload(api.NewSource(contextID, "bank", recon.Right), "b.csv", "date,reference,amount\n2026-03-01,R1,10.00\n")
			ran := make(chan recon.Run, 1)
			go func() { ran <- api.Run(contextID) }()
			select {
			case run := <-ran:
				require.Equal(t, recon.RunCompleted, run.Status)
				require.False(t, run.FinishedAt.Before(*run.StartedAt))
			case <-time.After(time.Minute):
				t.Fatal("the run is held back by a clock")
			}

			path := "/v1/contexts/" + contextID + "/schedules"
			first := api.Must(http.MethodPost, path, `{"name":"hourly","cron":"@hourly"}`, nil, "Idempotency-Key", "k")
			again := api.Must(http.MethodPost, path, `{"name":"hourly","cron":"@hourly"}`, nil, "Idempotency-Key", "k")
			require.Equal(t, first.Body, again.Body)
			require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
			holds(`SELECT next_at > now() AND next_at <= now() + interval '1 hour' FROM schedules`)
			holds(`SELECT bool_and(created_at <= now() AND created_at > now() - interval '5 minutes') FROM work.river_job`)
			holds(`SELECT bool_and(at <= now() AND at > now() - interval '5 minutes') FROM audit_log`)
			holds(`SELECT count(*) = 0 FROM (SELECT at < lag(at) OVER (ORDER BY seq) AS fell FROM audit_log) a WHERE fell`)
			holds(`SELECT bool_and(occurred_at <= now() AND occurred_at > now() - interval '5 minutes') FROM events`)

			leases(t, testkit.OpenInstallation(t, dsn), testkit.TenantContext(t.Context(), tenantID), contextID)
		})
	}
}

// leases checks that a lease holds for its time and no longer, whatever this process's clock shows.
func leases(t *testing.T, in *testkit.Installation, ctx context.Context, contextID string) {
	t.Helper()
	owner := in.Owner(t)
	schema := pgx.Identifier{auth.LookupTenantID(ctx)}.Sanitize()
	var id string
	require.NoError(t, owner.QueryRow(ctx, `
		INSERT INTO `+schema+`.runs (id, context_id, mode, status, created_by)
		VALUES (gen_random_uuid(), $1, 'COMMIT', 'QUEUED', 'test') RETURNING id::text`, contextID).Scan(&id))
	claim := func() (claimed bool) {
		require.NoError(t, in.DB.Tx(ctx, func(tx *postgres.Tx) (err error) {
			_, claimed, err = tx.ClaimRun(ctx, id, time.Minute)
			return err
		}))
		return claimed
	}
	require.True(t, claim())
	require.False(t, claim(), "its worker holds it")
	require.NoError(t, in.DB.Read(ctx, func(tx *postgres.Tx) error {
		alive, err := tx.RunAlive(ctx, id)
		require.True(t, alive)
		return err
	}))
	_, err := owner.Exec(ctx, `UPDATE `+schema+`.runs SET lease_until = now() - interval '1 second' WHERE id = $1`, id)
	require.NoError(t, err)
	require.True(t, claim(), "its lease has ended")
}
