package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/bootstrap"
	"matcher/internal/engine"
	"matcher/internal/recon"
)

//go:embed report.html.tmpl
var reportText string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{"words": words, "grouped": grouped[string]}).Parse(reportText))

// reportRowsMax bounds each list of the page, so that it opens at once; the CSV files hold everything.
const reportRowsMax = 500

// words turns a code into words: AMOUNT_DIFFERS into "amount differs".
func words(code any) string {
	return strings.ToLower(strings.ReplaceAll(fmt.Sprint(code), "_", " "))
}

type reportFile struct {
	Side   recon.Side
	Path   string
	Rows   int64
	ReadAs string
}

type reportPage struct {
	Left, Right          string
	AsOf                 recon.Day
	Written              string
	Summary              engine.Summary
	Bridges              []engine.BridgeSummary
	Duplicates, Rejected int64
	Proposed             []proposal
	ProposedTotal        int
	Partial              []residual
	PartialTotal         int
	Open                 []openRow
	OpenTotal            int
	Files                []reportFile
}

// writeReport writes the page that a person opens: self-contained, no script, nothing loaded from elsewhere.
func (m *match) writeReport(to *bufio.Writer) error {
	page := reportPage{
		Left: m.left.name(), Right: m.right.name(), AsOf: m.result.AsOf, Written: "written by matcher " + bootstrap.Version().Version,
		Summary:    m.result.Summary(),
		Duplicates: m.left.table.Duplicates + m.right.table.Duplicates,
		Rejected:   m.left.table.Rejected + m.right.table.Rejected,
	}
	for _, b := range m.result.Bridge {
		page.Bridges = append(page.Bridges, m.named(b).Summary())
	}
	page.Proposed, page.ProposedTotal = m.proposals(reportRowsMax)
	page.Partial, page.PartialTotal = m.residuals(reportRowsMax)
	page.Open, page.OpenTotal = m.largestOpen(reportRowsMax)
	for _, s := range m.sides() {
		for _, f := range s.files {
			page.Files = append(page.Files, reportFile{s.side, f.path, f.rowsRead, f.readAs()})
		}
	}
	return reportTemplate.Execute(to, page)
}

func (m *match) proposals(most int) (shown []proposal, total int) {
	for i := range m.result.Groups {
		g := &m.result.Groups[i]
		if g.Status() != recon.GroupProposed {
			continue
		}
		total++
		if len(shown) < most {
			shown = append(shown, m.proposal(i))
		}
	}
	return shown, total
}

// residuals are what is left of partial groups, oldest first.
func (m *match) residuals(most int) (shown []residual, total int) {
	for i := range m.result.Groups {
		if m.result.Groups[i].Status() == recon.GroupPartial {
			shown = append(shown, m.residual(i))
		}
	}
	slices.SortStableFunc(shown, func(a, b residual) int { return int(a.Date) - int(b.Date) })
	return shown[:min(most, len(shown))], len(shown)
}

// largestOpen gives the open rows with the most money in them, in transit last.
func (m *match) largestOpen(most int) (shown []openRow, total int) {
	type candidate struct {
		side *matchSide
		open *engine.Open
	}
	var all []candidate
	for _, s := range m.sides() {
		for i := range m.result.Open[s.index()] {
			all = append(all, candidate{s, &m.result.Open[s.index()][i]})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		aTransit, bTransit := a.open.Class() == recon.ClassTiming, b.open.Class() == recon.ClassTiming
		if aTransit != bTransit {
			return map[bool]int{true: 1, false: -1}[aTransit]
		}
		return int(min(1, max(-1, b.side.money(b.open.Row).Amount.Abs()-a.side.money(a.open.Row).Amount.Abs())))
	})
	for _, c := range all[:min(most, len(all))] {
		shown = append(shown, m.openRow(c.side, c.open))
	}
	return shown, len(all)
}

// printSummary writes what a person sees first: how each file was read, the counts, the bridge and what to do next.
func (m *match) printSummary(to io.Writer) {
	summary := m.result.Summary()
	for _, s := range m.sides() {
		for _, f := range s.files {
			fmt.Fprintf(to, "%-5s  %s  %s   %s\n", s.side, f.path, plural(f.rowsRead, "row"), f.readAs())
		}
	}
	m.printCarry(to)
	m.printSides(to, &summary)
	for _, b := range m.result.Bridge {
		fmt.Fprintln(to, m.bridgeLine(b))
	}
	m.printNotes(to)
	m.printRejects(to)
	m.printGains(to)
	m.printNext(to)
}

func (m *match) printSides(to io.Writer, summary *engine.Summary) {
	for _, s := range m.sides() {
		c := m.result.Counts[s.index()]
		parts := []string{
			fmt.Sprintf("confirmed %s", grouped(c.Matched)), fmt.Sprintf("proposed %s", grouped(c.Proposed)),
		}
		if c.Partial > 0 {
			parts = append(parts, "partial "+grouped(c.Partial))
		}
		classes := map[recon.Class]int64{}
		for _, r := range summary.Reasons {
			if r.Side == s.side {
				classes[r.Class] += r.Rows
			}
		}
		for _, class := range []struct {
			of   recon.Class
			word string
		}{
			{recon.ClassTiming, "in transit"},
			{recon.ClassMissing, "missing"},
			{recon.ClassBreak, "break"},
			{recon.ClassAmbiguous, "ambiguous"},
			{recon.ClassData, "data"},
		} {
			if classes[class.of] > 0 {
				parts = append(parts, fmt.Sprintf("%s %s", class.word, grouped(classes[class.of])))
			}
		}
		for _, extra := range []struct {
			word string
			rows int64
		}{{"outside the period", c.Outside}, {"duplicates", c.Duplicates}, {"rejected", c.Rejected}} {
			if extra.rows > 0 {
				parts = append(parts, fmt.Sprintf("%s %s", extra.word, grouped(extra.rows)))
			}
		}
		fmt.Fprintf(to, "%-5s  %s\n", s.side, strings.Join(parts, " · "))
	}
}

// bridgeLine is one currency's bridge on a line: left balance, what leads over, right balance. Items that people call by
// one name are one sum here; the report and --json keep them apart.
func (m *match) bridgeLine(b engine.Bridge) string {
	var line strings.Builder
	money := func(amount recon.Minor) string {
		return grouped(recon.Money{Amount: amount, Currency: b.Currency}.String())
	}
	fmt.Fprintf(&line, "%s  %s %s", b.Currency, m.left.name(), money(b.Left))
	for _, item := range m.namedItems(b.Items) {
		sign := "+"
		if item.Amount < 0 {
			sign = "−"
		}
		fmt.Fprintf(&line, " %s %s %s", sign, item.Label, money(item.Amount.Abs()))
	}
	fmt.Fprintf(&line, " = %s %s ✓", m.right.name(), money(b.Right))
	return line.String()
}

// namedItems sums items by the name that people give them, in the order in which names first occur.
func (m *match) namedItems(items []engine.BridgeItem) []engine.BridgeItem {
	var named []engine.BridgeItem
	for _, item := range items {
		item.Label = m.itemName(item)
		at := slices.IndexFunc(named, func(n engine.BridgeItem) bool { return n.Label == item.Label })
		if at < 0 {
			named = append(named, item)
			continue
		}
		named[at].Amount += item.Amount // the bridge ties in 64 bits, so its parts do
	}
	return slices.DeleteFunc(named, func(n engine.BridgeItem) bool { return n.Amount == 0 })
}

// named is a bridge whose items are called as people call them, each still by itself.
func (m *match) named(b engine.Bridge) engine.Bridge {
	b.Items = slices.Clone(b.Items)
	for i, item := range b.Items {
		if item.Label != engine.LabelDifference && item.Label != engine.LabelEarlier {
			b.Items[i].Label = m.itemName(item)
		}
	}
	return b
}

func (m *match) itemName(item engine.BridgeItem) string {
	switch item.Label {
	case engine.LabelLeftOnly:
		return "in " + m.left.name() + " only"
	case engine.LabelRightOnly:
		return "in " + m.right.name() + " only"
	case engine.LabelDifference:
		return words(item.Reason)
	case engine.LabelEarlier:
		return "earlier " + words(item.Reason)
	}
	return item.Label
}

const rejectsShown = 3

func (m *match) printRejects(to io.Writer) {
	for _, s := range m.sides() {
		for _, f := range s.files {
			for i, e := range f.rejects {
				if i == rejectsShown {
					fmt.Fprintf(to, "         … and %s; --out DIR lists %s in rejected.csv\n", moreRejects(f, i), listed(f))
					break
				}
				fmt.Fprintf(to, "REJECT %s line %d: %s\n", f.path, e.Line, rejectWords(e))
			}
		}
	}
}

func moreRejects(f *matchFile, shown int) string {
	if f.rejected > int64(len(f.rejects)) {
		return grouped(f.rejected) + " rows in all"
	}
	return grouped(int64(len(f.rejects)-shown)) + " more"
}

func listed(f *matchFile) string {
	if f.rejected > int64(len(f.rejects)) {
		return "the first " + grouped(int64(len(f.rejects)))
	}
	return "them all"
}

func rejectWords(e recon.RowError) string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

func (m *match) printNext(to io.Writer) {
	next := make([]string, 0, 3)
	if id := m.firstOpenID(); id != "" {
		next = append(next, "--explain "+id)
	}
	if m.opt.save == "" && m.opt.setup == "" {
		next = append(next, "--save recon.yaml")
	}
	if m.opt.out == "" {
		next = append(next, "--out out")
	} else {
		next = append(next, "open "+m.opt.out+"/report.html")
	}
	fmt.Fprintf(to, "Next   matcher match … %s\n", strings.Join(next, " · "))
}

func (m *match) firstOpenID() string {
	rows, _ := m.largestOpen(1)
	switch {
	case len(rows) == 0:
		return ""
	case strings.Contains(rows[0].ID, " "):
		return strconv.Quote(rows[0].ID)
	}
	return rows[0].ID
}

// grouped writes a number with commas between thousands: 1234567.80 as 1,234,567.80.
func grouped[T int64 | string](number T) string {
	text := fmt.Sprint(number)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, fraction, dotted := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dotted {
		whole += "." + fraction
	}
	return sign + whole
}
