package report

import (
	_ "embed"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

//go:embed page.css
var pageStyle markup

// pageRowsMax bounds each list of the page, so that it opens at once. The CSV files hold everything.
const pageRowsMax = 500

// markup is HTML. Every other value is text and is escaped.
type markup string

// markupf formats HTML with values for the text between tags: no attribute, address or style may hold one.
// html/template would do this too, but makes the linker keep every exported method of the program (docs/decisions.md).
func markupf(format string, values ...any) markup {
	for i, value := range values {
		if _, ok := value.(markup); !ok {
			values[i] = html.EscapeString(fmt.Sprint(value))
		}
	}
	return markup(fmt.Sprintf(format, values...))
}

// page is the HTML written so far.
type page struct{ strings.Builder }

func (p *page) add(format string, values ...any) { p.WriteString(string(markupf(format, values...))) }

// list writes a table, unless it is empty. A heading that begins with # is over numbers.
func (p *page) list(title markup, headings string, rows []markup) {
	if len(rows) == 0 {
		return
	}
	p.add("<h2>%v</h2>\n<div class=\"scroll\"><table>\n<tr>", title)
	for heading := range strings.SplitSeq(headings, "|") {
		if number, ok := strings.CutPrefix(heading, "#"); ok {
			p.add(`<th class="n">%v</th>`, number)
		} else {
			p.add("<th>%v</th>", heading)
		}
	}
	p.add("</tr>\n")
	for _, row := range rows {
		p.add("%v\n", row)
	}
	p.add("</table></div>\n")
}

// WritePage writes the page that a person opens: self-contained, no script, nothing loaded from elsewhere. It names the
// program that wrote it.
func (r *Run) WritePage(to io.Writer, written string) error {
	names, summary, p := r.Names(), Summary(r.Result), page{}
	p.add("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	p.add("<title>Reconciliation as of %v</title>\n<style>\n%v</style>\n</head>\n<body>\n", r.Result.AsOf, pageStyle)
	p.add("<h1>%v against %v</h1>\n<p class=\"soft\">As of %v · %v</p>\n<div class=\"cards\">\n",
		names.Left, names.Right, r.Result.AsOf, written)
	for _, card := range []struct {
		class markup
		count int64
		of    string
	}{
		{" good", summary.Groups.Confirmed, "groups confirmed"},
		{" warn", summary.Groups.Proposed, "groups proposed"},
		{" bad", summary.Left.Unmatched, "open on the left"},
		{" bad", summary.Right.Unmatched, "open on the right"},
		{"", summary.Left.Duplicates + summary.Right.Duplicates, "duplicates"},
		{"", summary.Left.Rejected + summary.Right.Rejected, "rows rejected"},
	} {
		p.add("  <div class=\"card%v\"><b>%v</b>%v</div>\n", card.class, card.count, card.of)
	}
	p.add("</div>\n")
	for i := range summary.Bridge {
		p.bridge(names, &summary.Bridge[i])
	}
	var rules []markup
	for _, rule := range summary.ByRule {
		//nolint:dupword // cells of a table
		rules = append(rules, markupf(`<tr><td>%v</td><td class="n">%v</td><td class="n">%v</td><td class="n">%v</td></tr>`,
			rule.Rule, rule.Confirmed, rule.Proposed, rule.Partial))
	}
	p.list("What each rule found", "Rule|#Confirmed|#Proposed|#Partial", rules)
	p.groups(r)
	p.writeOffs(r)
	p.reversals(r)
	p.cleared(r)
	p.open(r)
	p.files(r)
	p.add("<p class=\"soft\" style=\"margin-top:2rem\">Result <code>%v</code><br>Input <code>%v</code><br>"+
		"Rules <code>%v</code> · %v</p>\n</body>\n</html>\n",
		summary.ResultHash, summary.InputHash, summary.RulesHash, summary.EngineVersion)
	_, err := io.WriteString(to, p.String())
	return err
}

func (p *page) bridge(names Names, b *recon.BridgeSummary) {
	const total = `<tr class="total"><td colspan="4">%v</td><td class="n">%v</td></tr>`
	rows := []markup{markupf(total, names.Left, Grouped(b.Left))}
	for i := range b.Items {
		item := b.Items[i]
		if item.Label != recon.LabelDifference && item.Label != recon.LabelEarlier { // these have a reason
			item.Label = names.item(&item)
		}
		var class markup
		if item.Class != 0 {
			class = markupf(` <span class="soft">%v</span>`, Words(item.Class))
		}
		rows = append(rows, markupf(`<tr><td>%v%v</td><td>%v</td><td>%v</td><td class="n">%v</td>`+
			`<td class="n">%v</td></tr>`,
			item.Label, class, Words(item.Reason), Words(item.Kind), item.Count, Grouped(item.Amount)))
	}
	rows = append(rows, markupf(total, names.Left+" with what is to be booked", Grouped(b.Adjusted)),
		markupf(total, "Timing", Grouped(b.Timing)), markupf(total, "Unexplained", Grouped(b.Unexplained)))
	rows = append(rows, markupf(total, names.Right, Grouped(b.Right)))
	p.list(markupf("Bridge in %v", b.Currency), "Item|Reason|Kind|#Count|#Amount", rows)
}

// cut notes that a list shows fewer than there are.
func cut(which string, shown, total int, file string) markup {
	if shown == total {
		return ""
	}
	return markupf(` <span class="soft">(%v %v of %v; all are in %v)</span>`, which, shown, total, file)
}

func (p *page) groups(r *Run) {
	var rows []markup
	proposed, total := r.proposals(pageRowsMax)
	for _, g := range proposed {
		var alternatives markup
		if g.Alternatives > 0 {
			alternatives = markupf(` <span class="soft">%v as good</span>`, g.Alternatives)
		}
		rows = append(rows, markupf(`<tr><td><code>%v</code></td><td><code>%v</code></td><td>%v</td><td>%v%v</td>`+
			`<td class="n">%v</td><td class="n">%v</td><td class="n">%v</td></tr>`, //nolint:dupword // cells of a table
			g.Left, g.Right, g.Rule, Words(g.HeldBy), alternatives, g.Score, g.Amount, g.Difference))
	}
	p.list("Proposed, for a person to decide"+cut("first", len(rows), total, "groups.csv"),
		"Left|Right|Rule|Held by|#Score|#Amount|#Difference", rows)
	rows = nil
	partial, total := r.partials(pageRowsMax)
	for _, g := range partial {
		rows = append(rows, markupf(`<tr><td><code>%v</code></td><td><code>%v</code></td><td>%v</td>`+
			`<td class="n">%v</td><td class="n">%v d</td><td class="n">%v %v</td></tr>`,
			g.Left, g.Right, g.Rule, g.Date, g.AgeDays, Grouped(g.Amount), g.Currency))
	}
	p.list("Paid in part, with what is left"+cut("oldest", len(rows), total, "groups.csv"),
		"Left|Right|Rule|Since|#Age|#What is left", rows)
}

func (p *page) open(r *Run) {
	var rows []markup
	open, total := r.LargestOpen(pageRowsMax)
	for i := range open {
		row := &open[i]
		var nearest markup
		if row.NearestID != "" {
			nearest = markupf("<code>%v</code><br>", row.NearestID)
		}
		rows = append(rows, markupf(`<tr><td>%v</td><td><code>%v</code><br><span class="soft">%v</span></td>`+
			`<td class="n">%v</td><td class="n">%v d</td><td class="n">%v %v</td>`+
			`<td>%v<br><span class="soft">%v</span></td><td>%v<span class="soft">%v</span></td></tr>`,
			row.Side, row.ID, row.Text(), row.Date, row.AgeDays, Grouped(row.Amount), row.Currency,
			Words(row.Reason), Words(row.Class), nearest, row.Suggestion))
	}
	p.list("Open"+cut("largest", len(rows), total, "unmatched.csv"),
		"Side|Row|Date|#Age|#Amount|Why|Nearest", rows)
}

func (p *page) files(r *Run) {
	var rows []markup
	for _, s := range r.Sides {
		for _, f := range s.Files {
			rows = append(rows, markupf(`<tr><td>%v</td><td><code>%v</code></td><td class="n">%v</td><td>%v</td></tr>`,
				s.Side, f.Path, f.Rows, f.ReadAs))
		}
	}
	p.list("Files", "Side|File|#Rows|Read as", rows)
}

// proposal is one proposed group as people read it.
type proposal struct {
	Left, Right  string
	Rule         string
	HeldBy       recon.HeldBy
	Alternatives int32
	Score        uint8
	Amount       string
	Difference   string
}

func (r *Run) proposals(most int) (shown []proposal, total int) {
	for i := range r.Result.Groups {
		g := &r.Result.Groups[i]
		if g.Status() != recon.GroupProposed {
			continue
		}
		total++
		if len(shown) < most {
			shown = append(shown, r.proposal(i))
		}
	}
	return shown, total
}

func (r *Run) proposal(i int) proposal {
	g := &r.Result.Groups[i]
	left, right := &r.Sides[engine.LeftIndex], &r.Sides[engine.RightIndex]
	leftRows, rightRows := r.Result.LeftRows(g), r.Result.RightRows(g)
	var amount string
	switch {
	case g.Mixed() && g.Currency() != "": // rows of several currencies have a sum only as they were compared
		amount = recon.Money{Amount: r.Result.ComparedLeft(r.Plan, left.Table, g), Currency: g.Currency()}.String()
	case len(leftRows) == 0:
		amount = right.sum(rightRows)
	default:
		amount = left.sum(leftRows)
	}
	return proposal{
		Left: left.labels(leftRows), Right: right.labels(rightRows), Rule: r.RuleName(i), HeldBy: g.HeldBy(),
		Alternatives: g.Alternatives, Score: g.Score, Amount: amount + " " + r.Currency(g), Difference: r.Difference(g),
	}
}

// partial is a partial group as people read it, with what is left of it.
type partial struct {
	Left, Right string
	Rule        string
	Amount      string // Σ left − Σ right
	Currency    string
	Date        recon.Day // the oldest of its rows
	AgeDays     int
}

// partials returns the partial groups, oldest first, and how many there are in all.
func (r *Run) partials(most int) (shown []partial, total int) {
	for i := range r.Result.Groups {
		g := &r.Result.Groups[i]
		if g.Status() != recon.GroupPartial {
			continue
		}
		p := partial{
			Left:  r.Sides[engine.LeftIndex].labels(r.Result.LeftRows(g)),
			Right: r.Sides[engine.RightIndex].labels(r.Result.RightRows(g)),
			Rule:  r.RuleName(i), Amount: r.Difference(g), Currency: r.Currency(g),
		}
		for side := range r.Sides {
			for _, row := range r.rows(side, g) {
				if date := r.Sides[side].Table.Date(row); !p.Date.Set() || date < p.Date {
					p.Date = date
				}
			}
		}
		p.AgeDays = int(r.Result.AsOf - p.Date)
		shown = append(shown, p)
	}
	slices.SortStableFunc(shown, func(a, b partial) int { return int(a.Date) - int(b.Date) })
	return shown[:min(most, len(shown))], len(shown)
}
