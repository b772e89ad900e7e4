package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"matcher/internal/recon"
	"matcher/internal/report"
)

const importHelp = `Load files into a source of the service: CSV, TSV, JSON, NDJSON or a bank's statement (camt, MT940, BAI2),
told by content. A file is in, or it is not; rows that are there already are counted and kept once, so loading a file
again adds nothing. FILE is a file, a glob, a folder or - for standard input.` + remoteHelp

const importExample = `  matcher import --source bank --context "Bank account" bank-2026-01.csv
  matcher import --source 0190f3c2-… statements/ --fail-on rejected
  zcat ledger.csv.gz | matcher import --source ledger --name ledger.csv -`

// importCommand is one call of `matcher import`.
type importCommand struct {
	remote
	source, context, name, key string
	failOn                     failOn
	rejects                    int
	answers                    []string
}

func newImportCommand(o outside) *cobra.Command {
	c := &importCommand{remote: remote{outside: o}}
	command := &cobra.Command{
		Use: "import --source SOURCE FILE…", Short: "Load files into a source of the service",
		Long: importHelp, Example: importExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("which file? matcher import --source SOURCE FILE…, or - for standard input")
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error { return c.run(command.Context(), args) },
	}
	f := command.Flags()
	f.StringVar(&c.source, "source", "", "`SOURCE` that the rows belong to: its name or id")
	f.StringVar(&c.context, "context", "", "`CONTEXT` of the source, where several have one of that name")
	f.StringVar(&c.name, "name", "", "what the file is called in the service (default: its own name)")
	f.IntVar(&c.rejects, "rejects", 20, "how many refused rows are listed for a file")
	f.StringArrayVar(&c.answers, "answer", nil,
		"answers a question about the files, as the refusal prints it: `ID=N` (repeatable)")
	f.StringSliceVar((*[]string)(&c.failOn), "fail-on", nil, "exit with 3 when there is any `rejected` row")
	f.StringVar(&c.key, "idempotency-key", "",
		"makes a repeated command safe: the same `KEY` and file are loaded once, and answered alike")
	f.BoolVar(&c.json, "json", false, "print one JSON object")
	return command
}

// imported is an import with the first of its rejected rows.
type imported struct {
	recon.Import
	Rejects []recon.RowError `json:"rejects"`
	More    int64            `json:"rejectsMore,omitempty"` // refused rows beyond those listed
}

// importsDone is what --json prints.
type importsDone struct {
	SourceID  string     `json:"sourceId"`
	ContextID string     `json:"contextId"`
	Imports   []imported `json:"imports"`
}

func (c *importCommand) run(ctx context.Context, args []string) error {
	files, err := c.files(args)
	if err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	defer c.progress.close()
	source, err := c.remote.source(ctx, c.source, c.context)
	if err != nil {
		return err
	}
	if err := c.checkSizes(ctx, files); err != nil {
		return err
	}
	done := importsDone{SourceID: source.ID, ContextID: source.ContextID, Imports: []imported{}}
	for i, path := range files {
		in, err := c.load(ctx, source, path, i)
		if err != nil {
			if i > 0 {
				err = fmt.Errorf("%w; %s loaded before it", err, report.Plural(int64(i), "file"))
			}
			return errors.Join(c.show(done), err)
		}
		done.Imports = append(done.Imports, in)
		if !c.json {
			c.print(source, in)
		}
	}
	if err := c.show(done); err != nil {
		return err
	}
	rejected := int64(0)
	for _, in := range done.Imports {
		rejected += in.RowsRejected
	}
	return c.failOn.verdict(map[string]int64{"rejected": rejected})
}

// files returns the named files, and refuses what is wrong with any of them before one is sent.
func (c *importCommand) files(args []string) (paths []string, err error) {
	if c.source == "" {
		return nil, usageError("which source? --source takes its name or id")
	}
	if err := c.failOn.check("rejected"); err != nil {
		return nil, err
	}
	for _, arg := range args {
		expanded, err := expandPath(arg)
		if err != nil {
			return nil, err
		}
		paths = append(paths, expanded...)
	}
	if len(paths) > inputFilesMax {
		return nil, usageError("%d files were named: at most %d are loaded at once", len(paths), inputFilesMax)
	}
	if c.name != "" && len(paths) > 1 {
		return nil, usageError("--name is for one file, and %d were named", len(paths))
	}
	if at := slices.Index(paths, "-"); at >= 0 && slices.Contains(paths[at+1:], "-") {
		return nil, usageError("standard input (-) can be read once")
	}
	for _, path := range paths {
		if path == "-" {
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			return nil, fileError(path, err)
		}
		file.Close()
	}
	return paths, nil
}

// checkSizes refuses a file that is too large before its upload, not after it.
func (c *importCommand) checkSizes(ctx context.Context, paths []string) error {
	var me struct {
		Limits struct {
			ImportBytes int64 `json:"importBytes"`
		} `json:"limits"`
	}
	if err := c.get(ctx, "/v1/me", &me); err != nil {
		return err
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err == nil && me.Limits.ImportBytes > 0 && info.Size() > me.Limits.ImportBytes {
			return fmt.Errorf("%s has %s bytes, and the service takes at most %s: split the file, or have the limit "+
				"raised",
				path, report.Grouped(info.Size()), report.Grouped(me.Limits.ImportBytes))
		}
	}
	return nil
}

// load streams one file and reads what became of it.
func (c *importCommand) load(
	ctx context.Context, source recon.Source, path string, position int,
) (in imported, err error) {
	name := cmp.Or(c.name, filepath.Base(path))
	if path == "-" {
		name = cmp.Or(c.name, "stdin")
	}
	sending := &sender{progress: c.progress, path: path, stdin: c.stdin}
	key := newKey()
	if c.key != "" {
		key = fmt.Sprintf("%s/%d", c.key, position)
	}
	query := url.Values{"name": {name}, "answer": c.answers}
	r := apiCall{
		method: http.MethodPost, path: "/v1/sources/" + source.ID + "/imports?" + query.Encode(), key: key,
		contentType: "application/octet-stream", body: sending.open, bodyOnce: path == "-",
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		r.size = info.Size()
		sending.size = info.Size()
	}
	in.Rejects = []recon.RowError{}
	if err := c.do(ctx, r, &in.Import); err != nil {
		if ctx.Err() != nil {
			return in, fmt.Errorf("stopped: nothing of %s is in, unless the service had just taken all of it", path)
		}
		var refused *refusal
		if errors.As(err, &refused) {
			err = refused // the file's name is enough, without the request's path
		}
		return in, fmt.Errorf("%s is not loaded: %w", path, err)
	}
	c.progress.close()
	return in, c.readRejects(ctx, &in)
}

func (c *importCommand) readRejects(ctx context.Context, in *imported) error {
	if in.RowsRejected == 0 {
		return nil
	}
	lines := map[int]bool{}
	err := each(ctx, c.client, "/v1/imports/"+in.ID+"/rejects", func(e recon.RowError) error {
		if !lines[e.Line] && len(lines) >= c.rejects {
			return errEnough
		}
		lines[e.Line] = true
		in.Rejects = append(in.Rejects, e)
		return nil
	})
	in.More = max(0, in.RowsRejected-int64(len(lines)))
	return err
}

// sender opens a file anew for every attempt and shows how much of it has been sent.
type sender struct {
	progress *progress
	path     string
	size     int64
	stdin    io.Reader
}

func (s *sender) open() (io.ReadCloser, error) {
	if s.path == "-" {
		return &sentFile{from: io.NopCloser(s.stdin), s: s}, nil
	}
	file, err := os.Open(s.path)
	if err != nil {
		return nil, fileError(s.path, err)
	}
	return &sentFile{from: file, s: s}, nil
}

type sentFile struct {
	from io.ReadCloser
	s    *sender
	sent atomic.Int64
}

func (f *sentFile) Read(p []byte) (int, error) {
	n, err := f.from.Read(p)
	f.s.progress.sending(f.s.path, f.sent.Add(int64(n)), f.s.size)
	return n, err
}

func (f *sentFile) Close() error { return f.from.Close() }

// sending shows how much of a file has been sent; size 0 is unknown.
func (p *progress) sending(path string, done, size int64) {
	p.show(func() string {
		switch {
		case size == 0:
			return fmt.Sprintf("sending %s: %s bytes", path, report.Grouped(done))
		case done >= size:
			return fmt.Sprintf("sending %s: 100 %%, the service reads it", path)
		}
		return fmt.Sprintf("sending %s: %d %%", path, done*100/size)
	})
}

// print writes the result of one file for people.
func (c *importCommand) print(source recon.Source, in imported) {
	fmt.Fprintf(c.stdout, "%-5s  %s → %s  %s: %s new",
		source.Side, in.FileName, source.Name, report.Plural(in.RowsRead, "row"), report.Grouped(in.RowsInserted))
	if in.RowsDuplicate > 0 {
		fmt.Fprintf(c.stdout, " · %s there already", report.Grouped(in.RowsDuplicate))
	}
	if in.RowsChanged > 0 {
		fmt.Fprintf(c.stdout, " (%s with another text or balance)", report.Grouped(in.RowsChanged))
	}
	if in.RowsRejected > 0 {
		fmt.Fprintf(c.stdout, " · %s rejected", report.Grouped(in.RowsRejected))
	}
	if in.RowsSetAside > 0 {
		fmt.Fprintf(c.stdout, " · %s set aside", report.Grouped(in.RowsSetAside))
	}
	if len(in.Sums) > 0 {
		fmt.Fprintf(c.stdout, " · sum %s", sumsOf(in.Sums))
	}
	fmt.Fprintf(c.stdout, "   (import %s)\n", in.ID)
	if read := strings.TrimRight(in.Detection, "; "); read != "" {
		fmt.Fprintf(c.stdout, "       read as  %s\n", read)
	}
	for _, e := range in.Rejects {
		value := ""
		if !strings.Contains(e.Reason, e.Value) { // unless the reason quotes it
			value = fmt.Sprintf(" (%q)", e.Value)
		}
		fmt.Fprintf(c.stdout, "REJECT %s line %d: %s%s\n", in.FileName, e.Line, report.Fault(&e), value)
	}
	if in.More > 0 {
		fmt.Fprintf(c.stdout, "       … and %s; matcher export rejected --context %s lists all\n",
			report.Plural(in.More, "more rejected row"), source.ContextID)
	}
}

// sumsOf writes amounts by currency for people: 1,234.50 EUR + 10.00 USD.
func sumsOf(byCurrency map[string]string) string {
	parts := make([]string, 0, len(byCurrency))
	for _, currency := range slices.Sorted(maps.Keys(byCurrency)) {
		parts = append(parts, report.Grouped(byCurrency[currency])+" "+currency)
	}
	return strings.Join(parts, " + ")
}

// show writes the JSON of --json.
func (c *importCommand) show(done importsDone) error {
	if !c.json {
		return nil
	}
	return c.printJSON(done)
}
