package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/matching"
	"matcher/internal/period"
	"matcher/internal/recon"
	"matcher/internal/report"
)

const matchHelp = `Reconcile two files, with no server and no database.

LEFT is what you expect (books, orders, invoices), RIGHT is what happened (bank, processor, payout). Each is a CSV, TSV,
JSON or NDJSON file, a glob, a folder, or - for standard input. Columns, dates, decimals and signs are detected where no
map is given, and what was detected is printed. Without rules, rows match on their reference (exactly, within 0.50,
within 3 days); pairs without a common reference are only proposed.`

const matchExample = `  matcher match ledger.csv bank.csv
  matcher match ledger.csv bank.csv --out out && open out/report.html
  matcher match ledger.csv bank.csv --save recon.yaml     # then edit it, and:
  matcher match ledger.csv bank.csv --setup recon.yaml --fail-on open
  matcher match feb-ledger.csv feb-bank.csv --setup recon.yaml --carry jan --out feb
  matcher match --left shop=orders/ --left till=till.csv --right psp=payout-*.csv`

// matchOptions are the flags of match.
type matchOptions struct {
	left, right               []string
	rules, leftMap, rightMap  string
	carry                     string
	reject                    []string
	setup, save               string
	leftNegate, rightNegate   bool
	from, to, asOf            string
	leftBalance, rightBalance string
	out                       string
	explain, failOn           []string
	json                      bool
}

// match is one run of the command.
type match struct {
	opt            matchOptions
	stdin          io.Reader
	stdout, stderr io.Writer
	rules          []recon.Rule
	setup          recon.Setup
	options        recon.RunOptions
	carry          *period.Carry // what last period left
	carryPath      string
	stated         [2]map[string]recon.Minor // closing balances by side and currency
	left, right    *matchSide
	plan           *engine.Plan
	result         *engine.Result
	progress       *progress
	seconds        phaseSeconds
	notes          []string // what a person should know before trusting the result
}

// phaseSeconds is how long each phase took.
type phaseSeconds struct {
	Read  float64 `json:"read"`
	Match float64 `json:"match"`
	Write float64 `json:"write"`
}

func newMatchCommand(stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	m := match{stdin: stdin, stdout: stdout, stderr: stderr}
	command := &cobra.Command{
		Use: "match LEFT RIGHT", Short: "Reconcile two files, with no server and no database",
		Long: matchHelp, Example: matchExample, Args: atMostTwoFiles,
		RunE: func(cmd *cobra.Command, args []string) error { return m.run(cmd.Context(), args) },
	}
	f := command.Flags()
	f.StringArrayVar(&m.opt.left, "left", nil, "a left file, glob or folder, perhaps with `[source=]FILE` before it; repeatable")
	f.StringArrayVar(&m.opt.right, "right", nil, "a right file, glob or folder, perhaps with `[source=]FILE` before it; repeatable")
	f.StringVar(&m.opt.rules, "rules", "", "rules to match by: a YAML or JSON `FILE`")
	f.StringVar(&m.opt.leftMap, "left-map", "", "how left files are read: a YAML or JSON `FILE`")
	f.StringVar(&m.opt.rightMap, "right-map", "", "how right files are read: a YAML or JSON `FILE`")
	f.StringVar(&m.opt.setup, "setup", "", "maps, rules, calendars, rates and fee schedules in one `FILE`, as --save writes it")
	f.StringVar(&m.opt.save, "save", "", "write the maps and rules in use to a `FILE` for --setup")
	f.BoolVar(&m.opt.leftNegate, "left-negate", false, "turn the signs of the left side round")
	f.BoolVar(&m.opt.rightNegate, "right-negate", false, "turn the signs of the right side round")
	f.StringVar(&m.opt.from, "from", "", "first `DAY` of the period (YYYY-MM-DD); earlier rows may match but are not reported open")
	f.StringVar(&m.opt.to, "to", "", "last `DAY` of the period")
	f.StringVar(&m.opt.asOf, "as-of", "", "`DAY` on which the books are looked at (default: the latest date in the files)")
	f.StringVar(&m.opt.leftBalance, "left-balance", "", "closing balance of the left side: `AMOUNT` or EUR=AMOUNT,USD=AMOUNT")
	f.StringVar(&m.opt.rightBalance, "right-balance", "", "closing balance of the right side: `AMOUNT` or EUR=AMOUNT,USD=AMOUNT")
	f.StringVar(&m.opt.carry, "carry", "", "go on where last period stopped: the `DIR` that its --out wrote, for its open.ndjson")
	f.StringArrayVar(&m.opt.reject, "reject", nil, "never again offer the `LEFT=RIGHT` rows together, named by their ids (several: INV-7+INV-8=B-12); repeatable")
	f.StringVar(&m.opt.out, "out", "", "write groups.csv, unmatched.csv, rejected.csv, open.ndjson and report.html to a `DIR`")
	f.StringArrayVar(&m.opt.explain, "explain", nil, "say why the row with this `ID` matched, or why not; repeatable")
	f.StringSliceVar(&m.opt.failOn, "fail-on", nil, "exit with 3 when there is any of `open,proposed,rejected,difference`; open rows in transit are excepted, since they may still match")
	f.BoolVar(&m.opt.json, "json", false, "print one JSON object instead of text")
	return command
}

func atMostTwoFiles(_ *cobra.Command, args []string) error {
	if len(args) > 2 {
		return usageError("%d files were named: two are expected, or --left FILE and --right FILE for each of several", len(args))
	}
	return nil
}

func (m *match) run(ctx context.Context, args []string) error {
	started := time.Now()
	m.progress = newProgress(m.stderr)
	defer m.progress.close()
	if err := interruptible(ctx, func() error { return m.read(ctx, args) }); err != nil {
		return err
	}
	m.seconds.Read = time.Since(started).Seconds()
	started = time.Now()
	if err := m.reconcile(ctx); err != nil {
		return err
	}
	m.seconds.Match = time.Since(started).Seconds()
	started = time.Now()
	if err := m.write(); err != nil {
		return err
	}
	m.seconds.Write = time.Since(started).Seconds()
	m.progress.close()
	if err := m.print(); err != nil {
		return err
	}
	return m.verdict()
}

var errStopped = errors.New("stopped before the end: there is no result")

// interruptible runs work that may wait for input without end. When the caller gives up, the work is left behind: the
// process is about to end.
func interruptible(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errStopped
	}
}

func (m *match) read(ctx context.Context, args []string) error {
	if err := m.prepare(args); err != nil {
		return err
	}
	return m.load(ctx)
}

// prepare settles everything that can be wrong before a row is read.
func (m *match) prepare(args []string) error {
	if err := m.checkFailOn(); err != nil {
		return err
	}
	if err := m.readSetup(); err != nil {
		return err
	}
	if err := m.readCarry(); err != nil {
		return err
	}
	if err := m.readBalances(); err != nil {
		return err
	}
	if err := m.chooseFiles(args); err != nil {
		return err
	}
	m.takeOver()
	if err := m.begin(); err != nil {
		return err
	}
	if err := m.makeFolder(); err != nil {
		return err
	}
	return m.saveSetup()
}

// begin settles how every file is read, and what runs on them.
func (m *match) begin() error {
	for _, s := range m.sides() {
		for _, f := range s.files {
			if err := f.begin(m, s); err != nil {
				return err
			}
		}
	}
	mapping.ShareCurrency(m.left.readers(), m.right.readers())
	m.noteCurrencies()
	m.alignSigns()
	m.noteMaps()
	return m.compile()
}

// compile makes the plan, and holds the rules against the files.
func (m *match) compile() error {
	plan, problems := engine.Compile(m.rules, m.options)
	for i := range problems {
		problems[i].Pointer = m.rulesPointer() + problems[i].Pointer
	}
	if len(problems) == 0 {
		problems = m.checkRules()
	}
	if len(problems) > 0 {
		return recon.Unprocessable("RULES_INVALID", m.rulesName()+" cannot work", problems...)
	}
	m.plan = plan
	for _, s := range m.sides() {
		s.table = engine.NewTable(plan, s.side, 0)
	}
	return nil
}

func (m *match) chooseFiles(args []string) error {
	left, right := m.opt.left, m.opt.right
	switch {
	case len(args) == 2:
		left, right = append([]string{args[0]}, left...), append([]string{args[1]}, right...)
	case len(args) == 1 || len(left) == 0 || len(right) == 0:
		return usageError("two sides are needed: matcher match LEFT RIGHT, or --left FILE --right FILE")
	}
	for _, s := range []struct {
		side  *matchSide
		named []string
	}{{m.left, left}, {m.right, right}} {
		inputs, err := expandInputs(s.side.side, s.named)
		if err != nil {
			return err
		}
		for _, input := range inputs {
			if s.side.setup.Source != "" && !slices.ContainsFunc(s.named, func(n string) bool { return strings.HasPrefix(n, input.source+"=") }) {
				input.source, input.named = s.side.setup.Source, true
			}
			s.side.files = append(s.side.files, &matchFile{inputFile: input})
		}
	}
	m.noteSameFile()
	return m.checkStdin()
}

// noteSameFile says that a file stands on both sides, where it agrees with itself.
func (m *match) noteSameFile() {
	for _, left := range m.left.files {
		if left.path != "-" && slices.ContainsFunc(m.right.files, func(f *matchFile) bool { return f.path == left.path }) {
			m.note("%s is on both sides, where it agrees with itself: was another file meant?", left.path)
		}
	}
}

func (m *match) checkStdin() error {
	used := 0
	for _, s := range m.sides() {
		for _, f := range s.files {
			if f.path == "-" {
				used++
			}
		}
	}
	if used > 1 {
		return usageError("standard input (-) can be read once: name a file for the other side")
	}
	return nil
}

// noteCurrencies says that two sides in one currency each, and not the same, cannot meet by rules that compare no others.
func (m *match) noteCurrencies() {
	left, right := mapping.SideCurrency(m.left.readers()), mapping.SideCurrency(m.right.readers())
	converts := func(r recon.Rule) bool { return r.Active() && r.WithDefaults().Currency.Mode != recon.CurrencySame }
	if left != "" && right != "" && left != right && !slices.ContainsFunc(m.rules, converts) {
		m.note("%s is in %s and %s in %s: rows of different currencies never match", m.left.name(), left, m.right.name(), right)
	}
}

// load reads both sides at once: parsing is most of the work, and each side is its own.
func (m *match) load(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	for _, s := range m.sides() {
		work.Go(func() error { return s.load(ctx, m) })
	}
	if err := work.Wait(); err != nil {
		return err
	}
	period.Rebook(m.plan.Options.Rejected, [2]map[int64]int64{m.left.replaced, m.right.replaced})
	return m.readRejects()
}

func (m *match) reconcile(ctx context.Context) error {
	m.clampAsOf()
	result, err := matching.Compute(m.plan, m.left.table, m.right.table, func(p engine.Progress) bool {
		m.progress.matching(p)
		return ctx.Err() == nil
	})
	if err != nil {
		return fmt.Errorf("matching: %w", err)
	}
	if result.Stopped {
		return errStopped
	}
	m.result = result
	m.noteDay()
	return m.startFromBalances()
}

func (m *match) write() error {
	if m.opt.out == "" {
		return nil
	}
	return m.writeFolder(m.opt.out)
}

func (m *match) print() error {
	switch {
	case len(m.opt.explain) > 0:
		return m.explain(m.stdout)
	case !m.opt.json:
		m.printSummary(m.stdout)
		return nil
	}
	m.printNotes(m.stderr)
	return report.WriteJSON(m.stdout, struct {
		engine.Summary
		Seconds phaseSeconds `json:"seconds"`
	}{m.result.Summary(), m.seconds})
}

// verdict turns what the caller asked to fail on into exit code 3.
func (m *match) verdict() error {
	left, right := m.result.Counts[engine.LeftIndex], m.result.Counts[engine.RightIndex]
	differences := int64(0)
	for _, d := range m.result.Differences {
		differences += d.Groups
	}
	rows := map[string]int64{
		"open":       left.Unmatched + right.Unmatched - left.InTransit - right.InTransit,
		"proposed":   left.Proposed + right.Proposed,
		"rejected":   left.Rejected + right.Rejected,
		"difference": differences + period.Unexplained(m.result.Bridge),
	}
	var found []string
	for _, what := range m.opt.failOn {
		if rows[what] > 0 {
			found = append(found, fmt.Sprintf("%s: %d", what, rows[what]))
		}
	}
	if len(found) > 0 {
		return foundError("--fail-on found %s", strings.Join(found, ", "))
	}
	return nil
}

func (m *match) checkFailOn() error {
	known := []string{"open", "proposed", "rejected", "difference"}
	for _, what := range m.opt.failOn {
		if !slices.Contains(known, what) {
			return usageError("--fail-on takes %s, not %q", strings.Join(known, ", "), what)
		}
	}
	return nil
}

// readWhole reads a file of maps, rules or both.
func readWhole(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, setupBytesMax+1))
	if err != nil {
		return nil, fileError(path, err)
	}
	if int64(len(data)) > setupBytesMax {
		return nil, fmt.Errorf("%s is larger than %d bytes: that is no file of maps or rules", path, setupBytesMax)
	}
	return data, nil
}
