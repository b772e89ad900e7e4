//go:build integration

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// queue inserts with River's own client, whose tables and grants the installation made.
type queue struct{ *river.Client[pgx.Tx] }

type queuedJob struct{ recon.Job }

func (j queuedJob) Kind() string { return string(j.Job.Kind) }

func newQueue(t *testing.T) queue {
	t.Helper()
	client, err := river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: "work"})
	require.NoError(t, err)
	return queue{client}
}

func (q queue) InsertMany(ctx context.Context, tx pgx.Tx, jobs []recon.Job, _ time.Time) error {
	params := make([]river.InsertManyParams, len(jobs))
	for i, job := range jobs {
		params[i] = river.InsertManyParams{Args: queuedJob{job}}
	}
	_, err := q.InsertManyTx(ctx, tx, params)
	return err
}

type brokenQueue struct{}

func (brokenQueue) InsertMany(context.Context, pgx.Tx, []recon.Job, time.Time) error {
	return errors.New("queue")
}

func count(t *testing.T, in *testkit.Installation, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, in.Owner(t).QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

func TestFlush_WritesEverythingInTheOneCommit(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	in.DB.SetJobs(newQueue(t))
	ctx, tenantID := in.NewTenant(t)
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	ctx = trace.ContextWithSpanContext(auth.WithRequestID(ctx, "request-7"), span)
	require.NoError(t, in.DB.Tx(ctx, func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, insertContext, "kept")
		tx.Audit("context.create", "context", "c-1", map[string]string{"name": "kept"})
		tx.Audit("context.look", "context", "c-1", nil)
		tx.Emit("ingestion.completed", map[string]int{"rows": 1})
		tx.Emit("ingestion.completed", map[string]int{"rows": 2})
		tx.Enqueue(recon.Job{Kind: recon.JobRun, TenantID: "somebody else's", Subject: "run-1"})
		return err
	}))

	owner := in.Owner(t)
	var got string
	require.NoError(t, owner.QueryRow(t.Context(), `
		SELECT string_agg(concat_ws(' ', seq, actor, action, entity, entity_id, request_id, detail), '; ' ORDER BY seq)
		FROM "`+tenantID+`".audit_log`).Scan(&got))
	require.Equal(t, `1 tester context.create context c-1 request-7 {"name": "kept"}; 2 tester context.look context c-1 request-7 {}`, got)
	require.NoError(t, owner.QueryRow(t.Context(), `
		SELECT string_agg(concat_ws(' ', seq, key, payload, traceparent), '; ' ORDER BY seq) FROM "`+tenantID+`".events`).Scan(&got))
	const parent = "00-01000000000000000000000000000000-0200000000000000-01"
	require.Equal(t, `1 ingestion.completed {"rows": 1} `+parent+`; 2 ingestion.completed {"rows": 2} `+parent, got)
	require.NoError(t, owner.QueryRow(t.Context(), `SELECT concat_ws(' ', tenant_id, event_seq) FROM work.outbox_markers`).Scan(&got))
	require.Equal(t, tenantID+" 2", got)
	require.NoError(t, owner.QueryRow(t.Context(), `SELECT kind || ' ' || (args->>'tenantId') || ' ' || (args->>'subject') FROM work.river_job`).Scan(&got))
	require.Equal(t, "matching.run "+tenantID+" run-1", got)
}

func TestFlush_RollsEverythingBack(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	ctx, tenantID := in.NewTenant(t)
	write := func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, insertContext, "lost")
		tx.Audit("context.create", "context", "c", nil)
		tx.Emit("ingestion.completed", struct{}{})
		return err
	}
	for name, run := range map[string]func() error{
		"the queue refuses": func() error {
			in.DB.SetJobs(brokenQueue{})
			return in.DB.Tx(ctx, func(tx *postgres.Tx) error { tx.Enqueue(recon.Job{Kind: recon.JobRun}); return write(tx) })
		},
		"there is no queue": func() error {
			in.DB.SetJobs(nil)
			return in.DB.Tx(ctx, func(tx *postgres.Tx) error { tx.Enqueue(recon.Job{Kind: recon.JobRun}); return write(tx) })
		},
		"a detail is no JSON": func() error {
			return in.DB.Tx(ctx, func(tx *postgres.Tx) error { tx.Audit("x.y", "x", "1", func() {}); return write(tx) })
		},
		"a detail holds what PostgreSQL cannot": func() error {
			return in.DB.Tx(ctx, func(tx *postgres.Tx) error { tx.Audit("x.y", "x", "1", "\x00"); return write(tx) })
		},
		"fn fails": func() error {
			return in.DB.Tx(ctx, func(tx *postgres.Tx) error { return errors.Join(write(tx), errors.New("no")) })
		},
	} {
		require.Error(t, run(), name)
	}
	require.Zero(t, count(t, in, `SELECT (SELECT count(*) FROM "`+tenantID+`".contexts) + (SELECT count(*) FROM "`+tenantID+
		`".audit_log) + (SELECT count(*) FROM work.outbox_markers) + (SELECT audit_seq + event_seq FROM "`+tenantID+`".head)`))
}

func TestFlush_NumbersAreGaplessUnderManyWriters(t *testing.T) {
	t.Parallel()
	in := testkit.NewInstallation(t)
	ctx, tenantID := in.NewTenant(t)
	other, otherID := in.NewTenant(t)
	const writers, rounds = 32, 8
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for r := range rounds {
				own := ctx
				if w%4 == 3 {
					own = other
				}
				err := in.DB.Tx(own, func(tx *postgres.Tx) error {
					for range 1 + w%3 {
						tx.Audit("context.create", "context", fmt.Sprint(w, ".", r), nil)
						tx.Emit("ingestion.completed", w)
					}
					if (w+r)%3 == 0 {
						return errUnwanted
					}
					return nil
				})
				if err != nil && !errors.Is(err, errUnwanted) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	owner := in.Owner(t)
	for _, id := range []string{tenantID, otherID} {
		require.Empty(t, testkit.Violations(t, owner, id))
		require.Positive(t, count(t, in, `SELECT count(*) FROM "`+id+`".audit_log`))
	}
	require.Zero(t, count(t, in, `SELECT count(*) FROM work.outbox_markers m JOIN "`+tenantID+`".head ON true
		WHERE m.tenant_id = $1 AND m.event_seq > head.event_seq`, tenantID))
}

var errUnwanted = errors.New("unwanted")

func TestFlush_TheTenantsRoleCannotRewriteHistory(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	ctx, _ := in.NewTenant(t)
	require.NoError(t, in.DB.Tx(ctx, func(tx *postgres.Tx) error {
		tx.Audit("context.create", "context", "c", nil)
		return nil
	}))
	for _, sql := range []string{
		`UPDATE audit_log SET actor = 'x'`, `DELETE FROM audit_log`, `TRUNCATE audit_log`, `DELETE FROM events`,
		`UPDATE events SET key = 'x'`, `DELETE FROM head`, `INSERT INTO head DEFAULT VALUES`,
		`UPDATE schema_migrations SET version = 0`, `CREATE TABLE mine ()`, `SELECT 1 FROM work.river_job`, `SELECT 1 FROM control.tenants`,
	} {
		err := in.DB.Tx(ctx, func(tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, sql)
			return err
		})
		require.Error(t, err, sql)
	}
}
