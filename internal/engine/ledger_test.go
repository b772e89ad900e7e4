//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestViolations breaks each law by hand: a check that cannot fail proves nothing.
func TestViolations(t *testing.T) {
	p := compile(t, recon.DefaultLadder()...)
	rows := []recon.Transaction{
		{ExternalID: "1", Reference: "A", Amount: 5, Currency: "EUR", Date: 20454, Digest: [32]byte{1}},
		{ExternalID: "2", Reference: "B", Amount: 7, Currency: "EUR", Date: 20454, Digest: [32]byte{2}},
	}
	for name, breakIt := range map[string]func(r *runner, res *Result){
		"twice in a group":     func(_ *runner, res *Result) { res.leftRows[1] = res.leftRows[0] },
		"a state of its own":   func(r *runner, _ *Result) { r.state[0][0] = stateOpen },
		"a count":              func(_ *runner, res *Result) { res.Counts[0].Matched++ },
		"a difference":         func(_ *runner, res *Result) { res.Groups[0].Difference++ },
		"a row's amount moved": func(r *runner, _ *Result) { r.tables[0].amounts[0][0]++ },
		"a pair out of rule":   func(_ *runner, res *Result) { res.rightRows[0], res.rightRows[1] = res.rightRows[1], res.rightRows[0] },
	} {
		t.Run(name, func(t *testing.T) {
			res, l, r := run(t, p, rows, rows)
			again := newTestRunner(p, l, r)
			again.state = res.state
			breakIt(again, res)
			var broken *ViolationError
			require.ErrorAs(t, again.check(res, again.ledger(res)), &broken)
			require.NotEmpty(t, broken.Error())
		})
	}
}
