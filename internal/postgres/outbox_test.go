//go:build integration

package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestOutbox(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	ctx, _ := in.NewTenant(t)
	require.NoError(t, in.DB.Tx(ctx, func(tx *postgres.Tx) error {
		for n := range 3 {
			tx.Emit(recon.EventImportCompleted, n)
		}
		return nil
	}))
	read := func() (b postgres.OutboxBatch) {
		require.NoError(t, in.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
			b, err = tx.OutboxBatch(ctx, 2)
			return err
		}))
		return b
	}
	record := func(r postgres.OutboxResult) (retry time.Time, err error) {
		err = in.DB.Tx(ctx, func(tx *postgres.Tx) (err error) {
			retry, err = tx.RecordOutbox(ctx, r)
			return err
		})
		return retry, err
	}

	b := read()
	require.Len(t, b.Events, 2, "the limit holds")
	require.Equal(t, []int64{1, 2}, []int64{b.Events[0].Seq, b.Events[1].Seq})
	require.Zero(t, b.Position)

	retry, err := record(postgres.OutboxResult{To: 2, Parked: []postgres.Parking{{Seq: 2, Attempts: 1, Cause: "why", RetryIn: time.Nanosecond * 1000}}})
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), retry, time.Minute)
	_, err = record(postgres.OutboxResult{From: 1, To: 3})
	require.ErrorIs(t, err, postgres.ErrOutboxMoved, "who starts from an old position changes nothing")

	b = read()
	require.Equal(t, int64(2), b.Position)
	require.Len(t, b.Events, 1)
	require.Len(t, b.Parked, 1)
	require.Equal(t, int64(2), b.Parked[0].Event.Seq)
	require.NotZero(t, b.Retry)

	_, err = record(postgres.OutboxResult{From: 2, To: 3, Parked: []postgres.Parking{{Seq: 2, Attempts: 2, Cause: "why"}}})
	require.NoError(t, err)
	b = read()
	require.Empty(t, b.Events)
	require.Empty(t, b.Parked, "given up, it waits for a person")
	require.Zero(t, b.Retry)
	_, err = record(postgres.OutboxResult{From: 3, To: 3, Sent: []int64{2}})
	require.NoError(t, err)
}

func TestOutboxVisits(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	a, tenantA := in.NewTenant(t)
	b, tenantB := in.NewTenant(t)
	emit := func(ctx context.Context) {
		require.NoError(t, in.DB.Tx(ctx, func(tx *postgres.Tx) error {
			tx.Emit(recon.EventImportCompleted, 1)
			return nil
		}))
	}
	ctx := t.Context()
	claim := func(lease time.Duration) (visits []postgres.OutboxVisit) {
		require.NoError(t, in.DB.Work(ctx, "", func(tx *postgres.WorkTx) error {
			more, err := tx.FoldOutboxMarkers(ctx)
			require.NoError(t, err)
			require.False(t, more)
			visits, err = tx.ClaimOutboxVisits(ctx, 10, lease)
			return err
		}))
		return visits
	}
	end := func(v postgres.OutboxVisit, e postgres.OutboxVisitEnd) {
		require.NoError(t, in.DB.Work(ctx, "", func(tx *postgres.WorkTx) error { return tx.EndOutboxVisit(ctx, v, e) }))
	}
	backlog := func() (b postgres.OutboxBacklog) {
		require.NoError(t, in.DB.Work(ctx, "", func(tx *postgres.WorkTx) (err error) {
			b, err = tx.OutboxBacklog(ctx)
			return err
		}))
		return b
	}

	require.Empty(t, claim(time.Minute), "no events, no visits")
	require.Zero(t, backlog())
	emit(a)
	emit(a)
	emit(b)
	require.Equal(t, 2, backlog().Tenants)
	visits := claim(time.Minute)
	require.Len(t, visits, 2)
	require.ElementsMatch(t, []string{tenantA, tenantB}, []string{visits[0].TenantID, visits[1].TenantID})
	require.Empty(t, claim(time.Minute), "nobody visits a tenant that is being visited")

	emit(a) // while it is being visited
	for _, v := range visits {
		end(v, postgres.OutboxVisitEnd{Done: true, Position: map[string]int64{tenantA: 2, tenantB: 1}[v.TenantID]})
	}
	again := claim(time.Nanosecond * 1000)
	require.Len(t, again, 1, "one has more to send, the other is done")
	require.Equal(t, tenantA, again[0].TenantID)

	late := again[0]
	again = claim(time.Minute)
	require.Len(t, again, 1, "a visitor that died loses its lease")
	end(late, postgres.OutboxVisitEnd{Done: true, Position: 3})
	end(again[0], postgres.OutboxVisitEnd{Failures: 4, Pause: time.Hour})
	emit(a)
	require.Empty(t, claim(time.Minute), "a tenant that backs off is not woken by its events")

	owner := in.Owner(t)
	_, err := owner.Exec(ctx, `UPDATE work.outbox_visits SET due_at = now()`)
	require.NoError(t, err)
	again = claim(time.Minute)
	require.Equal(t, 4, again[0].Attempts)
	end(again[0], postgres.OutboxVisitEnd{Done: true, Position: 4, Retry: time.Now().Add(time.Hour)})
	require.Empty(t, claim(time.Minute), "it is due when its parked event is")
	emit(a)
	again = claim(time.Minute)
	require.Len(t, again, 1, "or when there is a new one")
	require.NoError(t, in.DB.Work(ctx, "", func(tx *postgres.WorkTx) error { return tx.ForgetOutboxVisit(ctx, again[0]) }))
	require.Empty(t, claim(time.Minute))
}
