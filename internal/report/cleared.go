package report

import (
	"fmt"
	"io"
	"slices"

	"matcher/internal/recon"
)

const clearedShown = 5

// cleared is a row of the period whose group holds a row after the cut-off: money in transit that has arrived since.
type cleared struct {
	Row     string
	Date    recon.Day
	Money   recon.Money
	By      string    // the later rows
	Arrived recon.Day // the first of their days
	Status  recon.GroupStatus
}

// cleared returns the earlier rows of groups that reach beyond the cut-off, in the order of the groups.
func (r *Run) cleared() (list []cleared) {
	to := r.Plan.Options.To
	for i := range r.Result.Groups {
		g := &r.Result.Groups[i]
		arrived, by, first := recon.NoDay, []string(nil), len(list)
		for side := range r.Sides {
			s := &r.Sides[side]
			for _, row := range r.rows(side, g) {
				date := s.Table.Date(row)
				if !to.Set() || date <= to {
					list = append(list, cleared{Row: s.Label(row), Date: date, Money: s.money(row), Status: g.Status()})
					continue
				}
				if by = append(by, s.Label(row)); !arrived.Set() || date < arrived {
					arrived = date
				}
			}
		}
		if len(by) == 0 {
			list = slices.Delete(list, first, len(list))
		}
		for j := range list[first:] {
			list[first+j].Arrived, list[first+j].By = arrived, someOf(by, len(by))
		}
	}
	return list
}

// how returns what became of the row after the cut-off.
func (c *cleared) how() string {
	done := "cleared"
	if c.Status != recon.GroupConfirmed {
		done = Words(c.Status) + " to clear"
	}
	return fmt.Sprintf("%s on %s by %s", done, c.Arrived, c.By)
}

// WriteCleared writes what was in transit at the cut-off, and when it arrived.
func (r *Run) WriteCleared(to io.Writer) {
	list := r.cleared()
	for i := range list[:min(len(list), clearedShown)] {
		c := &list[i]
		fmt.Fprintf(to, "LATER  %s  %s %s of %s %s\n", c.Row, Grouped(c.Money.String()), c.Money.Currency,
			c.Date, c.how())
	}
	if more := len(list) - clearedShown; more > 0 {
		fmt.Fprintf(to, "         … and %s more in groups.csv\n", Grouped(int64(more)))
	}
}

func (p *page) cleared(r *Run) {
	list := r.cleared()
	rows := make([]markup, 0, min(len(list), pageRowsMax))
	for i := range list[:min(len(list), pageRowsMax)] {
		c := &list[i]
		rows = append(rows, markupf(`<tr><td><code>%v</code></td><td class="n">%v</td>`+
			`<td class="n">%v %v</td><td>%v</td></tr>`,
			c.Row, c.Date, Grouped(c.Money.String()), c.Money.Currency, c.how()))
	}
	p.list("In transit at the cut-off"+cut("first", len(rows), len(list), "groups.csv"),
		"Row|Date|#Amount|What became of it", rows)
}
