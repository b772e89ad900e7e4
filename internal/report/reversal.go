package report

import (
	"fmt"
	"io"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

const reversalsShown = 5

// Reversal is a row that a later one of its side takes back, as people read it.
type Reversal struct {
	Side     recon.Side `json:"side"`
	Counter  string     `json:"counterRow"`
	Date     recon.Day  `json:"date"`
	Amount   string     `json:"amount"`
	Currency string     `json:"currency"`
	Row      string     `json:"takesBack"`
	Effect   string     `json:"effect"`
	Reopen   string     `json:"reopen,omitempty"` // for --reopen: the group of an earlier period
}

// Reversals returns what is taken back of groups, of this period and of earlier ones.
func (r *Run) Reversals() (list []Reversal) {
	for i := range r.Result.Reversals {
		v := &r.Result.Reversals[i]
		side := engine.LeftIndex
		if v.Side == recon.Right {
			side = engine.RightIndex
		}
		s := &r.Sides[side]
		out := Reversal{
			Side: v.Side, Counter: s.Label(v.Counter), Row: s.Label(v.Row), Date: s.Table.Date(v.Counter),
			Amount: s.money(v.Counter).String(), Currency: s.Table.Currency(v.Counter),
		}
		switch {
		case v.Moved:
			out.Effect = "the return is not in " + r.Sides[1-side].Name
		case v.Settled:
			out.Reopen = r.SettledWith(side, v.Row)
			out.Effect = fmt.Sprintf("settled on %s as %s", s.Table.Date(v.Row), out.Reopen)
		case v.Again:
			out.Effect = "both are open again"
		case v.Group == engine.NoGroup:
			continue
		case v.Held:
			others := r.rows(1-side, &r.Result.Groups[v.Group])
			out.Effect = r.Sides[1-side].labels(others) + " is not confirmed"
		default:
			out.Effect = "the return is not in " + r.Sides[1-side].Name
		}
		list = append(list, out)
	}
	return list
}

// WriteReversals writes the first of them. What an earlier period settled comes with the way to open it again.
func (r *Run) WriteReversals(to io.Writer) {
	list := r.Reversals()
	for i := range list[:min(len(list), reversalsShown)] {
		v := &list[i]
		fmt.Fprintf(to, "RETURN %s  %s %s of %s takes back %s: %s", v.Counter, Grouped(v.Amount), v.Currency, v.Date,
			v.Row, v.Effect)
		if v.Reopen != "" {
			fmt.Fprintf(to, "; --reopen '%s' opens both again", v.Reopen)
		}
		fmt.Fprintln(to)
	}
	if more := len(list) - reversalsShown; more > 0 {
		fmt.Fprintf(to, "         … and %s more in unmatched.csv\n", Grouped(int64(more)))
	}
}

func (p *page) reversals(r *Run) {
	list := r.Reversals()
	rows := make([]markup, 0, min(len(list), pageRowsMax))
	for i := range list[:min(len(list), pageRowsMax)] {
		v := &list[i]
		rows = append(rows, markupf(`<tr><td><code>%v</code></td><td class="n">%v</td><td class="n">%v %v</td>`+
			`<td><code>%v</code></td><td>%v</td></tr>`,
			v.Counter, v.Date, Grouped(v.Amount), v.Currency, v.Row, v.Effect))
	}
	p.list("Taken back"+cut("first", len(rows), len(list), "unmatched.csv"),
		"Row|Date|#Amount|Takes back|What became of it", rows)
}
