//go:build unit || !integration

package engine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestViolations breaks each law by hand: a check that cannot fail proves nothing.
func TestViolations(t *testing.T) {
	p := compile(t, recon.DefaultLadder()...)
	rows := []recon.Transaction{
		{ExternalID: "1", Reference: "A", Amount: 5, Currency: "EUR", Date: recon.Epoch + 20454, Digest: [32]byte{1}},
		{ExternalID: "2", Reference: "B", Amount: 7, Currency: "EUR", Date: recon.Epoch + 20454, Digest: [32]byte{2}},
	}
	for name, breakIt := range map[string]func(r *runner, res *Result){
		"twice in a group":     func(_ *runner, res *Result) { res.leftRows[1] = res.leftRows[0] },
		"a state of its own":   func(r *runner, _ *Result) { r.sides[0].state[0] = stateOpen },
		"a count":              func(_ *runner, res *Result) { res.Counts[0].Matched++ },
		"a difference":         func(_ *runner, res *Result) { res.Groups[0].Difference++ },
		"a row's amount moved": func(r *runner, _ *Result) { r.tables[0].amounts[0][0]++ },
		"a pair out of rule":   func(_ *runner, res *Result) { res.rightRows[0], res.rightRows[1] = res.rightRows[1], res.rightRows[0] },
	} {
		t.Run(name, func(t *testing.T) {
			res, l, r := run(t, p, rows, rows)
			again := newTestRunner(p, l, r)
			again.sides[0].state, again.sides[1].state = res.state[0], res.state[1]
			breakIt(again, res)
			var broken *ViolationError
			require.ErrorAs(t, again.check(res, again.ledger(res)), &broken)
			require.NotEmpty(t, broken.Error())
		})
	}
}

// A balance of more than 64 bits cannot be printed: the run is refused before anything is matched, with where to look.
func TestSumTooBig(t *testing.T) {
	t.Parallel()
	p := compile(t, recon.DefaultLadder()...)
	rows := []recon.Transaction{
		{ExternalID: "A", Amount: -math.MaxInt64 + 1, Currency: "EUR", Date: recon.Epoch + 20454, Digest: [32]byte{1}},
		{ExternalID: "B", Amount: -math.MaxInt64, Currency: "EUR", Date: recon.Epoch + 20454, Digest: [32]byte{2}},
		{ExternalID: "C", Amount: 5, Currency: "EUR", Date: recon.Epoch + 20454, Digest: [32]byte{3}},
		{ExternalID: "D", Amount: math.MaxInt64, Currency: "USD", Date: recon.Epoch + 20454, Digest: [32]byte{4}},
	}
	for side, l := range map[recon.Side]int{recon.Left: len(rows), recon.Right: 0} {
		r := len(rows) - l
		_, err := Run(p, tableOf(t, p, recon.Left, rows[:l]), tableOf(t, p, recon.Right, rows[:r]), func(Progress) bool {
			t.Error("nothing is matched")
			return true
		})
		require.Equal(t, "SUM_TOO_BIG", recon.CodeOf(err), side)
		for _, fact := range []string{"EUR", `"B"`, "-184467440737095516.08"} {
			require.ErrorContains(t, err, fact, side)
		}
	}
}

// Two groups of rows may agree in what a rule compares, while their own amounts lie further apart than a sum can say.
func TestGroupsWhoseDifferenceFitsNowhereStayOpen(t *testing.T) {
	t.Parallel()
	net := recon.NullMinor{Amount: 10, Set: true}
	half := recon.NullMinor{Amount: 5, Set: true}
	p := compile(t, recon.Rule{
		Name: "net", Type: recon.RuleGrouped, Priority: 1, Amount: recon.RuleAmount{Left: "net", Right: "net"},
		Keys:  []recon.RuleKey{{Left: "reference", Right: "reference"}},
		Group: recon.RuleGroup{By: recon.RuleSources{Right: []string{"reference"}}},
	})
	left := []recon.Transaction{{ExternalID: "L", Reference: "A", Amount: math.MaxInt64, Net: net, Currency: "EUR", Date: recon.Epoch + 20454, Digest: [32]byte{1}}}
	right := []recon.Transaction{
		{ExternalID: "R1", Reference: "A", Amount: -math.MaxInt64 + 5, Net: half, Currency: "EUR", Date: recon.Epoch + 20454, Digest: [32]byte{2}},
		{ExternalID: "R2", Reference: "A", Amount: -5, Net: half, Currency: "EUR", Date: recon.Epoch + 20454, Digest: [32]byte{3}},
	}
	res, err := Run(p, tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right), nil)
	require.NoError(t, err)
	require.Empty(t, res.Groups)
	require.Len(t, res.Open[RightIndex], 2)
}
