package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"matcher/internal/recon"
	"matcher/internal/report"
)

const exportHelp = `Export a context of the service into files: groups, unmatched, rejected, set_aside, repeated, adjustments,
transactions; all of them where none is named. The first five have the columns that matcher match --out writes.
Amounts are decimals as stored, and a text that a spreadsheet would take for a formula begins with an apostrophe. A file under its final
name is complete. --run exports the groups of that run, of a preview too.` + remoteHelp

const exportExample = `  matcher export --context "Bank account" --out out/
  matcher export groups unmatched --context "Bank account" --out out/ --format json
  matcher export unmatched --context "Bank account" > open.csv
  matcher export groups --run 0190f3c2-… --out preview.csv`

// exportCommand is one call of `matcher export`.
type exportCommand struct {
	remote
	context, run, out, format string

	of      recon.Context
	sources map[string]recon.Source
	order   []recon.Source // left before right, as they were made
}

// exports is everything that can be written, in the order in which it is.
var exports = []struct {
	name    string
	columns []string
	write   func(*exportCommand, context.Context, exportLine) error
}{
	{"groups", report.GroupColumns, (*exportCommand).groups},
	{"unmatched", report.OpenColumns, (*exportCommand).unmatched},
	{"rejected", report.RejectedColumns, (*exportCommand).rejected},
	{"set_aside", report.RejectedColumns, (*exportCommand).setAside},
	{"repeated", report.RejectedColumns, (*exportCommand).repeated},
	{"adjustments", report.AdjustmentColumns, (*exportCommand).adjustments},
	{"transactions", report.TransactionColumns, (*exportCommand).transactions},
}

// exportLine takes one thing: its columns for CSV, itself for JSON.
type exportLine func(columns []string, object any) error

func exportNames() []string {
	names := make([]string, len(exports))
	for i := range exports {
		names[i] = exports[i].name
	}
	return names
}

func newExportCommand(o outside) *cobra.Command {
	c := &exportCommand{remote: remote{outside: o}}
	command := &cobra.Command{
		Use: "export [WHAT…]", Short: "Write groups, open rows and more of the service into files", Long: exportHelp,
		Example:   exportExample,
		ValidArgs: exportNames(),
		Args: func(_ *cobra.Command, args []string) error {
			for _, what := range args {
				if !slices.Contains(exportNames(), what) {
					return usageError("there is no %q to export: there are %s", what, strings.Join(exportNames(), ", "))
				}
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error { return c.export(command.Context(), args) },
	}
	f := command.Flags()
	f.StringVar(&c.context, "context", "", "`CONTEXT` to export: its name or id")
	f.StringVar(&c.run, "run", "", "the groups of this `RUN`, by its id, instead of those of the context")
	f.StringVar(&c.out, "out", "",
		"a `FILE` for one thing, a folder for several; standard output where one thing has none")
	f.StringVar(&c.format, "format", "csv", "csv, or json: one object a line")
	f.BoolVar(&c.json, "json", false, "list the written files as one JSON object")
	return command
}

func (c *exportCommand) export(ctx context.Context, names []string) error {
	names, err := c.chosen(names)
	if err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	defer c.progress.close()
	if err := c.find(ctx); err != nil {
		return err
	}
	if c.out == "" || c.out == "-" {
		out := bufio.NewWriter(c.stdout)
		if _, err := c.write(ctx, names[0], out); err != nil {
			return err
		}
		return out.Flush()
	}
	return c.toFiles(ctx, names)
}

// chosen returns the names of what is exported, or what is wrong with the flags.
func (c *exportCommand) chosen(names []string) ([]string, error) {
	switch {
	case c.format != "csv" && c.format != "json":
		return nil, usageError("--format is csv or json, not %q", c.format)
	case c.context == "" && c.run == "":
		return nil, usageError("which context? --context takes its name or id, --run the id of a run")
	case c.run != "" && len(names) == 0:
		names = []string{"groups"}
	case c.run != "" && !slices.Equal(names, []string{"groups"}):
		others := slices.DeleteFunc(names, func(n string) bool { return n == "groups" })
		return nil, usageError("--run is for groups: for %s give --context alone", strings.Join(others, ", "))
	case len(names) == 0:
		names = exportNames()
	}
	if len(names) > 1 && (c.out == "" || c.out == "-") {
		return nil, usageError("%d things go into a folder: --out DIR, or name one of %s", len(names),
			strings.Join(names, ", "))
	}
	return names, nil
}

// find reads the context and its sources.
func (c *exportCommand) find(ctx context.Context) (err error) {
	name := c.context
	if c.run != "" {
		var run recon.Run
		err := c.get(ctx, "/v1/runs/"+pathID(c.run), &run)
		if err := c.unknown(ctx, err, lookup{"run", c.run, nil}); err != nil {
			return err
		}
		if name == "" {
			name = run.ContextID
		}
		c.run = run.ID
	}
	if c.of, err = c.remote.context(ctx, name); err != nil {
		return err
	}
	sources, err := all[recon.Source](ctx, c.client, "/v1/contexts/"+c.of.ID+"/sources")
	if err != nil {
		return err
	}
	c.sources = make(map[string]recon.Source, len(sources))
	for _, side := range []recon.Side{recon.Left, recon.Right} {
		for _, s := range sources {
			if s.Side == side {
				c.order, c.sources[s.ID] = append(c.order, s), s
			}
		}
	}
	return nil
}

// exported is one file that was written.
type exported struct {
	What string `json:"what"`
	Path string `json:"path"`
	Rows int64  `json:"rows"`
}

func (c *exportCommand) toFiles(ctx context.Context, names []string) error {
	info, err := os.Stat(c.out)
	folder := err == nil && info.IsDir() || strings.HasSuffix(c.out, "/") || len(names) > 1
	if folder {
		if err := os.MkdirAll(c.out, 0o755); err != nil {
			return writeError(c.out, err)
		}
	}
	files := make([]exported, 0, len(names))
	for _, name := range names {
		file := exported{What: name, Path: c.out}
		if folder {
			file.Path = filepath.Join(c.out, name+map[string]string{"csv": ".csv", "json": ".ndjson"}[c.format])
		}
		err := writeWhole(file.Path, func(out *bufio.Writer) (err error) {
			file.Rows, err = c.write(ctx, name, out)
			return err
		})
		if err != nil {
			return err
		}
		files = append(files, file)
		c.progress.close()
		if !c.json {
			fmt.Fprintf(c.stdout, "%s  %s\n", file.Path, report.Plural(file.Rows, "row"))
		}
	}
	if c.json {
		return c.printJSON(map[string]any{"contextId": c.of.ID, "files": files})
	}
	return nil
}

// write writes one export whole and returns its number of rows.
func (c *exportCommand) write(ctx context.Context, name string, to *bufio.Writer) (rows int64, err error) {
	of := exports[slices.Index(exportNames(), name)]
	table := report.NewCSV(to)
	if c.format == "csv" {
		if err := table.Write(of.columns); err != nil {
			return 0, err
		}
	}
	err = of.write(c, ctx, func(columns []string, object any) error {
		rows++
		c.progress.show(func() string { return name + ": " + report.Plural(rows, "row") })
		if c.format == "json" {
			return report.WriteJSON(to, object)
		}
		return table.Write(columns)
	})
	if err != nil {
		return rows, err
	}
	table.Flush()
	return rows, table.Error()
}
