//go:build integration

package matching_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/matching"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// auditor keeps books of its own beside the service, out of nothing but the files it wrote and the groups it was shown. It
// knows no code of the engine.
type auditor struct {
	*bundle
	t       *testing.T
	s       *matching.Service
	random  *rand.Rand
	rows    map[string]*auditedRow   // by id in its file, which is unique over both sides
	groups  map[string]*auditedGroup // active ones, by id
	refused []string                 // sets that people rejected or took apart
	written [2][]string              // lines of the files, good ones alone
	rules   map[string]int64         // by name: the cents that a confirmed group may differ by
}

type auditedRow struct {
	id    string // in the service
	side  recon.Side
	cents int64
	state recon.State
}

type auditedGroup struct {
	status  recon.GroupStatus
	members []string
	touched bool // somebody decided on it, or it was made by hand
}

// TestT48_RandomReconciliationsAgainstAnAuditor is of a few seeds in the ordinary suite, and of 500 with MATCHER_NIGHTLY set.
func TestT48_RandomReconciliationsAgainstAnAuditor(t *testing.T) {
	t.Parallel()
	seeds := uint64(8)
	if os.Getenv("MATCHER_NIGHTLY") != "" {
		seeds = 500
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			s, b := setup(t)
			a := &auditor{
				bundle: b, t: t, s: s, random: rand.New(rand.NewPCG(seed, 48)),
				rows: map[string]*auditedRow{}, groups: map[string]*auditedGroup{}, rules: map[string]int64{},
			}
			a.writeRules()
			a.file(recon.Left)
			a.file(recon.Right)
			a.sameResultInAnyOrder()
			a.match()
			for range 14 {
				a.step()
				a.audit()
			}
		})
	}
}

func (a *auditor) between(from, to int) int { return from + a.random.IntN(to-from+1) }

// writeRules takes some rules out of a hat. Their order is their priority.
func (a *auditor) writeRules() {
	cents := a.between(0, 40)
	hat := []recon.Rule{
		{Name: "exact", Type: recon.RuleExact},
		{Name: "tolerance", Type: recon.RuleTolerance, Amount: recon.RuleAmount{Abs: recon.Limits{Default: recon.Decimal(fmt.Sprintf("0.%02d", cents))}}},
		{Name: "lag", Type: recon.RuleDateLag},
		{Name: "unkeyed", Type: recon.RuleExact, Keys: []recon.RuleKey{}},
		{
			Name: "parts", Type: recon.RuleGrouped, Keys: []recon.RuleKey{{Left: "reference", Right: "reference"}},
			Group: recon.RuleGroup{By: recon.RuleSources{Right: []string{"reference"}}}, Partial: recon.RulePartial{Allow: true},
		},
	}
	a.random.Shuffle(len(hat), func(i, j int) { hat[i], hat[j] = hat[j], hat[i] })
	for i, rule := range hat[:a.between(2, len(hat))] {
		rule.Priority = 10 * (i + 1)
		a.rules[rule.Name] = 0
		if rule.Name == "tolerance" {
			a.rules[rule.Name] = int64(cents)
		}
		a.tx(a.t, func(tx *postgres.Tx) error {
			_, err := tx.CreateRule(a.ctx, a.contextID, rule)
			return err
		})
	}
}

// file loads rows with few references, amounts and days, so that they get in each other's way, some of them twice and some
// that cannot be read, and holds the service to the count.
func (a *auditor) file(side recon.Side) {
	source, letter, of := a.left, "L", 0
	if side == recon.Right {
		source, letter, of = a.right, "R", 1
	}
	var lines []string
	fresh, duplicates, rejected := 0, 0, 0
	for range a.between(4, 16) {
		id := letter + strconv.Itoa(len(a.written[of])+1)
		cents := int64(a.between(1, 6))*500 + int64(a.between(0, 2)*7)
		if a.random.IntN(8) == 0 {
			cents = -cents
		}
		line := fmt.Sprintf("%s,2026-03-%02d,%s,REF%d,pay", id, a.between(1, 6), inCents(cents), a.between(1, 6))
		switch a.random.IntN(10) {
		case 0:
			lines, rejected = append(lines, "X"+id+",2026-03-02,twelve,REF1,pay"), rejected+1
		case 1:
			lines, duplicates = append(lines, line), duplicates+1
			fallthrough
		default:
			lines, fresh = append(lines, line), fresh+1
			a.written[of] = append(a.written[of], line)
			a.rows[id] = &auditedRow{side: side, cents: cents, state: recon.StateOpen}
		}
	}
	a.random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	got := a.load(a.t, source, lines)
	require.Equal(a.t, []int64{int64(len(lines)), int64(fresh), int64(duplicates), int64(rejected)},
		[]int64{got.RowsRead, got.RowsInserted, got.RowsDuplicate, got.RowsRejected})
	for _, tx := range a.stored() {
		a.rows[tx.ExternalID].id = tx.ID
	}
}

func inCents(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

func (a *auditor) stored() (all []recon.StoredTransaction) {
	a.tx(a.t, func(tx *postgres.Tx) (err error) {
		all, _, err = tx.Transactions(a.ctx, a.contextID, recon.TransactionFilter{}, postgres.Page{Limit: 1000})
		return err
	})
	return all
}

// sameResultInAnyOrder is O9: one core or eight, the files turned over or not.
func (a *auditor) sameResultInAnyOrder() {
	want := a.run(a.t, a.s, recon.RunDry)
	rules := make([]recon.Rule, 0, len(a.rules))
	a.tx(a.t, func(tx *postgres.Tx) error {
		stored, err := tx.Rules(a.ctx, a.contextID)
		for i := range stored {
			rules = append(rules, stored[i].Rule)
		}
		return err
	})
	plan, problems := engine.Compile(rules, recon.RunOptions{})
	require.Empty(a.t, problems)
	for round, cores := range []int{1, 8} {
		seed := a.random.Uint64()
		before := runtime.GOMAXPROCS(cores)
		result, err := engine.Run(plan, table(a.t, plan, recon.Left, "books", shuffled(a.written[0], seed)),
			table(a.t, plan, recon.Right, "bank", shuffled(a.written[1], seed+1)), nil)
		runtime.GOMAXPROCS(before)
		require.NoError(a.t, err)
		require.Equal(a.t, want.ResultHash, result.ResultHash, "round %d", round)
	}
}

// match runs, and takes over what the run made of the rows after it has gone through each of its groups.
func (a *auditor) match() {
	run := a.run(a.t, a.s, recon.RunCommit)
	require.Equal(a.t, recon.RunCompleted, run.Status, run.ErrorMessage)
	now := map[string]*auditedGroup{}
	for _, g := range a.shown() {
		members, sums := []string{}, map[recon.Side]int64{}
		for _, item := range g.Items {
			row := a.rows[item.ExternalID]
			require.NotNil(a.t, row, "%s is in no file", item.ExternalID)
			members, sums[row.side] = append(members, item.ExternalID), sums[row.side]+row.cents
		}
		slices.Sort(members)
		before := a.groups[g.ID]
		if before != nil && (before.touched || before.status == recon.GroupConfirmed) {
			require.Equal(a.t, before.status, g.Status, "a run changed %s", g.ID)
			require.Equal(a.t, before.members, members)
			now[g.ID] = before
			continue
		}
		require.Equal(a.t, inCents(sums[recon.Left]-sums[recon.Right]), g.Difference)
		if g.Status == recon.GroupConfirmed {
			require.LessOrEqual(a.t, max(sums[recon.Left]-sums[recon.Right], sums[recon.Right]-sums[recon.Left]), a.rules[g.RuleName], "%s %v", g.RuleName, members)
		}
		require.NotContains(a.t, a.refused, strings.Join(members, "+"), "a refused set came back by %s", g.RuleName)
		now[g.ID] = &auditedGroup{status: g.Status, members: members}
	}
	for id, g := range a.groups {
		kept := now[id] != nil || !g.touched && g.status == recon.GroupProposed
		if !kept && g.status == recon.GroupPartial { // taken up whole by a group that holds more
			kept = slices.ContainsFunc(a.values(now), func(n *auditedGroup) bool {
				return !slices.ContainsFunc(g.members, func(m string) bool { return !slices.Contains(n.members, m) })
			})
		}
		require.True(a.t, kept, "a run dropped %s group %s of %v", g.status, id, g.members)
	}
	a.groups = now
	for _, row := range a.rows {
		if row.state != recon.StateIgnored {
			row.state = recon.StateOpen
		}
	}
	for id, g := range a.groups {
		for _, member := range g.members {
			require.Equal(a.t, recon.StateOpen, a.rows[member].state, "%s of group %s is taken or ignored", member, id)
			a.rows[member].state = recon.State(g.status.String())
		}
	}
}

func (a *auditor) values(groups map[string]*auditedGroup) []*auditedGroup {
	list := make([]*auditedGroup, 0, len(groups))
	for _, g := range groups {
		list = append(list, g)
	}
	return list
}

// shown are the active groups with all of their rows.
func (a *auditor) shown() (active []recon.StoredGroup) {
	for _, g := range a.bundle.groups(a.t, recon.GroupFilter{}) {
		switch g.Status {
		case recon.GroupConfirmed, recon.GroupProposed, recon.GroupPartial:
			a.tx(a.t, func(tx *postgres.Tx) (err error) {
				g.Items, _, err = tx.GroupItems(a.ctx, g.ID, postgres.Page{Limit: 1000})
				return err
			})
			active = append(active, g)
		}
	}
	return active
}

// step does one thing that a person or a clock would do. What the service refuses must have changed nothing.
func (a *auditor) step() {
	switch a.random.IntN(9) {
	case 0:
		a.file([]recon.Side{recon.Left, recon.Right}[a.random.IntN(2)])
	case 1, 2:
		a.match()
	case 3:
		a.decide(recon.ActionConfirm, recon.StateConfirmed)
	case 4:
		a.decide(recon.ActionReject, recon.StateOpen)
	case 5:
		a.decide(recon.ActionUnmatch, recon.StateOpen)
	case 6:
		a.byHand()
	case 7:
		a.adjust()
	case 8:
		a.ignore()
	}
}

// anyGroup is one of the active groups, by the order of their rows, so that a seed always does the same.
func (a *auditor) anyGroup() (string, *auditedGroup) {
	ids := make([]string, 0, len(a.groups))
	for id := range a.groups {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return "", nil
	}
	slices.SortFunc(ids, func(x, y string) int { return slices.Compare(a.groups[x].members, a.groups[y].members) })
	id := ids[a.random.IntN(len(ids))]
	return id, a.groups[id]
}

func (a *auditor) decide(action recon.GroupAction, to recon.State) {
	id, g := a.anyGroup()
	if g == nil {
		return
	}
	if !a.allowed(func(tx *postgres.Tx) error {
		_, err := tx.DecideGroup(a.ctx, id, recon.Decision{Action: action, Note: "seen", Reason: recon.AdjustmentWriteOff})
		return err
	}) {
		return
	}
	g.touched = true
	for _, member := range g.members {
		a.rows[member].state = to
	}
	if to == recon.StateOpen {
		delete(a.groups, id)
		a.refused = append(a.refused, strings.Join(g.members, "+"))
		return
	}
	g.status = recon.GroupConfirmed
}

// allowed reports whether the service did it; it may refuse what a person should not do, and nothing else.
func (a *auditor) allowed(fn func(tx *postgres.Tx) error) bool {
	err := a.DB.Tx(a.ctx, fn)
	switch recon.KindOf(err) {
	case recon.KindConflict, recon.KindUnprocessable:
		return false
	}
	require.NoError(a.t, err)
	return true
}

func (a *auditor) byHand() {
	var m recon.ManualMatch
	var members []string
	for _, side := range []recon.Side{recon.Left, recon.Right} {
		for range a.between(1, 2) {
			name := a.anyRow(side)
			if name == "" || slices.Contains(members, name) {
				continue
			}
			members = append(members, name)
			if side == recon.Left {
				m.Left = append(m.Left, a.rows[name].id)
			} else {
				m.Right = append(m.Right, a.rows[name].id)
			}
		}
	}
	m.Reason, m.Note = recon.AdjustmentWriteOff, "by hand"
	var made recon.StoredGroup
	if !a.allowed(func(tx *postgres.Tx) (err error) {
		made, err = tx.MatchByHand(a.ctx, a.contextID, m)
		return err
	}) {
		return
	}
	for _, member := range members {
		require.Equal(a.t, recon.StateOpen, a.rows[member].state, "%s was not there to be matched", member)
		a.rows[member].state = recon.StateConfirmed
	}
	slices.Sort(members)
	a.groups[made.ID] = &auditedGroup{status: recon.GroupConfirmed, members: members, touched: true}
}

// anyRow is a row of one side, mostly an open one.
func (a *auditor) anyRow(side recon.Side) string {
	var names []string
	for name, row := range a.rows {
		if row.side == side && (row.state == recon.StateOpen || a.random.IntN(20) == 0) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return names[a.random.IntN(len(names))]
}

func (a *auditor) adjust() {
	id, g := a.anyGroup()
	if g != nil && a.allowed(func(tx *postgres.Tx) error {
		_, err := tx.Adjust(a.ctx, id, recon.Adjustment{Reason: recon.AdjustmentWriteOff, Note: "charge"})
		return err
	}) {
		g.touched = true
	}
}

// ignore takes an open row out of the reconciliation, or puts an ignored one back.
func (a *auditor) ignore() {
	name := a.anyRow([]recon.Side{recon.Left, recon.Right}[a.random.IntN(2)])
	if name == "" {
		return
	}
	row := a.rows[name]
	to, do := recon.StateIgnored, func(tx *postgres.Tx) error {
		_, err := tx.Ignore(a.ctx, row.id, "not ours")
		return err
	}
	if row.state == recon.StateIgnored {
		to, do = recon.StateOpen, func(tx *postgres.Tx) error {
			_, err := tx.Restore(a.ctx, row.id)
			return err
		}
	}
	if a.allowed(do) {
		require.Contains(a.t, []recon.State{recon.StateOpen, recon.StateIgnored}, row.state)
		row.state = to
	}
}

// audit compares the books: every row's state and amount, the sums that follow, and the oracles over the tables.
func (a *auditor) audit() {
	all := a.stored()
	require.Len(a.t, all, len(a.rows))
	var balance [2]int64
	for _, tx := range all {
		row := a.rows[tx.ExternalID]
		require.NotNil(a.t, row, tx.ExternalID)
		require.Equal(a.t, row.state, tx.State, tx.ExternalID)
		require.Equal(a.t, inCents(row.cents), tx.Amount)
		if row.side == recon.Left {
			balance[0] += row.cents
		} else {
			balance[1] += row.cents
		}
	}
	// Ignored rows stay in the balances: they are money, and items of the bridge.
	for _, line := range a.statement(a.t, recon.NoDay).Currencies {
		require.Equal(a.t, inCents(balance[0]), line.Left, "the bridge starts at what is in the books")
		require.Equal(a.t, inCents(balance[1]), line.Right, "and ends at what is in the bank")
		sum := balance[0]
		for _, item := range line.Items {
			money, err := recon.ParseMoney(item.Amount, line.Currency)
			require.NoError(a.t, err)
			sum += int64(money.Amount)
		}
		require.Equal(a.t, balance[1], sum, "by its items")
	}
	a.RequireSound(a.t, a.tenantID)
}
