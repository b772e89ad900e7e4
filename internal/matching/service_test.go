//go:build integration

package matching_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/ingestion"
	"matcher/internal/jobs"
	"matcher/internal/mapping"
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
	queue, err := jobs.New(pool)
	require.NoError(t, err)
	b.DB.SetJobs(queue)
	b.ctx, b.tenantID = b.NewTenant(t)
	b.imports = &ingestion.Service{DB: b.DB, SpoolDir: t.TempDir()}
	b.contextID, b.left, b.right = b.newContext(t, "cash")
	t.Cleanup(func() { b.RequireSound(t, b.tenantID) })
	return &matching.Service{DB: b.DB, Log: slog.New(slog.DiscardHandler), Heartbeat: 20 * time.Millisecond}, b
}

// tolerated is more refused rows than any file of these tests has: what becomes of them is tested where files are read.
var tolerated = int64(1000)

func (b *bundle) newContext(t testing.TB, name string) (id, left, right string) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) error {
		c, err := tx.CreateContext(b.ctx, recon.Context{Name: name})
		if err != nil {
			return err
		}
		l, err := tx.CreateSource(b.ctx, recon.Source{ContextID: c.ID, Name: "books", Side: recon.Left, Currency: "EUR", TimeZone: "UTC", MaxRejected: &tolerated})
		if err != nil {
			return err
		}
		r, err := tx.CreateSource(b.ctx, recon.Source{ContextID: c.ID, Name: "bank", Side: recon.Right, Currency: "EUR", TimeZone: "UTC", MaxRejected: &tolerated})
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
	run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID, Mode: mode})
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

func (b *bundle) groups(t *testing.T, filter recon.GroupFilter) (all []recon.StoredGroup) {
	t.Helper()
	page := postgres.Page{Limit: 500}
	for {
		b.tx(t, func(tx *postgres.Tx) error {
			items, next, err := tx.Groups(b.ctx, b.contextID, filter, page)
			all, page.After = append(all, items...), next
			return err
		})
		if page.After == "" {
			return all
		}
	}
}

func (b *bundle) exceptions(t *testing.T, filter recon.ExceptionFilter) (items []recon.Exception) {
	t.Helper()
	filter.ContextID = b.contextID
	b.tx(t, func(tx *postgres.Tx) (err error) {
		items, _, err = tx.Exceptions(b.ctx, filter, "", postgres.Page{Limit: 1000})
		return err
	})
	return items
}

func (b *bundle) statement(t *testing.T, asOf recon.Day) (statement recon.Statement) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) (err error) {
		statement, err = tx.Statement(b.ctx, b.contextID, asOf)
		return err
	})
	return statement
}

func TestARunCountsTheRowsThatWereSetAside(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	const paid = "id,date,amount,currency,text\nA,2026-03-01,1.00,EUR,rent\nB,2026-03-02,2.00,EUR,fee\nC,2026-03-03,3.00,EUR,gift\n"
	imported := b.importText(t, b.left, paid+",2026-03-03,6.00,EUR,Closing balance\n")
	require.EqualValues(t, 1, imported.RowsSetAside)
	b.importText(t, b.right, paid)
	var told recon.Summary
	require.NoError(t, json.Unmarshal(b.run(t, s, recon.RunCommit).Summary, &told))
	require.Equal(t, []int64{4, 1, 0}, []int64{told.Left.Rows, told.Left.SetAside, told.Left.Rejected})
	require.Zero(t, told.Right.SetAside)
}

func TestRun(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 1000))
	b.load(t, b.right, rows("R", 1000))
	before := b.statement(t, recon.NoDay)
	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
	var told recon.Summary
	require.NoError(t, json.Unmarshal(run.Summary, &told))

	t.Run("groups, items, exceptions and adjustments are what the run says it found", func(t *testing.T) {
		confirmed, proposed := b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), b.groups(t, recon.GroupFilter{Status: recon.GroupProposed})
		require.Len(t, confirmed, int(told.Groups.Confirmed))
		require.Len(t, proposed, int(told.Groups.Proposed))
		require.Len(t, b.groups(t, recon.GroupFilter{RunID: run.ID}), len(confirmed)+len(proposed))
		require.Equal(t, "exact on reference", confirmed[0].RuleName)
		require.Empty(t, confirmed[0].RuleID)
		require.Len(t, confirmed[0].Items, 2)
		require.Equal(t, recon.Left, confirmed[0].Items[0].Side)
		require.Len(t, b.exceptions(t, recon.ExceptionFilter{Status: recon.ExceptionUnresolved}), int(told.Left.Unmatched+told.Right.Unmatched))
		require.Equal(t, 2*len(b.groups(t, recon.GroupFilter{})), b.count(t, `SELECT count(*) FROM active_items`))
		require.Equal(t, b.count(t, `SELECT count(*) FROM match_groups WHERE status = 'CONFIRMED' AND difference <> 0`),
			b.count(t, `SELECT count(*) FROM adjustments`))
	})

	t.Run("one group is read with its items by pages", func(t *testing.T) {
		listed := b.groups(t, recon.GroupFilter{})[0]
		b.tx(t, func(tx *postgres.Tx) error {
			one, err := tx.Group(b.ctx, listed.ID)
			require.Equal(t, listed, one)
			items, next, itemsErr := tx.GroupItems(b.ctx, listed.ID, postgres.Page{Limit: 1})
			require.Equal(t, listed.Items[:1], items)
			require.NotEmpty(t, next)
			held, heldErr := tx.Transaction(b.ctx, listed.Items[0].TransactionID)
			require.Equal(t, listed.ID, held.GroupID)
			return errors.Join(err, itemsErr, heldErr)
		})
	})

	t.Run("the bridge ties before and after, and on a day in between", func(t *testing.T) {
		after := b.statement(t, recon.NoDay)
		require.Equal(t, before.Currencies[0].Left, after.Currencies[0].Left)
		require.Equal(t, before.Currencies[0].Right, after.Currencies[0].Right)
		require.Equal(t, told.Bridge[0].Left, after.Currencies[0].Left)
		require.Equal(t, told.Bridge[0].Right, after.Currencies[0].Right)
		require.Equal(t, "NOT_RUN", before.Currencies[0].Items[0].Reason)
		day, err := recon.ParseDay("2026-03-14")
		require.NoError(t, err)
		require.NotEqual(t, after.Currencies[0].Left, b.statement(t, day).Currencies[0].Left)
	})

	t.Run("it is audited and announced once", func(t *testing.T) {
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM audit_log WHERE action = 'run.complete'`))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM events WHERE key = 'matching.run_completed'`))
	})

	t.Run("the next run weighs proposals again and leaves confirmed groups alone", func(t *testing.T) {
		confirmed := b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed})
		again := b.run(t, s, recon.RunCommit)
		require.Equal(t, recon.RunCompleted, again.Status, again.ErrorMessage)
		require.Equal(t, confirmed, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}))
		for _, g := range b.groups(t, recon.GroupFilter{Status: recon.GroupProposed}) {
			require.Equal(t, again.ID, g.RunID)
		}
		require.Len(t, b.exceptions(t, recon.ExceptionFilter{Status: recon.ExceptionUnresolved}), int(told.Left.Unmatched+told.Right.Unmatched))
	})

	t.Run("an import whose row stands in a group cannot be voided", func(t *testing.T) {
		held := b.groups(t, recon.GroupFilter{})[0].Items[0]
		b.tx(t, func(tx *postgres.Tx) error {
			row, err := tx.Transaction(b.ctx, held.TransactionID)
			require.NoError(t, err)
			_, err = b.imports.Void(b.ctx, row.ImportID)
			require.Equal(t, "IN_USE", recon.CodeOf(err))
			return nil
		})
	})
}

func TestRunEqualsTheEngine(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 500))
	b.load(t, b.right, rows("R", 500))
	want := b.run(t, s, recon.RunDry)

	t.Run("a dry run holds nothing and reads like a real one", func(t *testing.T) {
		require.Zero(t, b.count(t, `SELECT count(*) FROM active_items`))
		require.Empty(t, b.groups(t, recon.GroupFilter{}))
		groups := b.groups(t, recon.GroupFilter{RunID: want.ID})
		require.NotEmpty(t, groups)
		require.True(t, groups[0].Preview)
		require.Empty(t, b.exceptions(t, recon.ExceptionFilter{}))
	})

	t.Run("rows in another order give the same hash", func(t *testing.T) {
		for seed := range uint64(3) {
			b.contextID, b.left, b.right = b.newContext(t, fmt.Sprintf("shuffled %d", seed))
			b.load(t, b.left, shuffled(rows("L", 500), seed))
			b.load(t, b.right, shuffled(rows("R", 500), seed+10))
			got := b.run(t, s, recon.RunCommit)
			require.Equal(t, want.ResultHash, got.ResultHash)
			require.Equal(t, want.InputHash, got.InputHash)
		}
	})

	t.Run("so does the engine called directly on the same files", func(t *testing.T) {
		plan, problems := engine.Compile(recon.DefaultLadder(), recon.RunOptions{})
		require.Empty(t, problems)
		result, err := engine.Run(plan, table(t, plan, recon.Left, "books", rows("L", 500)), table(t, plan, recon.Right, "bank", rows("R", 500)), nil)
		require.NoError(t, err)
		require.Equal(t, want.ResultHash, result.ResultHash)
	})
}

// table reads rows as the command line does.
func table(t *testing.T, plan *engine.Plan, side recon.Side, name string, rows []string) *engine.Table {
	t.Helper()
	reader, err := mapping.Open(strings.NewReader("id,date,amount,reference,description\n"+strings.Join(rows, "\n")+"\n"), "rows.csv",
		mapping.Hints{Side: side, Currency: "EUR", TimeZone: "UTC"})
	require.NoError(t, err)
	out, id := engine.NewTable(plan, side, len(rows)), int64(0)
	require.NoError(t, reader.Read(&mapping.Identities{}, func(row *mapping.Row) error {
		id++
		return out.Add(&row.Tx, id, name)
	}))
	return out
}

// start queues a run as the API does.
func start(ctx context.Context, s *matching.Service, run recon.Run) (recon.Run, error) {
	if run.Mode == "" {
		run.Mode = recon.RunCommit
	}
	err := s.DB.Tx(ctx, func(tx *postgres.Tx) (err error) {
		run, err = tx.CreateRun(ctx, run)
		return err
	})
	return run, err
}

// cancel cancels a run as the API does.
func cancel(ctx context.Context, s *matching.Service, id string) (run recon.Run, err error) {
	err = s.DB.Tx(ctx, func(tx *postgres.Tx) (err error) {
		run, err = tx.CancelRun(ctx, id)
		return err
	})
	return run, err
}

func TestStart(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	first, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
	require.NoError(t, err)
	require.Equal(t, recon.RunQueued, first.Status)

	t.Run("a waiting run has no worker", func(t *testing.T) {
		alive, err := s.Alive(b.ctx, first.ID)
		require.NoError(t, err)
		require.False(t, alive)
	})
	t.Run("a second waiting run is a conflict", func(t *testing.T) {
		_, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
		require.Equal(t, "RUN_QUEUED", recon.CodeOf(err))
	})
	t.Run("a waiting run is cancelled at once, and its job finds nothing to do", func(t *testing.T) {
		cancelled, err := cancel(b.ctx, s, first.ID)
		require.NoError(t, err)
		require.Equal(t, recon.RunCancelled, cancelled.Status)
		require.NoError(t, s.Execute(b.ctx, first.ID))
		_, err = cancel(b.ctx, s, first.ID)
		require.Equal(t, "RUN_ENDED", recon.CodeOf(err))
	})
	t.Run("an id that is no context's is not found", func(t *testing.T) {
		_, err := start(b.ctx, s, recon.Run{ContextID: b.left})
		require.Equal(t, recon.KindNotFound, recon.KindOf(err))
	})
	t.Run("a paused context runs nothing", func(t *testing.T) {
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.UpdateContext(b.ctx, b.contextID, 0, func(c *recon.Context) (string, error) {
				c.Status = recon.ContextPaused
				return "context.pause", nil
			})
			return err
		})
		_, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
		require.Equal(t, "CONTEXT_INACTIVE", recon.CodeOf(err))
	})
}
