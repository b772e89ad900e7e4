//go:build integration

package matching_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// A debit that a run confirmed comes back in a later month: the run that sees it opens the claim again, once.
func TestAClaimIsOpenAgainWhenItsDebitComesBackLater(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	may := [2][]string{
		{"K1,2026-05-01,95.00,RG-31,sale", "K2,2026-05-01,64.00,RG-32,sale"},
		{"D1,2026-05-04,95.00,RG-31,debit", "D2,2026-05-04,64.00,RG-32,debit"},
	}
	b.load(t, b.left, may[0])
	b.load(t, b.right, may[1])
	b.lag(t, 45)
	b.run(t, s, recon.RunCommit)
	require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), 2)

	june := []string{"D5,2026-06-03,-64.00,RG-32,return"}
	b.load(t, b.right, june)
	b.run(t, s, recon.RunDry)
	require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), 2, "a preview changes nothing")
	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)

	type row struct {
		id     string
		class  recon.Class
		reason recon.Reason
	}
	open := func() (rows []row) {
		for _, e := range b.exceptions(t, recon.ExceptionFilter{Status: recon.ExceptionUnresolved}) {
			b.tx(t, func(tx *postgres.Tx) error {
				of, err := tx.Transaction(b.ctx, e.TransactionID)
				rows = append(rows, row{of.ExternalID, e.Class, e.Reason})
				return err
			})
		}
		return rows
	}
	want := []row{
		{"K2", recon.ClassBreak, recon.ReasonReturned},
		{"D2", recon.ClassBreak, recon.ReasonReturned},
		{"D5", recon.ClassBreak, recon.ReasonReturned},
	}
	require.Equal(t, want, open())
	apart := b.groups(t, recon.GroupFilter{Status: recon.GroupUnmatched})
	require.Len(t, apart, 1)
	b.tx(t, func(tx *postgres.Tx) error {
		history, _, err := tx.GroupDecisions(b.ctx, apart[0].ID, postgres.Page{Limit: 5})
		require.Equal(t, "D5 takes back D2", history[0].Note)
		return err
	})
	june30, err := recon.ParseDay("2026-06-30")
	require.NoError(t, err)
	require.Equal(t, []string{"159.00", "95.00"}, []string{
		b.statement(t, june30).Currencies[0].Left, b.statement(t, june30).Currencies[0].Right,
	})
	require.True(t, b.replay(t, run.ID).Identical, "%+v", b.replay(t, run.ID))

	t.Run("the result is that of the command, which has the group opened again", func(t *testing.T) {
		require.Equal(t, b.reopened(t, may, june), run.ResultHash)
	})
	t.Run("a second run changes nothing", func(t *testing.T) {
		before := b.count(t, `SELECT sum(id)::bigint FROM match_groups`)
		again := b.run(t, s, recon.RunCommit)
		require.Equal(t, run.ResultHash, again.ResultHash)
		require.Equal(t, want, open())
		require.Equal(t, before, b.count(t, `SELECT sum(id)::bigint FROM match_groups`))
		require.Equal(t, 1, b.count(t, `SELECT count(*) FROM group_decisions`))
	})
}

// lag lets the context's rows meet by reference within some days, the left one first.
func (b *bundle) lag(t *testing.T, days int) {
	t.Helper()
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.CreateRule(b.ctx, b.contextID, recon.Rule{
			Name: "collected", Type: recon.RuleDateLag, Priority: 10,
			Date: recon.RuleDate{MaxDays: &days, Direction: recon.DirectionLeftFirst},
		})
		return err
	})
}

// reopened is the resultHash of the second month as a command with --carry and --reopen gives it.
func (b *bundle) reopened(t *testing.T, may [2][]string, june []string) string {
	t.Helper()
	var rules []recon.Rule
	b.tx(t, func(tx *postgres.Tx) error {
		stored, err := tx.Rules(b.ctx, b.contextID)
		for _, r := range stored {
			rules = append(rules, r.Rule)
		}
		return err
	})
	options := recon.RunOptions{
		Rejected: []recon.RowSet{{Left: []int64{2}, Right: []int64{2}}},
		Settled:  []recon.RowSet{{Left: []int64{1}, Right: []int64{1}}},
	}
	plan, problems := engine.Compile(rules, options)
	require.Empty(t, problems)
	tables := [2]*engine.Table{}
	for side, name := range [2]recon.Side{recon.Left, recon.Right} {
		tables[side] = engine.NewTable(plan, name, 3)
		source := [2]string{"books", "bank"}[side]
		for at, tx := range read(t, name, may[side]) {
			if at == 0 {
				require.NoError(t, tables[side].Settle(&tx, 1, source))
			} else {
				require.NoError(t, tables[side].Carry(&tx, 2, source))
			}
		}
	}
	for _, tx := range read(t, recon.Right, june) {
		require.NoError(t, tables[1].Add(&tx, 3, "bank"))
	}
	result, err := engine.Run(plan, tables[0], tables[1], nil)
	require.NoError(t, err)
	return result.ResultHash
}

// alter changes a table, as its owner.
func (b *bundle) alter(t *testing.T, sql string) {
	t.Helper()
	conn := b.Owner(t)
	_, err := conn.Exec(t.Context(), `SET search_path TO "`+b.tenantID+`"`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

// read gives rows as a file has them.
func read(t *testing.T, side recon.Side, rows []string) (txs []recon.Transaction) {
	t.Helper()
	reader, err := mapping.Open(strings.NewReader("id,date,amount,reference,description\n"+strings.Join(rows, "\n")+"\n"), "rows.csv",
		mapping.Hints{Side: side, Currency: "EUR", TimeZone: "UTC"})
	require.NoError(t, err)
	require.NoError(t, reader.Read(&mapping.Identities{}, func(row *mapping.Row) error {
		txs = append(txs, row.Tx)
		return nil
	}))
	return txs
}

// What the run would take apart is left as it is where a person confirmed it, where its difference is in the books, and
// where the run does not come to its end.
func TestAReturnTakesNothingApartThatIsNotTheRunsOwn(t *testing.T) {
	t.Parallel()
	confirm := func(t *testing.T, b *bundle) {
		b.tx(t, func(tx *postgres.Tx) error {
			ids := b.openIDs(t, "RG-32")
			_, err := tx.MatchByHand(b.ctx, b.contextID, recon.ManualMatch{Left: ids[:1], Right: ids[1:]})
			return err
		})
	}
	for name, prepare := range map[string]func(*testing.T, *bundle){
		"a person matched it": confirm,
		"returnDays are over": func(t *testing.T, b *bundle) {
			b.setContext(t, func(c *recon.Context) { c.Settings.ReturnDays = new(29) })
		},
		"none are wanted": func(t *testing.T, b *bundle) {
			b.setContext(t, func(c *recon.Context) { c.Settings.ReturnDays = new(0) })
		},
		"the claim is a movement": func(t *testing.T, b *bundle) {
			b.tx(t, func(tx *postgres.Tx) error {
				_, err := tx.PutFieldMap(b.ctx, b.left, 0, recon.FieldMap{Rows: recon.RowsMovements, Fields: map[string]recon.MapField{}})
				return err
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := setup(t)
			b.load(t, b.left, []string{"K2,2026-05-01,64.00,RG-32,sale"})
			b.load(t, b.right, []string{"D2,2026-05-04,64.00,RG-32,debit"})
			prepare(t, b)
			b.lag(t, 45)
			b.run(t, s, recon.RunCommit)
			b.load(t, b.right, []string{"D5,2026-06-03,-64.00,RG-32,return"})
			b.load(t, b.left, []string{"K9,2026-06-03,1.00,RG-39,sale"})
			for range 2 {
				run := b.run(t, s, recon.RunCommit)
				require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)
				require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), 1)
				reasons := map[recon.Reason]string{}
				for _, e := range b.exceptions(t, recon.ExceptionFilter{Status: recon.ExceptionUnresolved, Side: recon.Right}) {
					reasons[e.Reason] = e.Suggestion
				}
				require.Equal(t, map[string]map[recon.Reason]string{
					"a person matched it":     {recon.ReasonReturned: "takes back a row of 2026-05-04 that an earlier period settled"},
					"returnDays are over":     {recon.ReasonNoCandidate: ""},
					"none are wanted":         {recon.ReasonNoCandidate: ""},
					"the claim is a movement": {recon.ReasonReturnNotBooked: "takes back a row of 2026-05-04: the return is not booked on the other side"},
				}[name], reasons)
				require.True(t, b.replay(t, run.ID).Identical)
			}
		})
	}
}

// A run that breaks off while it saves leaves the group as it was, and the next try takes it up.
func TestAReturnIsTakenUpWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, []string{"K2,2026-05-01,64.00,RG-32,sale"})
	b.load(t, b.right, []string{"D2,2026-05-04,64.00,RG-32,debit"})
	b.lag(t, 45)
	b.run(t, s, recon.RunCommit)
	b.load(t, b.right, []string{"D5,2026-06-03,-64.00,RG-32,return"})
	b.alter(t, `ALTER TABLE exceptions ADD CONSTRAINT broken CHECK (reason <> 'RETURNED')`)
	run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
	require.NoError(t, err)
	require.Error(t, s.Execute(b.ctx, run.ID))
	require.Equal(t, 2, b.count(t, `SELECT count(*) FROM active_items a JOIN match_groups g ON g.id = a.group_id WHERE g.status = 'CONFIRMED'`))
	require.Zero(t, b.count(t, `SELECT count(*) FROM group_decisions`))
	require.Zero(t, b.count(t, `SELECT count(*) FROM rejected_sets`))

	b.alter(t, `ALTER TABLE exceptions DROP CONSTRAINT broken`)
	require.NoError(t, s.Execute(b.ctx, run.ID))
	require.Equal(t, recon.RunCompleted, b.stored(t, run.ID).Status)
	require.Zero(t, b.count(t, `SELECT count(*) FROM active_items`))
	require.Equal(t, 3, b.count(t, `SELECT count(*) FROM open_items`))
}
