package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"matcher/internal/period"
	"matcher/internal/recon"
	"matcher/internal/report"
)

const matchHelp = `Reconcile two files, with no server and no database.

LEFT is what you expect (books, orders, invoices), RIGHT is what happened (bank, processor, payout). Each is a file,
a glob, a folder, or - for standard input: CSV, TSV, JSON, NDJSON, a workbook (XLSX, ODS) or a bank's statement (camt,
MT940, BAI2, OFX, QIF), also packed by gzip or ZIP. Columns, dates, decimals and signs are detected where neither the
format nor a map defines them, and that is printed. Without rules, rows match on their reference (exactly, within 1 % but
no more than 0.50, within 3 days); pairs without a common reference are only proposed.`

const matchExample = `  matcher match ledger.csv bank.csv
  matcher match ledger.csv bank.csv --out out && open out/report.html
  matcher match ledger.csv bank.csv --save recon.yaml     # then edit it, and:
  matcher match ledger.csv bank.csv --setup recon.yaml --fail-on open
  matcher match feb-ledger.csv feb-bank.csv --setup recon.yaml --carry jan --out feb
  matcher match --recipe stripe-payouts ledger.csv payout_reconciliation.csv
  matcher match --left shop=orders/ --left till=till.csv --right psp=payout-*.csv`

// matchOptions are the flags of match.
type matchOptions struct {
	left, right               []string
	rules, leftMap, rightMap  string
	carry                     string
	reject, reopen            []string
	answers                   []string
	maxRejected               int64
	setup, save               string
	leftNegate, rightNegate   bool
	leftAs, rightAs           string
	recipe                    string
	from, to, asOf            string
	leftBalance, rightBalance string
	out                       string
	explain                   []string
	failOn                    failOn
	json                      bool
}

// matchCommand is one call of `matcher match`.
type matchCommand struct {
	matchOptions
	outside
	progress *progress
	seconds  phaseSeconds
}

// phaseSeconds is how long each phase took.
type phaseSeconds struct {
	Read  float64 `json:"read"`
	Match float64 `json:"match"`
	Write float64 `json:"write"`
}

func newMatchCommand(o outside) *cobra.Command {
	m := matchCommand{outside: o}
	command := &cobra.Command{
		Use: "match LEFT RIGHT", Short: "Reconcile two files, with no server and no database",
		Long: matchHelp, Example: matchExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 2 {
				return usageError("%d files were named: two are expected, or --left FILE and --right FILE for each "+
					"of several",
					len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return m.run(cmd.Context(), args) },
	}
	f := command.Flags()
	f.StringArrayVar(&m.left, "left", nil,
		"a left file, glob or folder, perhaps with `[source=]FILE` before it; repeatable")
	f.StringArrayVar(&m.right, "right", nil,
		"a right file, glob or folder, perhaps with `[source=]FILE` before it; repeatable")
	f.StringVar(&m.rules, "rules", "", "rules to match by: a YAML or JSON `FILE`")
	f.StringVar(&m.leftMap, "left-map", "", "how left files are read: a YAML or JSON `FILE`")
	f.StringVar(&m.rightMap, "right-map", "", "how right files are read: a YAML or JSON `FILE`")
	f.StringVar(&m.leftAs, "left-as", "",
		"read left files as the known export of a `NAME` (matcher exports), or as none")
	f.StringVar(&m.rightAs, "right-as", "",
		"read right files as the known export of a `NAME` (matcher exports), or as none")
	f.StringVar(&m.recipe, "recipe", "", "use the setup of a recipe: its `NAME` (matcher recipes)")
	f.StringVar(&m.setup, "setup", "",
		"maps, rules, calendars, rates and fee schedules in one `FILE`, as --save writes it")
	f.StringVar(&m.save, "save", "", "write the maps and rules in use to a `FILE` for --setup")
	f.BoolVar(&m.leftNegate, "left-negate", false, "invert the signs of the left side")
	f.BoolVar(&m.rightNegate, "right-negate", false, "invert the signs of the right side")
	f.StringArrayVar(&m.answers, "answer", nil,
		"answer a question about a file: `left.ID=N`, the number of the answer; repeatable")
	f.Int64Var(&m.maxRejected, "max-rejected", -1,
		"refused rows that a file may have: `ROWS` (default: one in a hundred and at least one, none where balances prove the file)")
	f.Lookup("max-rejected").DefValue = "0" // which is not printed: the text has the default
	f.StringVar(&m.from, "from", "",
		"first `DAY` of the period (YYYY-MM-DD); earlier rows may match but are not reported open")
	f.StringVar(&m.to, "to", "", "last `DAY` of the period")
	f.StringVar(&m.asOf, "as-of", "",
		"`DAY` on which the books are looked at (default: the earlier of the days through which the sides are covered)")
	f.StringVar(&m.leftBalance, "left-balance", "",
		"closing balance of the left side: `AMOUNT` or EUR=AMOUNT,USD=AMOUNT")
	f.StringVar(&m.rightBalance, "right-balance", "",
		"closing balance of the right side: `AMOUNT` or EUR=AMOUNT,USD=AMOUNT")
	f.StringVar(&m.carry, "carry", "",
		"go on where last period stopped: the `DIR` that its --out wrote, for its open.ndjson")
	f.StringArrayVar(&m.reject, "reject", nil,
		"never again offer the `LEFT=RIGHT` rows together, named by their ids (several: INV-7+INV-8=B-12); repeatable")
	f.StringArrayVar(&m.reopen, "reopen", nil,
		"open the `LEFT=RIGHT` rows again that an earlier period settled, named by their ids; repeatable, with --carry")
	f.StringVar(&m.out, "out", "",
		"write groups.csv, journal.csv, unmatched.csv, rejected.csv, set_aside.csv, repeated.csv, open.ndjson and report.html to a `DIR`")
	f.StringArrayVar(&m.explain, "explain", nil, "explain why the row with this `ID` matched, or why not; repeatable")
	f.StringSliceVar((*[]string)(&m.failOn), "fail-on", nil,
		"exit with 3 when there is any of `open,proposed,rejected,difference`; open rows in transit are excepted, since they may still match")
	f.BoolVar(&m.json, "json", false, "print one JSON object instead of text")
	return command
}

func (m *matchCommand) run(ctx context.Context, args []string) error {
	started := time.Now()
	m.progress = newProgress(m.stderr)
	defer m.progress.close()
	var r *reconciliation
	if err := interruptible(ctx, func() (err error) {
		r, err = m.read(ctx, args)
		return err
	}); err != nil {
		return err
	}
	m.seconds.Read = time.Since(started).Seconds()
	started = time.Now()
	if err := r.run(ctx); err != nil {
		return err
	}
	m.seconds.Match = time.Since(started).Seconds()
	started = time.Now()
	if m.out != "" {
		if err := r.writeFolder(m.out); err != nil {
			return err
		}
	}
	m.seconds.Write = time.Since(started).Seconds()
	m.progress.close()
	if err := m.print(r); err != nil {
		return err
	}
	summary := report.Summary(r.result)
	found := findings(&summary)
	if m.asOf != "" { // of which they are to tell everything
		for _, reason := range summary.Reasons {
			found["open"] += reason.Rows * map[recon.Reason]int64{recon.ReasonNotCovered: 1}[reason.Code]
		}
	}
	found["difference"] += period.Unexplained(r.result.Bridge)
	return m.failOn.verdict(found)
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

// read settles everything that can be wrong before a row is read, and reads the rows.
func (m *matchCommand) read(ctx context.Context, args []string) (*reconciliation, error) {
	if err := m.failOn.check("open", "proposed", "rejected", "difference"); err != nil {
		return nil, err
	}
	if err := cmp.Or(checkExport("left-as", m.leftAs), checkExport("right-as", m.rightAs)); err != nil {
		return nil, err
	}
	setup, err := m.readSetup()
	if err != nil {
		return nil, err
	}
	in := newMatchInput(setup, m.stdin, m.progress)
	in.left.invert, in.right.invert = m.leftNegate, m.rightNegate
	in.left.as, in.right.as = m.leftAs, m.rightAs
	if err := in.readAnswers(m.answers); err != nil {
		return nil, err
	}
	if m.maxRejected >= 0 {
		in.left.maxRejected, in.right.maxRejected = &m.maxRejected, &m.maxRejected
	}
	if in.carry, err = m.readCarry(); err != nil {
		return nil, err
	}
	if err := in.readBalances(m.leftBalance, m.rightBalance); err != nil {
		return nil, err
	}
	if err := m.chooseFiles(args, in); err != nil {
		return nil, err
	}
	in.takeOver()
	r, err := in.open()
	if err != nil {
		return nil, m.saveOpen(in, err)
	}
	if m.out != "" {
		if err := makeFolder(m.out); err != nil {
			return nil, err
		}
	}
	if m.save != "" {
		if err := setup.save(m.save, in.sides()); err != nil {
			return nil, err
		}
	}
	return r, r.load(ctx, m.reject)
}

// saveOpen writes what is open about files that are not read, where --save names a file for it, and returns why not.
func (m *matchCommand) saveOpen(in *matchInput, refused error) error {
	code := recon.CodeOf(refused)
	if m.save == "" || code != recon.CodeReadingQuestion && code != recon.CodeNotDetected {
		return refused
	}
	if err := in.save(m.save, in.sides()); err != nil {
		return errors.Join(refused, err)
	}
	return fmt.Errorf("%w\nWritten to %s: keep one line of each question there, then --setup %s", refused, m.save,
		m.save)
}

func (m *matchCommand) chooseFiles(args []string, in *matchInput) error {
	left, right := m.left, m.right
	switch {
	case len(args) == 2:
		left, right = append([]string{args[0]}, left...), append([]string{args[1]}, right...)
	case len(args) == 1 || len(left) == 0 || len(right) == 0:
		return usageError("two sides are needed: matcher match LEFT RIGHT, or --left FILE --right FILE")
	}
	if err := in.left.choose(left); err != nil {
		return err
	}
	if err := in.right.choose(right); err != nil {
		return err
	}
	return in.checkFiles()
}

func (m *matchCommand) print(r *reconciliation) error {
	switch {
	case len(m.explain) > 0:
		explanations, err := r.explain(m.explain)
		if err != nil {
			return err
		}
		if m.json {
			return report.WriteJSON(m.stdout, explanations)
		}
		for i := range explanations {
			explanations[i].Write(m.stdout)
		}
		return nil
	case !m.json:
		run, summary := r.report(), report.Summary(r.result)
		run.WriteFiles(m.stdout)
		r.printCarry(m.stdout)
		report.WriteCounts(m.stdout, &summary)
		report.WriteBridges(m.stdout, run.Names(), summary.Bridge)
		report.WritePostings(m.stdout, summary.Postings)
		run.WriteWriteOffs(m.stdout)
		run.WriteReversals(m.stdout)
		run.WriteCleared(m.stdout)
		report.WriteLeftOut(m.stdout, &summary)
		r.printNotes(m.stdout)
		run.WriteRejects(m.stdout)
		run.WriteGains(m.stdout)
		m.printNext(run)
		return nil
	}
	r.printNotes(m.stderr)
	return report.WriteJSON(m.stdout, struct {
		recon.Summary
		Reversals []report.Reversal `json:"reversals,omitempty"`
		Seconds   phaseSeconds      `json:"seconds"`
	}{report.Summary(r.result), r.report().Reversals(), m.seconds})
}

// printNext suggests what to do next.
func (m *matchCommand) printNext(r *report.Run) {
	next := make([]string, 0, 3)
	if rows, _ := r.LargestOpen(1); len(rows) > 0 {
		id := rows[0].ID
		if strings.Contains(id, " ") {
			id = strconv.Quote(id)
		}
		next = append(next, "--explain "+id)
	}
	if m.save == "" && m.setup == "" {
		next = append(next, "--save recon.yaml")
	}
	if m.out == "" {
		next = append(next, "--out out")
	} else {
		next = append(next, "open "+m.out+"/report.html")
	}
	fmt.Fprintf(m.stdout, "Next   matcher match … %s\n", strings.Join(next, " · "))
}
