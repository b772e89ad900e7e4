package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"matcher/internal/recon"
)

// WriteBackTest writes what the rules of a finished back-test would do to confirmed groups, with some of its entries.
func WriteBackTest(to io.Writer, test *recon.BackTest, entries []recon.BackTestEntry) {
	groups, changes := test.Totals.Groups, test.Totals.Entries
	if groups.Before == 0 && groups.After == 0 {
		fmt.Fprintln(to, "back-test  no confirmed groups before or after")
		return
	}
	fmt.Fprintf(to, "back-test  %s confirmed so far, %s by these rules: %s\n", Plural(groups.Before, "group"),
		Grouped(groups.After),
		cmp.Or(joined([]part{
			{"unchanged", groups.Unchanged},
			{"lost", changes.Lost},
			{"re-paired", changes.RePaired},
			{"gained", changes.Gained},
		}), "nothing"))
	for _, m := range test.Totals.Money {
		var parts []string
		for _, sum := range []struct{ word, amount string }{
			{"lost", m.Lost}, {"re-paired", m.RePaired}, {"gained", m.Gained},
		} {
			if strings.Trim(sum.amount, "0.") != "" {
				parts = append(parts, sum.word+" "+Grouped(sum.amount))
			}
		}
		if len(parts) > 0 {
			fmt.Fprintf(to, "  %s %-5s  %s\n", m.Currency, m.Side, strings.Join(parts, " · "))
		}
	}
	for i := range entries {
		fmt.Fprintf(to, "  %-9s  %s\n", Words(entries[i].Kind), entryText(&entries[i]))
	}
	if more := changes.Lost + changes.RePaired + changes.Gained - int64(len(entries)); more > 0 {
		fmt.Fprintf(to, "  … and %s more: GET /v1/back-tests/%s/entries\n", Grouped(more), test.ID)
	}
}

// entryText names the rows of a change: as they were confirmed, and as they would be.
func entryText(e *recon.BackTestEntry) string {
	before, after := groupsText(e.Before), groupsText(e.After)
	if before == "" || after == "" {
		return before + after
	}
	return before + " → " + after
}

func groupsText(groups []recon.DiffGroup) string {
	texts := make([]string, len(groups))
	for i, g := range groups {
		var left, right []string
		for _, item := range g.Items {
			name := cmp.Or(item.ExternalID, fmt.Sprintf("%s %s of %s", Grouped(item.Amount), item.Currency, item.Date))
			if item.Side == recon.Left {
				left = append(left, name)
			} else {
				right = append(right, name)
			}
		}
		texts[i] = fmt.Sprintf("%s = %s (%s)", someOf(left, g.LeftCount), someOf(right, g.RightCount), g.Rule)
	}
	return strings.Join(texts, ", ")
}
