//go:build integration

package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// claimed queues a run and takes it.
func (l *ledger) claimed(t *testing.T, mode recon.RunMode) (run recon.Run, in postgres.RunInput) {
	t.Helper()
	queued := recon.Run{}
	owner := l.Owner(t)
	require.NoError(t, owner.QueryRow(t.Context(), `
		INSERT INTO "`+l.tenantID+`".runs (id, context_id, mode, status, created_by)
		VALUES (gen_random_uuid(), $1, $2, 'QUEUED', 'tester') RETURNING id::text`, l.context.ID, string(mode)).Scan(&queued.ID))
	l.tx(t, func(tx *postgres.Tx) (err error) {
		var mine bool
		if run, mine, err = tx.ClaimRun(l.ctx, queued.ID, time.Minute); err != nil {
			return err
		}
		require.True(t, mine)
		in, err = tx.RunInput(l.ctx, run)
		return err
	})
	return run, in
}

// keys are the ids of a side's open rows by external id.
func (l *ledger) keys(t *testing.T, source recon.Source, fields ...string) map[string]int64 {
	t.Helper()
	keys := map[string]int64{}
	l.tx(t, func(tx *postgres.Tx) error {
		return tx.OpenRows(l.ctx, l.context.Num, postgres.RowReader{Sources: []recon.Source{source}, Fields: fields, Add: func(t *recon.Transaction, id int64, name string) error {
			if name == source.Name {
				keys[t.ExternalID] = id
			}
			return nil
		}})
	})
	return keys
}

// leftOpen are the rows of files that no run has listed which stand in no confirmed pair.
func (l *ledger) leftOpen(t *testing.T, in postgres.RunInput, pairs []pair) (open []postgres.OpenItem) {
	t.Helper()
	confirmed := map[int64]bool{}
	for _, p := range pairs {
		if p.status == recon.GroupConfirmed {
			confirmed[p.left], confirmed[p.right] = true, true
		}
	}
	for _, source := range []recon.Source{l.left, l.right} {
		for _, id := range l.keys(t, source) {
			if !confirmed[id] && slices.Contains(in.Unlisted, postgres.ImportNum(id)) {
				open = append(open, postgres.OpenItem{SourceNum: source.Num, TransactionID: id})
			}
		}
	}
	return open
}

type pair struct {
	left, right int64
	status      recon.GroupStatus
	difference  int64
}

// save stores pairs and exceptions as a run's outcome.
func (l *ledger) save(t *testing.T, mode recon.RunMode, pairs []pair, open ...postgres.ExceptionRow) recon.Run {
	t.Helper()
	run, in := l.claimed(t, mode)
	save := postgres.RunSave{
		Run: run, Context: in.Context, Voided: in.Voided, Unlisted: in.Unlisted, Open: l.leftOpen(t, in, pairs),
		Plan: recon.RunPlan{EngineVersion: "test", Rules: []recon.PlanRule{{Name: "by hand"}}},
		Groups: func(yield func(*postgres.GroupRow) bool) {
			for at, p := range pairs {
				g := &postgres.GroupRow{
					Ordinal: int64(at + 1), RuleVersion: 1, LeftAmount: 1000 + p.difference, RightAmount: 1000, Difference: p.difference,
					Score: 90, Status: p.status, Currency: "EUR", Left: []int64{p.left}, Right: []int64{p.right},
					Evidence: []byte(`[{"component":"AMOUNT","left":"10.00","right":"10.00","closeness":5000,"held":true}]`),
				}
				if p.difference != 0 && p.status == recon.GroupConfirmed {
					g.DifferenceReason = recon.AdjustmentRounding
				}
				if !yield(g) {
					return
				}
			}
		},
		Exceptions: func(yield func(*postgres.ExceptionRow) bool) {
			for n := range open {
				if !yield(&open[n]) {
					return
				}
			}
		},
	}
	for i, p := range pairs {
		save.Items = append(save.Items, postgres.ActiveItem{TransactionID: p.left, Ordinal: int64(i + 1)}, postgres.ActiveItem{TransactionID: p.right, Ordinal: int64(i + 1)})
	}
	slices.SortFunc(save.Items, func(a, b postgres.ActiveItem) int { return int(a.TransactionID - b.TransactionID) })
	l.tx(t, func(tx *postgres.Tx) error { return tx.SaveRun(l.ctx, save) })
	l.tx(t, func(tx *postgres.Tx) (err error) {
		run, err = tx.Run(l.ctx, run.ID)
		return err
	})
	require.Equal(t, recon.RunCompleted, run.Status)
	return run
}

func TestRunIsClaimedOnce(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	run, _ := l.claimed(t, recon.RunCommit)
	l.tx(t, func(tx *postgres.Tx) error {
		_, mine, err := tx.ClaimRun(l.ctx, run.ID, time.Minute)
		require.False(t, mine)
		return err
	})
	alive := func() (alive bool) {
		l.tx(t, func(tx *postgres.Tx) (err error) {
			alive, err = tx.RunAlive(l.ctx, run.ID)
			return err
		})
		return alive
	}
	require.True(t, alive())
	l.tx(t, func(tx *postgres.Tx) error { return tx.ReleaseRun(l.ctx, run) })
	require.False(t, alive())
	l.tx(t, func(tx *postgres.Tx) error {
		again, mine, err := tx.ClaimRun(l.ctx, run.ID, time.Minute)
		require.True(t, mine)
		require.Equal(t, run.Fence+1, again.Fence)
		return err
	})
	require.ErrorIs(t, l.DB.Tx(l.ctx, func(tx *postgres.Tx) error { return tx.CheckFence(l.ctx, run) }), postgres.ErrFenced)
	l.tx(t, func(tx *postgres.Tx) error {
		asked, err := tx.CancelRun(l.ctx, run.ID)
		require.True(t, asked.CancelRequested)
		require.Equal(t, recon.RunRunning, asked.Status)
		return err
	})
}

func TestOpenRowsReadTheFieldsThatAPlanNames(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	one := row("A", 500, 20_000)
	one.Reference, one.Description, one.Kind, one.ValueDate = "ref", "text", "FEE", recon.Epoch+20_002
	one.Net, one.Original = recon.NullMinor{Amount: 4, Set: true}, &recon.Money{Amount: 9, Currency: "USD"}
	one.Metadata = []recon.Attribute{{Name: "end to end", Value: "e2e"}}
	l.store(t, l.left, one, row("B", 7, 20_000))
	fields := []string{"reference", "description", "kind", "bookingStatus", "valueDate", "gross", "fee", "tax", "net", "original", "metadata.end to end", "metadata.none"}
	var got []recon.Transaction
	l.tx(t, func(tx *postgres.Tx) error {
		return tx.OpenRows(l.ctx, l.context.Num, postgres.RowReader{Sources: []recon.Source{l.left}, Fields: fields, Add: func(t *recon.Transaction, _ int64, _ string) error {
			kept := *t
			kept.Metadata = slices.Clone(t.Metadata)
			got = append(got, kept)
			return nil
		}})
	})
	require.Len(t, got, 2)
	slices.SortFunc(got, func(a, b recon.Transaction) int { return int(b.Amount - a.Amount) })
	require.Equal(t, "e2e", got[0].Attribute("end to end"))
	require.Empty(t, got[0].Attribute("none"))
	one.Row, got[0].Metadata = 0, one.Metadata
	require.Equal(t, one, got[0])
	require.Nil(t, got[1].Original)
	require.False(t, got[1].Net.Set)
	require.ErrorContains(t, l.DB.Read(l.ctx, func(tx *postgres.Tx) error {
		return tx.OpenRows(l.ctx, 1, postgres.RowReader{Fields: []string{"nonsense"}})
	}), "nonsense")
}
