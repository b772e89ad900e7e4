//go:build unit || !integration

package engine

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// Whatever rows come in whatever order, no adjustment is booked twice and no row books two, the money is what is due,
// and the bridge ties.
func TestEachAdjustmentIsBookedOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := recon.Epoch + 20454
		options := recon.RunOptions{}
		for i := range rapid.IntRange(0, 5).Draw(t, "owed") {
			number := recon.AdjustmentNumber(nil, []recon.RowIdentity{{Ordinal: int32(i)}})
			o := recon.Owed{Number: number, Amount: recon.Minor(rapid.IntRange(1, 2).Draw(t, "due")), Currency: "EUR", Date: day, Reason: recon.AdjustmentFee, Account: "6855"}
			if rapid.IntRange(0, 3).Draw(t, "booked") == 0 {
				o.Booked, o.Loose = "earlier", rapid.Bool().Draw(t, "loosely")
			}
			options.Owed = append(options.Owed, o)
		}
		post := recon.Rule{Name: "fees", Type: recon.RulePostType, Priority: 1, Where: recon.SideText{Right: "amount < 0"}, Post: recon.RulePost{Account: "6855"}}
		p, errs := Compile([]recon.Rule{post}, options)
		require.Empty(t, errs)
		left, right := NewTable(p, recon.Left, 0), NewTable(p, recon.Right, 0)
		for i := range rapid.IntRange(0, 4).Draw(t, "fees") {
			tx := recon.Transaction{ExternalID: fmt.Sprint("R", i), Amount: -recon.Minor(rapid.IntRange(1, 2).Draw(t, "fee")), Currency: "EUR", Date: day, BookingStatus: recon.Booked}
			require.NoError(t, right.Add(&tx, int64(i), "bank"))
		}
		for i := range rapid.IntRange(0, 9).Draw(t, "entries") {
			tx := recon.Transaction{ExternalID: fmt.Sprint("J", i), Amount: -recon.Minor(rapid.IntRange(1, 2).Draw(t, "entry")), Currency: "EUR", Date: day + recon.Day(rapid.IntRange(-1, 1).Draw(t, "day")), BookingStatus: recon.Booked}
			if n := rapid.IntRange(-3, 5).Draw(t, "names"); n >= 0 && n < len(options.Owed) {
				tx.Reference = options.Owed[n].Number
			} else {
				tx.Metadata = []recon.Attribute{{Name: "account", Value: "6855"}}
			}
			require.NoError(t, left.Add(&tx, int64(i), "books"))
		}
		res, err := Run(p, left, right, nil) // which proves the bridge
		require.NoError(t, err)
		rows, dues := map[uint32]bool{}, map[string]bool{}
		for _, b := range res.Bookings {
			of, amount := fmt.Sprint("group ", b.Group), func() recon.Minor { return res.Groups[b.Group].Difference }
			if b.Group == NoGroup {
				of, amount = fmt.Sprint("owed ", b.Owed), func() recon.Minor { return options.Owed[b.Owed].Amount }
				require.Empty(t, options.Owed[b.Owed].Booked)
			}
			require.False(t, rows[b.Row] || dues[of], "%v", b)
			rows[b.Row], dues[of] = true, true
			require.Equal(t, -amount(), left.Amount(b.Row))
		}
		for i := range res.Open[LeftIndex] {
			require.False(t, rows[res.Open[LeftIndex][i].Row], "what books is not open")
		}
		total := recon.Minor(0) // what is left to be booked is what the bridge shows
		for i := range options.Owed {
			if !dues[fmt.Sprint("owed ", i)] {
				continue
			}
			total += options.Owed[i].Amount
		}
		for i := range res.Groups {
			if !dues[fmt.Sprint("group ", i)] {
				total -= res.Groups[i].Difference
			}
		}
		inBridge := recon.Minor(0)
		for _, bridge := range res.Bridge {
			for _, item := range bridge.Items {
				if item.Label == recon.LabelDifference || item.Label == recon.LabelEarlier {
					inBridge += item.Amount
				}
			}
		}
		require.Equal(t, total, inBridge)
	})
}
