//go:build integration

package matching_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/jobs"
	"matcher/internal/matching"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// bundle is a tenant with one context, a source on each side, and a queue that only takes jobs in.
type bundle struct {
	*testkit.Installation
	ctx         context.Context
	tenantID    string
	imports     *ingestion.Service
	contextID   string
	left, right string
}

func setup(t testing.TB) (*matching.Service, *bundle) {
	t.Helper()
	b := &bundle{Installation: testkit.NewInstallation(t)}
	pool, err := b.Connections.WorkPool(t.Context(), "")
	require.NoError(t, err)
	queue, err := jobs.New(pool, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	b.DB.SetJobs(queue)
	b.ctx, b.tenantID = b.NewTenant(t)
	b.imports = &ingestion.Service{DB: b.DB, SpoolDir: t.TempDir()}
	b.contextID, b.left, b.right = b.newContext(t, "cash")
	t.Cleanup(func() { b.RequireSound(t, b.tenantID) })
	return &matching.Service{DB: b.DB, Log: slog.New(slog.DiscardHandler), Heartbeat: 20 * time.Millisecond}, b
}

func (b *bundle) newContext(t testing.TB, name string) (id, left, right string) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) error {
		c, err := tx.CreateContext(b.ctx, recon.Context{Name: name})
		if err != nil {
			return err
		}
		l, err := tx.CreateSource(b.ctx, recon.Source{ContextID: c.ID, Name: "books", Side: recon.Left, Currency: "EUR", TimeZone: "UTC"})
		if err != nil {
			return err
		}
		r, err := tx.CreateSource(b.ctx, recon.Source{ContextID: c.ID, Name: "bank", Side: recon.Right, Currency: "EUR", TimeZone: "UTC"})
		id, left, right = c.ID, l.ID, r.ID
		return err
	})
	return id, left, right
}

func (b *bundle) tx(t testing.TB, fn func(tx *postgres.Tx) error) {
	t.Helper()
	require.NoError(t, b.DB.Tx(b.ctx, fn))
}

func (b *bundle) load(t testing.TB, source string, rows []string) recon.Import {
	t.Helper()
	text := "id,date,amount,reference,description\n" + strings.Join(rows, "\n") + "\n"
	i, err := b.imports.Import(b.ctx, source, ingestion.File{Name: "rows.csv", Body: strings.NewReader(text)})
	require.NoError(t, err)
	return i
}

// rows are n rows of one side; every tenth has no partner, every seventh differs by a few cents.
func rows(side string, n int) []string {
	out := make([]string, 0, n)
	for i := range n {
		reference, cents := fmt.Sprintf("REF%06d", i), i*37%100_000
		if i%10 == 0 {
			reference = side + reference
		}
		if i%7 == 0 && side == "R" {
			cents += 3
		}
		out = append(out, fmt.Sprintf("%s%d,2026-03-%02d,%d.%02d,%s,payment %d", side, i, i%28+1, cents/100, cents%100, reference, i))
	}
	return out
}

func shuffled(rows []string, seed uint64) []string {
	out := append([]string(nil), rows...)
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (b *bundle) run(t testing.TB, s *matching.Service, mode recon.RunMode) recon.Run {
	t.Helper()
	run, err := s.Start(b.ctx, b.contextID, matching.RunRequest{Mode: mode, From: recon.NoDay, To: recon.NoDay, AsOf: recon.NoDay})
	require.NoError(t, err)
	require.NoError(t, s.Execute(b.ctx, run.ID))
	return b.stored(t, run.ID)
}

func (b *bundle) stored(t testing.TB, runID string) (run recon.Run) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) (err error) {
		run, err = tx.Run(b.ctx, runID)
		return err
	})
	return run
}

func (b *bundle) count(t testing.TB, sql string) (n int) {
	t.Helper()
	conn := b.Owner(t)
	_, err := conn.Exec(t.Context(), `SET search_path TO "`+b.tenantID+`"`)
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&n))
	return n
}

func TestRun(t *testing.T) {
	s, b := setup(t)
	b.load(t, b.left, rows("L", 1000))
	b.load(t, b.right, rows("R", 1000))
	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	var pretty map[string]any
	require.NoError(t, json.Unmarshal(run.Summary, &pretty))
	t.Logf("%s", run.Summary)
}
