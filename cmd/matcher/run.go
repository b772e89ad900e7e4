package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"matcher/internal/recon"
	"matcher/internal/report"
)

const runHelp = `Reconcile the open rows of a context of the service, wait for the end and print the result. A run is a job of the
service: Ctrl-C only stops the waiting. --dry-run matches without holding a row; --watch follows a running run,
--cancel stops it.` + remoteHelp

const runExample = `  matcher run --context "Bank account"
  matcher run --context "Bank account" --dry-run --as-of 2026-01-31 --json
  matcher run --context "Bank account" --fail-on open,difference
  matcher run --context "Bank account" --cancel`

// runCommand is one call of `matcher run`.
type runCommand struct {
	remote
	context, id, key string
	from, to, asOf   string
	dry              bool
	watch, cancel    bool
	detach           bool
	failOn           failOn
}

func newRunCommand(o outside) *cobra.Command {
	c := &runCommand{remote: remote{outside: o}}
	command := &cobra.Command{
		Use: "run --context CONTEXT", Short: "Reconcile a context of the service", Long: runHelp, Example: runExample,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return c.run(command.Context()) },
	}
	f := command.Flags()
	f.StringVar(&c.context, "context", "", "`CONTEXT` to reconcile: its name or id")
	f.BoolVar(&c.dry, "dry-run", false, "match, but hold no row: a preview")
	f.StringVar(&c.from, "from", "",
		"first `DAY` of the period (YYYY-MM-DD); earlier rows may match but are not reported open")
	f.StringVar(&c.to, "to", "", "last `DAY` of the period")
	f.StringVar(&c.asOf, "as-of", "",
		"`DAY` as of which rows are judged (default: the earlier of the days through which the sides are covered)")
	f.StringSliceVar((*[]string)(&c.failOn), "fail-on", nil,
		"exit with 3 when there is any of `open,proposed,rejected,difference`")
	f.BoolVar(&c.detach, "detach", false, "do not wait for the end")
	f.BoolVar(&c.watch, "watch", false, "follow the run in progress instead of starting one")
	f.BoolVar(&c.cancel, "cancel", false, "stop the run in progress, or the queued one")
	f.StringVar(&c.id, "run", "", "with --watch or --cancel: this `RUN`, by its id, instead of the context's latest")
	f.StringVar(&c.key, "idempotency-key", "", "makes a repeated command safe: the same `KEY` starts one run")
	f.BoolVar(&c.json, "json", false, "print one JSON object: the run with its summary")
	command.MarkFlagsMutuallyExclusive("watch", "cancel", "detach")
	return command
}

func (c *runCommand) run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	defer c.progress.close()
	run, err := c.chosen(ctx)
	if err != nil || c.cancel {
		return err
	}
	if c.detach {
		if c.json {
			return c.printJSON(run)
		}
		fmt.Fprintf(c.stdout, "run %s is %s: matcher run --watch --run %s follows it\n", run.ID,
			report.Words(run.Status), run.ID)
		return nil
	}
	if run, err = c.follow(ctx, run); err != nil {
		return err
	}
	c.progress.close()
	if err := c.print(run); err != nil {
		return err
	}
	return c.verdict(run)
}

func (c *runCommand) check() error {
	if c.id != "" && !c.watch && !c.cancel {
		return usageError("--run names a run for --watch or --cancel")
	}
	if c.context == "" && c.id == "" {
		return usageError("which context? --context takes its name or id")
	}
	for _, day := range []struct{ flag, value string }{{"--from", c.from}, {"--to", c.to}, {"--as-of", c.asOf}} {
		if _, err := recon.ParseDay(day.value); day.value != "" && err != nil {
			return usageError("%s: %q is no day: write it as 2026-01-31", day.flag, day.value)
		}
	}
	return c.failOn.check("open", "proposed", "rejected", "difference")
}

// chosen returns a new run, or with --watch and --cancel an existing one.
func (c *runCommand) chosen(ctx context.Context) (run recon.Run, err error) {
	if c.id != "" {
		err = c.get(ctx, "/v1/runs/"+pathID(c.id), &run)
		err = c.unknown(ctx, err, lookup{"run", c.id, nil})
	} else {
		var of recon.Context
		if of, err = c.remote.context(ctx, c.context); err != nil {
			return run, err
		}
		if !c.watch && !c.cancel {
			return c.start(ctx, of)
		}
		run, err = c.unfinished(ctx, of)
	}
	if err != nil || !c.cancel {
		return run, err
	}
	return run, c.stop(ctx, run)
}

// unfinished returns the context's run that has not ended: the running one before the queued one.
func (c *runCommand) unfinished(ctx context.Context, of recon.Context) (found recon.Run, err error) {
	err = each(ctx, c.client, "/v1/contexts/"+of.ID+"/runs", func(run recon.Run) error {
		if !run.Status.Final() {
			found = run
		}
		if run.Status.Final() || run.Status == recon.RunRunning {
			return errEnough // the latest come first, and at most one is queued behind a running one
		}
		return nil
	})
	if err == nil && found.ID == "" {
		err = fmt.Errorf("%q has no run in progress or queued: matcher run --context %q starts one", of.Name, of.Name)
	}
	return found, err
}

func (c *runCommand) start(ctx context.Context, of recon.Context) (run recon.Run, err error) {
	body := map[string]string{"mode": string(recon.RunCommit)}
	if c.dry {
		body["mode"] = string(recon.RunDry)
	}
	for name, day := range map[string]string{"from": c.from, "to": c.to, "asOf": c.asOf} {
		if day != "" {
			body[name] = day
		}
	}
	call := apiCall{method: http.MethodPost, path: "/v1/contexts/" + of.ID + "/runs", key: c.key, json: body}
	if call.key == "" {
		call.key = newKey()
	}
	err = c.do(ctx, call, &run)
	var refused *refusal
	if errors.As(err, &refused) && refused.Code == recon.CodeRunQueued {
		return run, fmt.Errorf("a run of %q is queued already: follow it with matcher run --watch --context %q, or "+
			"stop it with --cancel", of.Name, of.Name)
	}
	return run, err
}

func (c *runCommand) stop(ctx context.Context, run recon.Run) error {
	var answer recon.Run
	err := c.post(ctx, "/v1/runs/"+run.ID+"/cancel", nil, &answer)
	switch {
	case err != nil:
		return err
	case c.json:
		return c.printJSON(answer)
	case answer.Status == recon.RunCancelled:
		fmt.Fprintf(c.stdout, "run %s is cancelled before it began\n", run.ID)
	default:
		fmt.Fprintf(c.stdout, "run %s is stopping; nothing of it is kept\n", run.ID)
	}
	return nil
}

// follow waits for the end of a run.
func (c *runCommand) follow(ctx context.Context, run recon.Run) (recon.Run, error) {
	id := run.ID
	err := c.await(ctx, "/v1/runs/"+id, &run, func() bool {
		c.progress.running(run)
		return run.Status.Final()
	})
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("stopped waiting; the run goes on: matcher run --watch --run %s follows it, "+
			"matcher run --cancel --run %s stops it", id, id)
	case err != nil:
		err = fmt.Errorf("lost sight of run %s; the service goes on with it (matcher run --watch --run %s): %w",
			id, id, err)
	case run.Status == recon.RunFailed:
		err = fmt.Errorf("run %s failed: %s: %s; nothing of it is kept", id, run.ErrorCode, run.ErrorMessage)
	case run.Status == recon.RunCancelled:
		err = fmt.Errorf("run %s was cancelled; nothing of it is kept", id)
	}
	return run, err
}

// running shows how far a run is.
func (p *progress) running(run recon.Run) {
	p.show(func() string {
		switch {
		case run.Status == recon.RunQueued:
			return "queued"
		case run.Progress.Total > 0 && run.Progress.Done > 0:
			return fmt.Sprintf("%s: %d %%", report.Words(run.Progress.Phase),
				min(100, run.Progress.Done*100/run.Progress.Total))
		case run.Progress.Done > 0:
			return fmt.Sprintf("%s: %s", report.Words(run.Progress.Phase), report.Grouped(run.Progress.Done))
		case run.Progress.Phase != "":
			return report.Words(run.Progress.Phase)
		}
		return "running"
	})
}

func (c *runCommand) print(run recon.Run) error {
	if c.json {
		return c.printJSON(run)
	}
	summary, err := summaryOf(run)
	if err != nil {
		return err
	}
	kind := "run"
	if run.Mode == recon.RunDry {
		kind = "preview"
	}
	fmt.Fprintf(c.stdout, "%s %s  as of %s%s\n", kind, run.ID, summary.AsOf, took(run))
	report.WriteStored(c.stdout, &summary)
	fmt.Fprintf(c.stdout, "result %s\n", summary.ResultHash)
	if run.Mode == recon.RunDry {
		fmt.Fprintf(c.stdout, "Next   matcher export groups --run %s · nothing is held: run it without --dry-run\n",
			run.ID)
		return nil
	}
	of := run.ContextID
	if c.context != "" {
		of = strconv.Quote(c.context)
	}
	fmt.Fprintf(c.stdout, "Next   matcher exceptions --context %s · matcher export --context %s --out out\n", of, of)
	return nil
}

func took(run recon.Run) string {
	if run.StartedAt == nil || run.FinishedAt == nil {
		return ""
	}
	return fmt.Sprintf("  in %.1f s", run.FinishedAt.Sub(*run.StartedAt).Seconds())
}

func summaryOf(run recon.Run) (summary recon.Summary, err error) {
	if err := json.Unmarshal(run.Summary, &summary); err != nil {
		return summary, fmt.Errorf("reading the summary of run %s: %w", run.ID, err)
	}
	return summary, nil
}

func (c *runCommand) verdict(run recon.Run) error {
	if len(c.failOn) == 0 {
		return nil
	}
	summary, err := summaryOf(run)
	if err != nil {
		return err
	}
	return c.failOn.verdict(findings(&summary))
}

// pathID replaces what cannot be an id, so that it does not change the path; the API answers 404.
func pathID(id string) string {
	if strings.ContainsAny(id, "/?#%. ") {
		return "-"
	}
	return id
}
