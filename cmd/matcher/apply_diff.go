package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"matcher/internal/recon"
)

// backTestShown is a back-test with the first of what it found.
type backTestShown struct {
	recon.BackTest
	Entries []recon.BackTestEntry `json:"entries"`
}

const (
	entriesShown  = 5               // of each kind; GET /v1/back-tests/{id}/entries has all
	cancelTimeout = 5 * time.Second // for a last word after Ctrl-C
)

// backTest tries the setup's rules on the context's history. Where that cannot be done it says why: the service itself
// refuses rules without one in a context that asks for it.
func (c *applyCommand) backTest(ctx context.Context, p *applyPlan) (*backTestShown, error) {
	if c.noBackTest || !p.retried {
		return nil, nil //nolint:nilnil // nothing was tried
	}
	var started recon.BackTest
	err := c.post(ctx, "/v1/contexts/"+p.context.ID+"/back-tests", newKey(), map[string]any{"rules": p.ruleSet()}, &started)
	var refused *refusal
	if errors.As(err, &refused) && refused.Status < http.StatusInternalServerError && refused.Status != http.StatusUnauthorized {
		c.sayNoBackTest(p, refused.Error())
		return nil, nil //nolint:nilnil // nothing was tried
	}
	if err != nil {
		return nil, err
	}
	shown := &backTestShown{Entries: []recon.BackTestEntry{}}
	if shown.BackTest, err = c.followBackTest(ctx, started); err != nil {
		return nil, err
	}
	if shown.Status != recon.RunCompleted {
		c.sayNoBackTest(p, shown.ErrorCode+": "+shown.ErrorMessage)
		return shown, nil
	}
	if err := c.readEntries(ctx, shown); err != nil {
		return nil, err
	}
	c.printBackTest(shown)
	return shown, nil
}

func (c *applyCommand) sayNoBackTest(p *applyPlan, why string) {
	p.note("the rules were not tried on what was matched so far: %s", why)
	if !c.json {
		fmt.Fprintln(c.stdout, "note ", p.notes[len(p.notes)-1])
	}
}

func (c *applyCommand) followBackTest(ctx context.Context, test recon.BackTest) (recon.BackTest, error) {
	for pause := followFirst; !test.Status.Final(); pause = min(pause*5/4, followMost) {
		c.progress.say(func() string { return "trying the rules on what was matched so far: " + words(test.Progress.Phase) })
		err := pauseFor(ctx, pause)
		if err == nil {
			err = c.get(ctx, "/v1/back-tests/"+test.ID, &test)
		}
		if ctx.Err() != nil {
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
			defer cancel()
			return test, errors.Join(errDeclined, c.post(late, "/v1/runs/"+test.ID+"/cancel", newKey(), nil, &struct{}{}))
		}
		if err != nil {
			return test, err
		}
	}
	c.progress.close()
	return test, nil
}

func (c *applyCommand) readEntries(ctx context.Context, shown *backTestShown) error {
	for _, kind := range []recon.DiffKind{recon.DiffLost, recon.DiffRePaired, recon.DiffGained} {
		var some page[recon.BackTestEntry]
		if err := c.get(ctx, fmt.Sprintf("/v1/back-tests/%s/entries?kind=%s&limit=%d", shown.ID, kind, entriesShown), &some); err != nil {
			return err
		}
		shown.Entries = append(shown.Entries, some.Items...)
	}
	return nil
}

// printBackTest says what the rules would have done to what is confirmed.
func (c *applyCommand) printBackTest(shown *backTestShown) {
	totals := shown.Totals
	if c.json || totals == nil {
		return
	}
	if totals.Groups.Before == 0 && totals.Groups.After == 0 {
		fmt.Fprintln(c.stdout, "back-test  nothing is confirmed yet, and nothing would be")
		return
	}
	fmt.Fprintf(c.stdout, "back-test  %s confirmed so far, %s by these rules: %s\n", plural(totals.Groups.Before, "group"), grouped(totals.Groups.After), partsOf([]part{
		{"unchanged", totals.Groups.Unchanged}, {"lost", totals.Entries.Lost}, {"re-paired", totals.Entries.RePaired}, {"gained", totals.Entries.Gained},
	}))
	for _, m := range totals.Money {
		var parts []string
		for _, of := range []struct{ word, amount string }{{"lost", m.Lost}, {"re-paired", m.RePaired}, {"gained", m.Gained}} {
			if strings.Trim(of.amount, "0.") != "" {
				parts = append(parts, of.word+" "+grouped(of.amount))
			}
		}
		if len(parts) > 0 {
			fmt.Fprintf(c.stdout, "  %s %-5s  %s\n", m.Currency, m.Side, strings.Join(parts, " · "))
		}
	}
	for _, e := range shown.Entries {
		fmt.Fprintf(c.stdout, "  %-9s  %s\n", words(e.Kind), entryText(e))
	}
	total := totals.Entries.Lost + totals.Entries.RePaired + totals.Entries.Gained
	if more := total - int64(len(shown.Entries)); more > 0 {
		fmt.Fprintf(c.stdout, "  … and %s more: GET /v1/back-tests/%s/entries\n", grouped(more), shown.ID)
	}
}

// entryText names the rows of a change: what they were confirmed as, and what they would be.
func entryText(e recon.BackTestEntry) string {
	before, after := groupsText(e.Before), groupsText(e.After)
	switch {
	case before == "":
		return after
	case after == "":
		return before
	}
	return before + " → " + after
}

func groupsText(groups []recon.DiffGroup) string {
	texts := make([]string, len(groups))
	for i, g := range groups {
		var left, right []string
		for _, item := range g.Items {
			name := item.ExternalID
			if name == "" {
				name = fmt.Sprintf("%s %s of %s", grouped(item.Amount), item.Currency, item.Date)
			}
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

func someOf(names []string, count int) string {
	shown := names[:min(len(names), labelsShown)]
	text := strings.Join(shown, " + ")
	if more := count - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if text == "" {
		return "nothing"
	}
	return text
}
