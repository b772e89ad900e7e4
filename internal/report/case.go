package report

import (
	"fmt"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

// CaseFault is one thing that differs from what a case expects: "" where nothing was expected, or nothing came.
type CaseFault struct {
	What     string `json:"what"` // GROUP, OPEN, TOTAL or REJECTED
	Expected string `json:"expected,omitempty"`
	Found    string `json:"found,omitempty"`
}

// CheckCase compares a run with what a case expects of it. Rejected rows are a fault unless their number is expected.
func CheckCase(r *Run, want *setup.CaseExpect) []CaseFault {
	faults := []CaseFault{}
	totals := &want.Totals
	for side, expected := range [2]*int64{totals.Left.Rejected, totals.Right.Rejected} {
		if s := &r.Sides[side]; expected == nil {
			for _, f := range s.Files {
				for i := range f.Rejects {
					text := fmt.Sprintf("%s row %d: %s", strings.ToLower(string(s.Side)), f.Rejects[i].Row,
						Fault(&f.Rejects[i]))
					faults = append(faults, CaseFault{"REJECTED", "", text})
				}
			}
		}
	}
	if want.ExpectsGroups() {
		faults = append(faults, r.checkGroups(want.Groups)...)
	}
	if want.ExpectsOpen() {
		faults = append(faults, r.checkOpen(want.Open)...)
	}
	return append(faults, checkTotals(totals, Summary(r.Result))...)
}

func (r *Run) checkGroups(want []setup.CaseGroup) (faults []CaseFault) {
	found := make([]setup.CaseGroup, 0, len(r.Result.Groups))
	currencies := make([]string, 0, len(r.Result.Groups))
	for i := range r.Result.Groups {
		g := &r.Result.Groups[i]
		found = append(found, setup.CaseGroup{
			Left: r.sortedLabels(engine.LeftIndex, g), Right: r.sortedLabels(engine.RightIndex, g),
			Status: g.Status(), Rule: r.RuleName(i),
			Difference: recon.Decimal(r.Difference(g)), Reason: g.Adjustment(), HeldBy: g.HeldBy(),
		})
		currencies = append(currencies, r.Currency(g))
	}
	for _, w := range want {
		if w.Status == 0 {
			w.Status = recon.GroupConfirmed
		}
		left, right := slices.Sorted(slices.Values(w.Left)), slices.Sorted(slices.Values(w.Right))
		at := slices.IndexFunc(found, func(g setup.CaseGroup) bool {
			return slices.Equal(g.Left, left) && slices.Equal(g.Right, right)
		})
		if at < 0 {
			faults = append(faults, CaseFault{"GROUP", groupText(&w), ""})
			continue
		}
		if !asExpected(&w, &found[at], currencies[at]) {
			faults = append(faults, CaseFault{"GROUP", groupText(&w), groupText(&found[at])})
		}
		found, currencies = slices.Delete(found, at, at+1), slices.Delete(currencies, at, at+1)
	}
	for i := range found {
		faults = append(faults, CaseFault{"GROUP", "", groupText(&found[i])})
	}
	return faults
}

func (r *Run) sortedLabels(side int, g *engine.Group) []string {
	var labels []string
	for _, row := range r.rows(side, g) {
		labels = append(labels, r.Sides[side].Label(row))
	}
	slices.Sort(labels)
	return labels
}

// asExpected compares what the case states of a group.
func asExpected(want, found *setup.CaseGroup, currency string) bool {
	if want.Difference != "" {
		expected, err := recon.ParseMoney(string(want.Difference), currency)
		if err != nil || expected.String() != string(found.Difference) {
			return false
		}
	}
	return found.Status == want.Status && (want.Rule == "" || want.Rule == found.Rule) &&
		(want.Reason == 0 || want.Reason == found.Reason) && (want.HeldBy == 0 || want.HeldBy == found.HeldBy)
}

func groupText(g *setup.CaseGroup) string {
	rows := func(ids []string) string {
		if len(ids) == 0 {
			return "nothing"
		}
		return strings.Join(ids, " + ")
	}
	parts := []string{fmt.Sprintf("%s = %s  %s", rows(g.Left), rows(g.Right), g.Status)}
	for _, more := range []struct{ name, text string }{
		{"rule", g.Rule}, {"difference", string(g.Difference)}, {"reason", g.Reason.String()}, {"heldBy", g.HeldBy.String()},
	} {
		if more.text != "" {
			parts = append(parts, more.name+" "+more.text)
		}
	}
	return strings.Join(parts, ", ")
}

func (r *Run) checkOpen(want []setup.CaseOpen) (faults []CaseFault) {
	var found []setup.CaseOpen
	for side := range r.Sides {
		for i := range r.Result.Open[side] {
			o := &r.Result.Open[side][i]
			row := setup.CaseOpen{Class: o.Class(), Reason: o.Reason()}
			*[2]*setup.CaseIDs{&row.Left, &row.Right}[side] = setup.CaseIDs{r.Sides[side].Label(o.Row)}
			found = append(found, row)
		}
	}
	for i := range want {
		w := &want[i]
		at := slices.IndexFunc(found, func(f setup.CaseOpen) bool {
			return slices.Equal(f.Left, w.Left) && slices.Equal(f.Right, w.Right)
		})
		switch {
		case at < 0:
			faults = append(faults, CaseFault{"OPEN", openText(w), ""})
			continue
		case w.Class != 0 && w.Class != found[at].Class, w.Reason != 0 && w.Reason != found[at].Reason:
			faults = append(faults, CaseFault{"OPEN", openText(w), openText(&found[at])})
		}
		found = slices.Delete(found, at, at+1)
	}
	for i := range found {
		faults = append(faults, CaseFault{"OPEN", "", openText(&found[i])})
	}
	return faults
}

func openText(o *setup.CaseOpen) string {
	parts := []string{"left " + strings.Join(o.Left, "")}
	if len(o.Right) > 0 {
		parts[0] = "right " + o.Right[0]
	}
	for _, more := range []string{o.Class.String(), o.Reason.String()} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	return strings.Join(parts, ", ")
}

func checkTotals(want *setup.CaseTotals, got recon.Summary) (faults []CaseFault) {
	total := func(name string, want *int64, got int64) {
		if want != nil && *want != got {
			faults = append(faults,
				CaseFault{"TOTAL", fmt.Sprintf("%s %d", name, *want), fmt.Sprintf("%s %d", name, got)})
		}
	}
	for _, side := range []struct {
		name string
		want *setup.CaseCounts
		got  *recon.Counts
	}{{"left", &want.Left, &got.Left.Counts}, {"right", &want.Right, &got.Right.Counts}} {
		total(side.name+" rows", side.want.Rows, side.got.Rows)
		total(side.name+" rejected", side.want.Rejected, side.got.Rejected)
		total(side.name+" duplicates", side.want.Duplicates, side.got.Duplicates)
		total(side.name+" matched", side.want.Matched, side.got.Matched)
		total(side.name+" proposed", side.want.Proposed, side.got.Proposed)
		total(side.name+" partial", side.want.Partial, side.got.Partial)
		total(side.name+" unmatched", side.want.Unmatched, side.got.Unmatched)
		total(side.name+" inTransit", side.want.InTransit, side.got.InTransit)
	}
	total("groups confirmed", want.Groups.Confirmed, got.Groups.Confirmed)
	total("groups proposed", want.Groups.Proposed, got.Groups.Proposed)
	total("groups partial", want.Groups.Partial, got.Groups.Partial)
	return faults
}
