//go:build unit || !integration

package engine

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

func invoiceRule() recon.Rule {
	return recon.Rule{
		Name: "invoice", Type: recon.RuleGrouped, Priority: 1, Keys: []recon.RuleKey{{Left: "reference", Right: "reference"}},
		Group: recon.RuleGroup{By: recon.RuleSources{Right: []string{"reference"}}}, Date: recon.RuleDate{MaxDays: new(400)},
		Partial: recon.RulePartial{Allow: true},
	}
}

// drawInvoices are invoices, one a reference, and payments in the order of their days.
func drawInvoices(t *rapid.T) (invoices, payments []recon.Transaction) {
	add := func(list []recon.Transaction, id, reference string, amount, day int) []recon.Transaction {
		tx := recon.Transaction{
			ExternalID: id, Reference: reference, Amount: recon.Minor(amount), Currency: "EUR", Date: recon.Epoch + 20454 + recon.Day(day),
			BookingStatus: recon.Booked, Row: len(list) + 1,
		}
		tx.Digest = gen.Digest(&tx)
		return append(list, tx)
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "invoices") {
		invoices = add(invoices, fmt.Sprintf("I%d", i), fmt.Sprintf("INV-%d", i), rapid.IntRange(1, 9).Draw(t, "due")*100, 0)
	}
	for i := range rapid.IntRange(0, 12).Draw(t, "payments") {
		payments = add(payments, fmt.Sprintf("P%02d", i), fmt.Sprintf("INV-%d", rapid.IntRange(0, 4).Draw(t, "of")), rapid.IntRange(1, 5).Draw(t, "paid")*100, i)
	}
	return invoices, payments
}

// month runs what is open and what earlier months left in parts, and gives the groups by their rows' ids.
func month(t *rapid.T, left, right []recon.Transaction, earlier []recon.PartialGroup, done map[string]string) []recon.PartialGroup {
	var rows [2][]recon.Transaction
	for side, list := range [2][]recon.Transaction{left, right} {
		for _, tx := range list {
			if done[tx.ExternalID] == "" {
				rows[side] = append(rows[side], tx)
			}
		}
	}
	p, errs := Compile([]recon.Rule{invoiceRule()}, recon.RunOptions{Partials: earlier, AsOf: recon.Epoch + 21000})
	require.Empty(t, errs)
	res, l, r := run(t, p, rows[0], rows[1])
	var parts []recon.PartialGroup
	for i := range res.Groups {
		g := &res.Groups[i]
		part, text := recon.PartialGroup{Rule: "invoice"}, ""
		for side, list := range [2][]uint32{res.LeftRows(g), res.RightRows(g)} {
			table, ids := [2]*Table{l, r}[side], [2]*[]int64{&part.Left, &part.Right}[side]
			for _, row := range list {
				*ids = append(*ids, table.ID(row))
				text += table.ExternalID(row) + " "
			}
		}
		if g.Status() == recon.GroupPartial {
			parts = append(parts, part)
			continue
		}
		for _, list := range [2][]uint32{res.LeftRows(g), res.RightRows(g)} {
			for _, row := range list {
				table := l
				if &list[0] == &res.RightRows(g)[0] {
					table = r
				}
				done[table.ExternalID(row)] = text
			}
		}
	}
	return parts
}

func TestParts(t *testing.T) {
	t.Run("payments month by month give the groups that they give at once", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			invoices, payments := drawInvoices(t)
			at := rapid.IntRange(0, len(payments)).Draw(t, "first month")
			once, split := map[string]string{}, map[string]string{}
			wanted := month(t, invoices, payments, nil, once)
			january := month(t, invoices, payments[:at], nil, split)
			february := month(t, invoices, payments, january, split)
			if skipsAhead(invoices, payments, at) {
				return
			}
			require.Equal(t, once, split)
			require.Len(t, february, len(wanted))
		})
	})
	t.Run("a row that is not there is an error, never a group that loses it", func(t *testing.T) {
		p, errs := Compile([]recon.Rule{invoiceRule()}, recon.RunOptions{Partials: []recon.PartialGroup{{RowSet: recon.RowSet{Left: []int64{0}, Right: []int64{7}}, Rule: "invoice"}}})
		require.Empty(t, errs)
		left, right := payout(1)
		_, err := Run(p, tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right), nil)
		require.Equal(t, "PARTIAL_ROWS_INVALID", recon.CodeOf(err))
	})
	t.Run("the limit of rows a side ends a group that grows", func(t *testing.T) {
		rule := invoiceRule()
		rule.Group.Cardinality = recon.OneToMany
		p := compile(t, rule)
		x := &evaluator{rulePlan: &p.rules[0]}
		require.True(t, x.tooMany([2][]uint32{{0, 1}, {0}}))
		require.False(t, x.tooMany([2][]uint32{{0}, {0, 1}}))
	})
}

// skipsAhead reports whether some later payments, or all of a month, tie by themselves although earlier ones stand before them:
// the ordinary match prefers what ties, which month by month is another question than at once.
func skipsAhead(invoices, payments []recon.Transaction, at int) bool {
	return slices.ContainsFunc(invoices, func(invoice recon.Transaction) bool {
		sum, all, first := recon.Minor(0), recon.Minor(0), false
		for i, p := range payments {
			if p.Reference != invoice.Reference {
				continue
			}
			if sum < invoice.Amount {
				sum += p.Amount
			}
			all += p.Amount
			first = first || i < at
		}
		return sum > invoice.Amount || all != sum && first
	})
}
