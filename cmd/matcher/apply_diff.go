package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"matcher/internal/recon"
	"matcher/internal/report"
)

// backTestShown is a back-test with the first of what it found.
type backTestShown struct {
	recon.BackTest
	Entries []recon.BackTestEntry `json:"entries"`
}

const (
	entriesShown  = 5               // of each kind; GET /v1/back-tests/{id}/entries has all
	cancelTimeout = 5 * time.Second // bounds the cancelling after Ctrl-C
)

// backTest back-tests the setup's rules on the context's history. Where that is refused it notes why: the service
// itself refuses rules without a back-test in a context that requires one.
func (c *applyCommand) backTest(ctx context.Context, p *applyPlan) (*backTestShown, error) {
	if c.noBackTest || !p.retried {
		return nil, nil //nolint:nilnil // nothing was tried
	}
	var started recon.BackTest
	err := c.post(ctx, "/v1/contexts/"+p.context.ID+"/back-tests", map[string]any{"rules": p.ruleSet()}, &started)
	var refused *refusal
	if errors.As(err, &refused) && refused.Status < http.StatusInternalServerError &&
		refused.Status != http.StatusUnauthorized {
		c.noteBackTestSkipped(p, refused.Error())
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
		c.noteBackTestSkipped(p, shown.ErrorCode+": "+shown.ErrorMessage)
		return shown, nil
	}
	if err := c.readEntries(ctx, shown); err != nil {
		return nil, err
	}
	if !c.json && shown.Totals != nil {
		report.WriteBackTest(c.stdout, &shown.BackTest, shown.Entries)
	}
	return shown, nil
}

func (c *applyCommand) noteBackTestSkipped(p *applyPlan, why string) {
	p.note("the rules were not back-tested: %s", why)
	if !c.json {
		fmt.Fprintln(c.stdout, "note ", p.notes[len(p.notes)-1])
	}
}

func (c *applyCommand) followBackTest(ctx context.Context, test recon.BackTest) (recon.BackTest, error) {
	err := c.await(ctx, "/v1/back-tests/"+test.ID, &test, func() bool {
		c.progress.show(func() string { return "back-testing the rules: " + report.Words(test.Progress.Phase) })
		return test.Status.Final()
	})
	if ctx.Err() != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
		defer cancel()
		err = errors.Join(errors.New("nothing is written"), c.post(late, "/v1/runs/"+test.ID+"/cancel", nil, nil))
	}
	c.progress.close()
	return test, err
}

func (c *applyCommand) readEntries(ctx context.Context, shown *backTestShown) error {
	for _, kind := range []recon.DiffKind{recon.DiffLost, recon.DiffRePaired, recon.DiffGained} {
		var some page[recon.BackTestEntry]
		if err := c.get(ctx, fmt.Sprintf("/v1/back-tests/%s/entries?kind=%s&limit=%d", shown.ID, kind, entriesShown),
			&some); err != nil {
			return err
		}
		shown.Entries = append(shown.Entries, some.Items...)
	}
	return nil
}
