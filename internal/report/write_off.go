package report

import (
	"fmt"
	"io"

	"matcher/internal/recon"
)

const writeOffsShown = 5

// writeOff is a confirmed group whose difference is a loss or a gain by decision of its rule.
type writeOff struct{ Left, Right, Rule, Difference string }

func (r *Run) writeOffs() (list []writeOff) {
	for i := range r.Result.Groups {
		g := &r.Result.Groups[i]
		if g.Status() != recon.GroupConfirmed || g.Adjustment() != recon.AdjustmentWriteOff {
			continue
		}
		list = append(list, writeOff{
			Left: r.Sides[0].labels(r.Result.LeftRows(g)), Right: r.Sides[1].labels(r.Result.RightRows(g)),
			Rule: r.RuleName(i), Difference: Grouped(r.Difference(g)) + " " + r.Currency(g),
		})
	}
	return list
}

// WriteWriteOffs writes the first confirmed write-offs.
func (r *Run) WriteWriteOffs(to io.Writer) {
	list := r.writeOffs()
	for _, w := range list[:min(len(list), writeOffsShown)] {
		fmt.Fprintf(to, "OFF    %s written off between %s and %s by %q\n", w.Difference, w.Left, w.Right, w.Rule)
	}
	if more := len(list) - writeOffsShown; more > 0 {
		fmt.Fprintf(to, "         … and %s more in report.html and groups.csv\n", Grouped(int64(more)))
	}
}

// writeOffs lists every one: none may be signed unseen.
func (p *page) writeOffs(r *Run) {
	var rows []markup
	for _, w := range r.writeOffs() {
		rows = append(rows, markupf(`<tr><td><code>%v</code></td><td><code>%v</code></td><td>%v</td>`+
			`<td class="n">%v</td></tr>`,
			w.Left, w.Right, w.Rule, w.Difference))
	}
	p.list("Written off", "Left|Right|Rule|#Difference", rows)
}
