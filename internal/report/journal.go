package report

import (
	"fmt"
	"io"
	"iter"
	"strconv"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// JournalColumns are those of journal.csv.
var JournalColumns = []string{
	"number", "date", "group_id", "rule", "reason", "account", "cost_centre", "tax", "text", "amount", "currency", "booked_by",
}

// WriteJournal writes journal.csv, a line for each adjustment that the books must take over, those of earlier periods
// first. The amount is that of the left row that books it, and booked_by the row that has.
func (r *Run) WriteJournal(to io.Writer) error { return writeCSV(to, JournalColumns, r.journal()) }

func (r *Run) journal() iter.Seq[[]string] {
	left, earlier := &r.Sides[engine.LeftIndex], map[int]string{}
	for _, b := range r.Result.Bookings {
		if b.Group == engine.NoGroup {
			earlier[b.Owed] = left.Label(b.Row)
		}
	}
	return func(yield func([]string) bool) {
		for i := range r.Plan.Options.Owed {
			o := &r.Plan.Options.Owed[i]
			if o.Booked == "" && !yield(journalLine(o, "", &recon.Rule{}, earlier[i])) {
				return
			}
		}
		byGroup, tables := r.Result.BookedBy(), [2]*engine.Table{left.Table, r.Sides[engine.RightIndex].Table}
		for i := range r.Result.Groups {
			g := &r.Result.Groups[i]
			if !g.Owes() {
				continue
			}
			o := r.Result.Owed(r.Plan, tables, g)
			booked := ""
			if b := byGroup[int32(i)]; b != nil {
				booked = left.Label(b.Row)
			}
			if !yield(journalLine(&o, "G"+strconv.Itoa(i+1), &r.Plan.Rules[g.Rule], booked)) {
				return
			}
		}
	}
}

func journalLine(o *recon.Owed, group string, rule *recon.Rule, booked string) []string {
	return []string{
		o.Number, o.Date.String(), group, rule.Name, o.Reason.String(), o.Account, rule.Post.CostCentre, rule.Post.Tax,
		rule.Post.Text, recon.Money{Amount: -o.Amount, Currency: o.Currency}.String(), o.Currency, booked,
	}
}

// WritePostings writes what each rule of type POST books.
func WritePostings(to io.Writer, postings []recon.PostingSummary) {
	for _, p := range postings {
		fmt.Fprintf(to, "POST   %s %s to %s by %q: %s\n", Grouped(p.Amount), p.Currency, p.Account, p.Rule,
			Plural(p.Rows, "row"))
	}
}

// bookedLines are the rows that book adjustments of earlier periods: each is of a group that is not in this run.
func (r *Run) bookedLines(line []string, yield func([]string) bool) {
	s := &r.Sides[engine.LeftIndex]
	for _, b := range r.Result.Bookings {
		if b.Group != engine.NoGroup {
			continue
		}
		o := &r.Plan.Options.Owed[b.Owed]
		row := groupRow{
			group: b.Number, status: recon.GroupConfirmed.String(), score: scoreBooked, reason: o.Reason.String(),
			difference: recon.Money{Currency: o.Currency}.String(),
		}
		if row.of(s, b.Row); !yield(row.columns(line)) {
			return
		}
	}
}

// scoreBooked is the score of a row that books an adjustment: nothing is weighed.
const scoreBooked = 100

// of fills in what is of one row of the group.
func (g *groupRow) of(s *Side, row uint32) {
	g.side, g.externalID, g.row = s.Side, s.Table.ExternalID(row), int64(s.Place(row).Row)
	g.amount, g.currency, g.date = s.money(row).String(), s.Table.Currency(row), s.Table.Date(row)
	g.allocated = g.amount
}

// explainBooked explains a left row that books an adjustment.
func (r *Run) explainBooked(e *Explanation, b *engine.Booking) {
	e.Status, e.Books = recon.GroupConfirmed.String(), b.Number
	if b.Group != engine.NoGroup {
		e.Partner = r.Sides[engine.RightIndex].labels(r.Result.RightRows(&r.Result.Groups[b.Group]))
	}
}
