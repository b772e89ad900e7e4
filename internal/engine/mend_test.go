//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// A pair that is mended is at the edge of what a limit admits, which counts half: 82 points of 100 for an amount, 91 for a
// day, where a key is shared.
func TestWhatIsMendedCountsHalf(t *testing.T) {
	t.Parallel()
	row := recon.Transaction{Reference: "A", Amount: 1000, Currency: "EUR", Date: recon.Epoch + 20454, Digest: [32]byte{1}}
	amount, day := row, row
	amount.Amount, day.Date = 1500, recon.Epoch+20464
	for name, c := range map[string]struct {
		other  recon.Transaction
		failed recon.Reason
		most   int
	}{"amount": {amount, recon.ReasonAmountDiffers, 82}, "day": {day, recon.ReasonDateOutside, 91}} {
		for proposeAt, want := range map[int]bool{0: true, c.most: true, c.most + 1: false} {
			p := compile(t, recon.Rule{
				Name: "lag", Type: recon.RuleDateLag, Priority: 1, Date: recon.RuleDate{MaxDays: new(3)},
				Confirm: recon.RuleConfirm{AutoAt: new(100), ProposeAt: new(proposeAt)},
			})
			r := newTestRunner(p, tableOf(t, p, recon.Left, []recon.Transaction{row}), tableOf(t, p, recon.Right, []recon.Transaction{c.other}))
			x := &mender{r.evaluator(&p.rules[0])}
			require.Equal(t, want, x.reaches(c.failed, 0, 0), "%s, proposed from %d", name, proposeAt)
		}
	}
}
