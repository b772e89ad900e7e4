package report

import (
	_ "embed"
	"html/template"
	"io"
	"slices"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

//go:embed page.html.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").
	Funcs(template.FuncMap{"words": Words, "grouped": Grouped[string]}).Parse(pageText))

// pageRowsMax bounds each list of the page, so that it opens at once. The CSV files hold everything.
const pageRowsMax = 500

type pageFile struct {
	Side   recon.Side
	Path   string
	Rows   int64
	ReadAs string
}

type page struct {
	Left, Right          string
	AsOf                 recon.Day
	Written              string
	Summary              engine.Summary
	Duplicates, Rejected int64
	Proposed             []proposal
	ProposedTotal        int
	Partial              []partial
	PartialTotal         int
	Open                 []OpenRow
	OpenTotal            int
	Files                []pageFile
}

// WritePage writes the page that a person opens: self-contained, no script, nothing loaded from elsewhere. It names the
// program that wrote it.
func (r *Run) WritePage(to io.Writer, written string) error {
	names, summary := r.Names(), r.Result.Summary()
	for _, b := range summary.Bridge {
		for i := range b.Items {
			// these have a reason
			if label := b.Items[i].Label; label != engine.LabelDifference && label != engine.LabelEarlier {
				b.Items[i].Label = names.item(&b.Items[i])
			}
		}
	}
	p := page{
		Left: names.Left, Right: names.Right, AsOf: r.Result.AsOf, Written: written, Summary: summary,
		Duplicates: summary.Left.Duplicates + summary.Right.Duplicates,
		Rejected:   summary.Left.Rejected + summary.Right.Rejected,
	}
	p.Proposed, p.ProposedTotal = r.proposals(pageRowsMax)
	p.Partial, p.PartialTotal = r.partials(pageRowsMax)
	p.Open, p.OpenTotal = r.LargestOpen(pageRowsMax)
	for _, s := range r.Sides {
		for _, f := range s.Files {
			p.Files = append(p.Files, pageFile{s.Side, f.Path, f.Rows, f.ReadAs})
		}
	}
	return pageTemplate.Execute(to, p)
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
