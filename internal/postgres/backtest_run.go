package postgres

import (
	"context"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// BackTestInput is RunInput with the rules that a back-test tries in the place of the context's own. Partial groups are
// left out: their rows take part one by one.
func (tx *Tx) BackTestInput(ctx context.Context, run recon.Run) (RunInput, error) {
	var in RunInput
	var err error
	if in.Context, err = tx.Context(ctx, run.ContextID); err != nil {
		return in, err
	}
	if in.RuleChanges, err = tx.ruleChanges(ctx, run.ContextID); err != nil {
		return in, err
	}
	b, err := tx.BackTest(ctx, run.ID)
	if err != nil {
		return in, err
	}
	for i := range b.Rules {
		in.Rules = append(in.Rules, recon.StoredRule{Rule: b.Rules[i]})
	}
	return in, tx.aroundRules(ctx, run, &in)
}

// ConfirmedGroup is a group of a context's history.
type ConfirmedGroup struct {
	recon.RowSet
	ID   int64
	Rule string
	// Manual is a group matched by hand; ByPerson one confirmed by a person, by hand or as it was proposed.
	Manual, ByPerson bool
}

// Window is a part of a context's history by booking date; days that are NoDay do not bound it.
type Window struct{ From, To recon.Day }

// All reports whether the window leaves nothing out.
func (w Window) All() bool { return !w.From.Set() && !w.To.Set() }

// Holds reports whether a day is in the window.
func (w Window) Holds(day recon.Day) bool {
	return (!w.From.Set() || day >= w.From) && (!w.To.Set() || day <= w.To)
}

func (w Window) args(args pgx.NamedArgs) pgx.NamedArgs {
	args["from"], args["to"], args["all"] = w.From, w.To, w.All()
	return args
}

// ConfirmedGroups are a context's confirmed groups with a row in the window, in the order in which they were made.
func (tx *Tx) ConfirmedGroups(ctx context.Context, contextNum int32, window Window) ([]ConfirmedGroup, error) {
	groups, err := all[ConfirmedGroup](tx.query(ctx, `
		WITH ladder AS MATERIALIZED ( -- rules of the default ladder have their names in the plans of runs
			SELECT n.run_num, n.rule_version, r.plan -> 'rules' -> (n.rule_version - 1) ->> 'name' AS name
			FROM (
				SELECT DISTINCT g.id >> 32 AS run_num, g.rule_version FROM match_groups g
				WHERE g.context_num = @context AND g.status = 'CONFIRMED' AND NOT g.preview AND g.rule_id IS NULL
			) n JOIN runs r ON r.num = n.run_num
		)
		SELECT g.id, CASE WHEN g.id >> 32 = 0 THEN '`+manualRule+`' ELSE coalesce(v.body ->> 'name', l.name, '') END AS rule,
			g.left_ids AS "left", g.right_ids AS "right", g.id >> 32 = 0 AS manual,
			EXISTS (SELECT 1 FROM group_decisions d WHERE d.group_id = g.id AND d.to_status = 'CONFIRMED' AND d.from_status <> 'CONFIRMED')
				AS by_person
		FROM match_groups g
		LEFT JOIN rule_versions v ON v.rule_id = g.rule_id AND v.version = g.rule_version
		LEFT JOIN ladder l ON g.rule_id IS NULL AND l.run_num = g.id >> 32 AND l.rule_version = g.rule_version
		WHERE g.context_num = @context AND g.status = 'CONFIRMED' AND NOT g.preview AND (@all OR EXISTS (
			SELECT 1 FROM transactions t
			WHERE t.id = ANY (g.left_ids || g.right_ids)
			AND t.date >= coalesce(@from::date, '-infinity') AND t.date <= coalesce(@to::date, 'infinity')))
		ORDER BY g.id`, window.args(pgx.NamedArgs{"context": contextNum})))
	if err != nil {
		return nil, fmt.Errorf("reading confirmed groups: %w", err)
	}
	return groups, nil
}

// History is what a back-test reads of a context: the rows in the window, those of Held, and up to Lag days around the
// window those that no confirmed group holds.
type History struct {
	Window Window
	Lag    int
	Held   []int64
}

// HistoryRows reads the rows of a history, whatever their state, save for ignored ones.
func (tx *Tx) HistoryRows(ctx context.Context, h History, r RowReader) error {
	return tx.eachRow(ctx, r, h.Window.args(pgx.NamedArgs{"held": h.Held, "lag": h.Lag}), func(selected string) string {
		return selected + `
		FROM imports i CROSS JOIN LATERAL (
			SELECT ` + transactionColumns + ` FROM transactions t WHERE t.id > i.num << 32 AND t.id < (i.num + 1) << 32 OFFSET 0
		) t
		WHERE i.source_id = ANY (@sources::uuid[]) AND i.status = 'COMPLETED'
		AND NOT EXISTS (SELECT 1 FROM ignored_items n WHERE n.transaction_id = t.id)
		AND (@all
			OR t.date >= coalesce(@from::date, '-infinity') AND t.date <= coalesce(@to::date, 'infinity')
			OR t.id = ANY (@held)
			OR t.date >= coalesce(@from::date - @lag::integer, '-infinity') AND t.date <= coalesce(@to::date + @lag::integer, 'infinity')
				AND NOT EXISTS (
					SELECT 1 FROM active_items a JOIN match_groups g ON g.id = a.group_id
					WHERE a.transaction_id = t.id AND g.status = 'CONFIRMED'))`
	})
}

// BackTestEntryRow is a group of an entry on its way into the database.
type BackTestEntryRow struct {
	Entry, Ordinal, Before, After int32
	GroupID                       int64 // 0: of a group after
	Kind                          recon.DiffKind
	Rule                          string
	Left, Right                   []int64
}

// BackTestSave is everything that a back-test found.
type BackTestSave struct {
	Run     recon.Run // final but for its status
	Context recon.Context
	Plan    any
	// RuleChanges is RunInput's: how often the context's rules had changed when the back-test read them.
	RuleChanges int64
	Totals      recon.BackTestTotals
	Entries     iter.Seq[*BackTestEntryRow] // the row is reused
}

// backTestsKept is how many back-tests of a context keep their entries; all keep their totals.
const backTestsKept = 10

// SaveBackTest stores what a back-test found. Nothing else of the context changes.
func (tx *Tx) SaveBackTest(ctx context.Context, save BackTestSave) error {
	if err := tx.CheckFence(ctx, save.Run); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "dropping the entries of earlier back-tests", `
		DELETE FROM back_test_entries WHERE run_num IN (
			SELECT num FROM runs WHERE context_id = $1 AND mode = 'BACK_TEST' AND status = 'COMPLETED' ORDER BY num DESC OFFSET $2)`,
		save.Run.ContextID, backTestsKept-1); err != nil {
		return err
	}
	stream := newCopyStream(save.Entries,
		func(r copyRow, e *BackTestEntryRow) copyRow { return e.append(r, save.Run.Num) })
	if _, err := tx.copyIn(ctx, `COPY back_test_entries (run_num, entry, ordinal, before, after, group_id, kind, rule, left_ids, right_ids)
		FROM STDIN (FORMAT binary)`, stream); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "storing the totals of a back-test", `
		UPDATE back_tests SET rules_version = $2, totals = $3 WHERE run_num = $1`,
		save.Run.Num, save.RuleChanges, save.Totals); err != nil {
		return err
	}
	save.Run.Status = recon.RunCompleted
	return tx.FinishRun(ctx, save.Run, save.Plan)
}

func (e *BackTestEntryRow) append(r copyRow, runNum int64) copyRow {
	r = r.fields(10).int8(runNum).int4(e.Entry).int4(e.Ordinal).int4(e.Before).int4(e.After)
	if e.GroupID == 0 {
		r = r.null()
	} else {
		r = r.int8(e.GroupID)
	}
	return r.text(string(e.Kind)).text(e.Rule).int8Array(e.Left).int8Array(e.Right)
}
