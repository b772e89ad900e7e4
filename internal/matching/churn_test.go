//go:build integration

package matching_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// churn does one thing again and again until the test has seen enough, and tells what nobody should meet.
func churn(t *testing.T, ctx context.Context, wait *sync.WaitGroup, name string, do func(round int) error) {
	wait.Go(func() {
		for round := 0; ctx.Err() == nil; round++ {
			err := do(round)
			switch recon.KindOf(err) {
			case recon.KindConflict, recon.KindStale, recon.KindNotFound: // somebody else was first, or the context is closed
			default:
				if err != nil && ctx.Err() == nil {
					t.Errorf("%s: %v", name, err)
					return
				}
			}
		}
	})
}

func TestT77_EverythingAtOnce(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 200))
	b.load(t, b.right, rows("R", 200))
	var rule recon.StoredRule
	edited := func(cents int) recon.Rule {
		return recon.Rule{
			Name: "edited", Type: recon.RuleTolerance, Priority: 10,
			Amount: recon.RuleAmount{Abs: recon.Limits{Default: recon.Decimal(fmt.Sprintf("0.%02d", 5+cents%50))}},
		}
	}
	b.tx(t, func(tx *postgres.Tx) (err error) {
		rule, err = tx.CreateRule(b.ctx, b.contextID, edited(0))
		return err
	})
	const enough = 12
	ctx, stop := context.WithCancel(b.ctx)
	defer stop()
	var wait sync.WaitGroup
	var completed, imported, changed, archived, decided atomic.Int64
	churn(t, ctx, &wait, "ingest", func(round int) error {
		side, source := "L", b.left
		if round%2 == 1 {
			side, source = "R", b.right
		}
		text := "id,date,amount,reference,description\n" + strings.Join(rows(fmt.Sprintf("%s%d-", side, round/2), 20), "\n") + "\n"
		_, err := b.imports.Import(ctx, source, ingestion.File{Name: "more.csv", Body: strings.NewReader(text)})
		if err == nil {
			imported.Add(1)
		}
		return err
	})
	churn(t, ctx, &wait, "edit", func(round int) error {
		err := b.DB.TxRetry(ctx, func(tx *postgres.Tx) error {
			_, err := tx.UpdateRule(ctx, rule.ID, 0, edited(round))
			return err
		})
		if err == nil {
			changed.Add(1)
		}
		return err
	})
	churn(t, ctx, &wait, "archive", func(round int) error {
		err := b.DB.TxRetry(ctx, func(tx *postgres.Tx) error {
			_, err := tx.UpdateContext(ctx, b.contextID, 0, func(c *recon.Context) (string, error) {
				c.Status = recon.ContextActive
				if round%8 == 7 {
					c.Status = recon.ContextArchived
				}
				return "context.archive", nil
			})
			return err
		})
		if err == nil && round%8 == 7 {
			archived.Add(1)
		}
		return err
	})
	churn(t, ctx, &wait, "decide", func(round int) error {
		var groups []recon.StoredGroup
		err := b.DB.TxRetry(ctx, func(tx *postgres.Tx) (err error) {
			groups, _, err = tx.Groups(ctx, b.contextID, recon.GroupFilter{Status: recon.GroupConfirmed}, postgres.Page{Limit: 5})
			return err
		})
		if err != nil || len(groups) == 0 {
			return err
		}
		err = b.DB.TxRetry(ctx, func(tx *postgres.Tx) error {
			_, err := tx.DecideGroup(ctx, groups[round%len(groups)].ID, recon.Decision{Action: recon.ActionUnmatch, Note: "churn"})
			return err
		})
		if err == nil {
			decided.Add(1)
		}
		return err
	})
	for range 2 {
		churn(t, ctx, &wait, "run", func(int) error {
			run, err := start(ctx, s, recon.Run{ContextID: b.contextID})
			if err != nil {
				return err
			}
			for err = s.Execute(ctx, run.ID); recon.KindOf(err) == recon.KindUnavailable && ctx.Err() == nil; err = s.Execute(ctx, run.ID) {
			}
			if err == nil && completed.Add(1) >= enough {
				stop()
			}
			return err
		})
	}
	wait.Wait()
	t.Logf("runs %d, imports %d, rule versions %d, archived %d, decisions %d", completed.Load(), imported.Load(), changed.Load(), archived.Load(), decided.Load())
	require.Positive(t, imported.Load())
	require.Positive(t, changed.Load())
	require.Positive(t, archived.Load())

	schema := auth.QuoteIdentifier(b.tenantID)
	require.Positive(t, b.count(t, `SELECT count(*) FROM runs WHERE status = 'COMPLETED'`))
	require.Zero(t, b.count(t, `SELECT count(*) FROM runs WHERE status = 'FAILED' AND error_code NOT IN ('CONTEXT_INACTIVE', 'ROWS_MOVED')`))
	var astray int
	require.NoError(t, b.Owner(t).QueryRow(t.Context(), `
		SELECT count(*) FROM `+schema+`.match_groups g JOIN `+schema+`.runs r ON r.num = g.id >> 32
		WHERE NOT EXISTS (
			SELECT 1 FROM jsonb_array_elements(r.plan -> 'rules') e
			WHERE e ->> 'id' = g.rule_id::text AND (e ->> 'version')::integer = g.rule_version)`).Scan(&astray))
	require.Zero(t, astray, "every group of a run is of the one rule version in the run's plan")
	b.RequireSound(t, b.tenantID)
}
