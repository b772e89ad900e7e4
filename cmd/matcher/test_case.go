package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// runCase reconciles the rows of a case by its setup and compares what comes out.
func runCase(ctx context.Context, setup recon.Setup, c *recon.SetupCase, path string) caseResult {
	result := caseResult{Name: c.Name, Faults: []caseFault{}}
	r, err := reconcileCase(ctx, setup, c, path)
	if err != nil {
		result.Error = err.Error()
		return result
	}
	check := caseCheck{r: r, run: r.report()}
	check.rejected(&c.Expect.Totals)
	if c.Expect.ExpectsGroups() {
		check.groups(c.Expect.Groups)
	}
	if c.Expect.ExpectsOpen() {
		check.open(c.Expect.Open)
	}
	check.totals(&c.Expect.Totals)
	result.Faults = append(result.Faults, check.faults...)
	result.Passed = len(result.Faults) == 0
	return result
}

func reconcileCase(ctx context.Context, setup recon.Setup, c *recon.SetupCase, path string) (*reconciliation, error) {
	in := newMatchInput(newMatchSetup(setup, path), nil, newProgress(io.Discard))
	if c.AsOf != nil {
		in.options.AsOf = *c.AsOf
	}
	plan, _ := engine.Compile(in.Rules, in.options) // open refuses what is wrong with it
	for i, rows := range [2]*recon.CaseRows{&c.Left, &c.Right} {
		input, err := in.sides()[i].caseInput(rows, plan, filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		in.sides()[i].files = []*matchFile{{inputFile: input}}
	}
	r, err := in.open()
	if err != nil {
		return nil, err
	}
	if err := r.load(ctx, nil); err != nil {
		return nil, err
	}
	return r, r.run(ctx)
}

// caseInput is the rows of one side as a file. Columns that the map or a rule names stand in it even where no row fills
// them.
func (s *matchSide) caseInput(rows *recon.CaseRows, plan *engine.Plan, folder string) (inputFile, error) {
	source := s.setup.Source
	if rows.File != "" {
		path := rows.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		if source == "" {
			source = sourceName(path)
		}
		return inputFile{side: s.side, source: source, path: path}, nil
	}
	name := strings.ToLower(string(s.side))
	if source == "" {
		source = name
	}
	header := s.caseHeader(rows.Header, plan)
	if len(header) == 0 {
		return inputFile{}, fmt.Errorf("%s has no rows, and the setup has no map that says what they would look like: write %s.map", name, name)
	}
	var body bytes.Buffer
	out := csv.NewWriter(&body)
	lines := append([][]string{header}, rows.Rows...)
	for _, line := range lines {
		if err := out.Write(append(slices.Clip(line), make([]string, len(header)-len(line))...)); err != nil {
			return inputFile{}, err
		}
	}
	out.Flush()
	return inputFile{side: s.side, source: source, path: "the " + name + " rows", body: body.Bytes()}, out.Error()
}

func (s *matchSide) caseHeader(given []string, plan *engine.Plan) []string {
	header := slices.Clone(given)
	add := func(columns ...string) {
		for _, column := range columns {
			if !slices.Contains(header, column) {
				header = append(header, column)
			}
		}
	}
	if s.setup.Map != nil {
		for _, field := range recon.MappedFields {
			add(s.setup.Map.Fields[field].Columns...)
		}
	}
	if plan != nil {
		add(metadataColumns(plan.Fields(s.side))...)
	}
	return header
}

// caseCheck collects what is not as a case expects it.
type caseCheck struct {
	r      *reconciliation
	run    *report.Run
	faults []caseFault
}

func (c *caseCheck) fault(what, expected, found string) {
	c.faults = append(c.faults, caseFault{what, expected, found})
}

// rejected rows are a surprise unless their number was written.
func (c *caseCheck) rejected(totals *recon.CaseTotals) {
	for _, of := range []struct {
		side *matchSide
		want *int64
	}{{c.r.left, totals.Left.Rejected}, {c.r.right, totals.Right.Rejected}} {
		if of.want != nil {
			continue
		}
		for _, wrong := range of.side.files[0].rejects {
			c.fault("REJECTED", "", fmt.Sprintf("%s row %d: %s", strings.ToLower(string(of.side.side)), wrong.Row, report.Fault(&wrong)))
		}
	}
}

// caseGroup is a group as a case knows it.
type caseGroup struct {
	left, right []string // sorted
	index       int
}

func (c *caseCheck) found() []caseGroup {
	groups := make([]caseGroup, 0, len(c.r.result.Groups))
	for i := range c.r.result.Groups {
		g := &c.r.result.Groups[i]
		groups = append(groups, caseGroup{labelsOf(&c.run.Sides[engine.LeftIndex], c.r.result.LeftRows(g)), labelsOf(&c.run.Sides[engine.RightIndex], c.r.result.RightRows(g)), i})
	}
	return groups
}

// labelsOf returns the labels of rows, sorted.
func labelsOf(s *report.Side, rows []uint32) []string {
	ids := make([]string, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, s.Label(row))
	}
	slices.Sort(ids)
	return ids
}

func (c *caseCheck) groups(want []recon.CaseGroup) {
	found := c.found()
	for i := range want {
		w := &want[i]
		left, right := slices.Sorted(slices.Values(w.Left)), slices.Sorted(slices.Values(w.Right))
		at := slices.IndexFunc(found, func(g caseGroup) bool { return slices.Equal(g.left, left) && slices.Equal(g.right, right) })
		if at < 0 {
			c.fault("GROUP", c.wanted(w), "")
			continue
		}
		if !c.asWanted(w, found[at].index) {
			c.fault("GROUP", c.wanted(w), c.told(found[at]))
		}
		found = slices.Delete(found, at, at+1)
	}
	for _, g := range found {
		c.fault("GROUP", "", c.told(g))
	}
}

func (c *caseCheck) asWanted(w *recon.CaseGroup, i int) bool {
	g := &c.r.result.Groups[i]
	status := w.Status
	if status == 0 {
		status = recon.GroupConfirmed
	}
	return g.Status() == status && (w.Rule == "" || w.Rule == c.run.RuleName(i)) &&
		(w.Difference == "" || c.sameAmount(string(w.Difference), g)) &&
		(w.Reason == 0 || w.Reason == g.Adjustment()) && (w.HeldBy == 0 || w.HeldBy == g.HeldBy())
}

func (c *caseCheck) sameAmount(text string, g *engine.Group) bool {
	amount, err := recon.ParseMoney(text, c.run.Currency(g))
	return err == nil && amount.Amount == g.Difference
}

// wanted is an expected group in words, as far as it was written.
func (c *caseCheck) wanted(w *recon.CaseGroup) string {
	status := w.Status
	if status == 0 {
		status = recon.GroupConfirmed
	}
	return groupWords(w.Left, w.Right, status, w.Rule, string(w.Difference), w.Reason, w.HeldBy)
}

func (c *caseCheck) told(of caseGroup) string {
	g := &c.r.result.Groups[of.index]
	return groupWords(of.left, of.right, g.Status(), c.run.RuleName(of.index), c.run.Difference(g), g.Adjustment(), g.HeldBy())
}

func groupWords(left, right []string, status recon.GroupStatus, rule, difference string, reason recon.AdjustmentReason, held recon.HeldBy) string {
	words := []string{fmt.Sprintf("%s = %s  %s", idWords(left), idWords(right), status)}
	for _, more := range []struct{ name, text string }{{"rule", rule}, {"difference", difference}, {"reason", reason.String()}, {"heldBy", held.String()}} {
		if more.text != "" {
			words = append(words, more.name+" "+more.text)
		}
	}
	return strings.Join(words, ", ")
}

func idWords(ids []string) string {
	if len(ids) == 0 {
		return "nothing"
	}
	return strings.Join(ids, " + ")
}

// caseOpen is an open row in words that tell it from others.
type caseOpen struct {
	side   recon.Side
	id     string
	class  recon.Class
	reason recon.Reason
}

func (o caseOpen) String() string {
	words := []string{strings.ToLower(string(o.side)) + " " + o.id}
	for _, more := range []string{o.class.String(), o.reason.String()} {
		if more != "" {
			words = append(words, more)
		}
	}
	return strings.Join(words, ", ")
}

func (c *caseCheck) open(want []recon.CaseOpen) {
	var found []caseOpen
	for _, s := range c.r.sides() {
		for i := range c.r.result.Open[s.index()] {
			o := &c.r.result.Open[s.index()][i]
			found = append(found, caseOpen{s.side, c.run.Sides[s.index()].Label(o.Row), o.Class(), o.Reason()})
		}
	}
	for _, w := range want {
		row := caseOpen{recon.Left, "", w.Class, w.Reason}
		if len(w.Right) > 0 {
			row.side, row.id = recon.Right, w.Right[0]
		} else {
			row.id = w.Left[0]
		}
		at := slices.IndexFunc(found, func(f caseOpen) bool { return f.side == row.side && f.id == row.id })
		switch {
		case at < 0:
			c.fault("OPEN", row.String(), "")
			continue
		case row.class != 0 && row.class != found[at].class, row.reason != 0 && row.reason != found[at].reason:
			c.fault("OPEN", row.String(), found[at].String())
		}
		found = slices.Delete(found, at, at+1)
	}
	for _, f := range found {
		c.fault("OPEN", "", f.String())
	}
}

func (c *caseCheck) totals(want *recon.CaseTotals) {
	summary := c.r.result.Summary()
	for _, of := range []struct {
		name string
		want *recon.CaseCounts
		got  *engine.Counts
	}{{"left", &want.Left, &summary.Left.Counts}, {"right", &want.Right, &summary.Right.Counts}} {
		c.total(of.name+" rows", of.want.Rows, of.got.Rows)
		c.total(of.name+" rejected", of.want.Rejected, of.got.Rejected)
		c.total(of.name+" duplicates", of.want.Duplicates, of.got.Duplicates)
		c.total(of.name+" matched", of.want.Matched, of.got.Matched)
		c.total(of.name+" proposed", of.want.Proposed, of.got.Proposed)
		c.total(of.name+" partial", of.want.Partial, of.got.Partial)
		c.total(of.name+" unmatched", of.want.Unmatched, of.got.Unmatched)
		c.total(of.name+" inTransit", of.want.InTransit, of.got.InTransit)
	}
	c.total("groups confirmed", want.Groups.Confirmed, summary.Groups.Confirmed)
	c.total("groups proposed", want.Groups.Proposed, summary.Groups.Proposed)
	c.total("groups partial", want.Groups.Partial, summary.Groups.Partial)
}

func (c *caseCheck) total(name string, want *int64, got int64) {
	if want != nil && *want != got {
		c.fault("TOTAL", fmt.Sprintf("%s %d", name, *want), fmt.Sprintf("%s %d", name, got))
	}
}
