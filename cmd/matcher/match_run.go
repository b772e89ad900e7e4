package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/matching"
	"matcher/internal/period"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// matchInput is everything that a run reads: the setup, both sides, and what last period left.
type matchInput struct {
	*matchSetup
	left, right *matchSide
	carry       *carried
	stdin       io.Reader
	progress    *progress
	notes       []string // what a person should know before trusting the result
}

func newMatchInput(setup *matchSetup, stdin io.Reader, progress *progress) *matchInput {
	return &matchInput{
		matchSetup: setup, carry: &carried{}, stdin: stdin, progress: progress,
		left: &matchSide{side: recon.Left, setup: setup.Left}, right: &matchSide{side: recon.Right, setup: setup.Right},
	}
}

func (in *matchInput) sides() [2]*matchSide { return [2]*matchSide{in.left, in.right} }

func (in *matchInput) note(text string, args ...any) {
	in.notes = append(in.notes, fmt.Sprintf(text, args...))
}

// choose adds the files that the user named for a side.
func (s *matchSide) choose(named []string) error {
	inputs, err := expandInputs(s.side, named)
	for _, input := range inputs {
		how, _ := s.setup.For(input.path)
		if how.Source != "" && !slices.ContainsFunc(named, func(n string) bool {
			return strings.HasPrefix(n, input.source+"=")
		}) {
			input.source, input.named = how.Source, true
		}
		s.files = append(s.files, &matchFile{inputFile: input, how: how})
	}
	return err
}

// checkFiles refuses standard input on both sides, and notes a file that is on both, where it agrees with itself.
func (in *matchInput) checkFiles() error {
	in.noteParts()
	fromStdin := 0
	for _, f := range slices.Concat(in.left.files, in.right.files) {
		switch {
		case f.path == "-":
			fromStdin++
		case f.side == recon.Left &&
			slices.ContainsFunc(in.right.files, func(r *matchFile) bool { return r.path == f.path }):
			in.note("%s is on both sides, where it agrees with itself: was another file meant?", f.path)
		}
	}
	if fromStdin > 1 {
		return usageError("standard input (-) can be read once: name a file for the other side")
	}
	return nil
}

// open settles how every file is read, makes the plan, and checks the rules against the files.
func (in *matchInput) open() (*reconciliation, error) {
	for _, s := range in.sides() {
		s.carry = &in.carry.Carry
		for _, f := range s.files {
			if err := f.begin(s, in.stdin); err != nil {
				return nil, err
			}
		}
		if err := in.findOverlaps(s); err != nil {
			return nil, err
		}
	}
	if err := in.settle(); err != nil {
		return nil, err
	}
	in.noteCurrencies()
	in.noteZones()
	in.noteMaps()
	in.options.Movements = recon.RuleSources{
		Left: in.left.reads(recon.RowsMovements), Right: in.right.reads(recon.RowsMovements),
	}
	plan, problems := engine.Compile(in.Rules, in.options)
	for i := range problems {
		problems[i].Pointer = in.pointer + problems[i].Pointer
	}
	if len(problems) == 0 {
		problems = in.checkRules()
	}
	if len(problems) > 0 {
		return nil, recon.Unprocessable(recon.CodeRuleInvalid, in.origin+" cannot work", problems...)
	}
	for _, s := range in.sides() {
		s.table = engine.NewTable(plan, s.side, expectedRows(s.files))
	}
	return &reconciliation{matchInput: in, plan: plan}, nil
}

// noteCurrencies notes that two sides in one currency each, and not the same, cannot match by rules that convert
// nothing.
func (in *matchInput) noteCurrencies() {
	left, right := mapping.SideCurrency(in.left.readers()), mapping.SideCurrency(in.right.readers())
	converts := func(r recon.Rule) bool { return r.Active() && r.WithDefaults().Currency.Mode != recon.CurrencySame }
	if left != "" && right != "" && left != right && !slices.ContainsFunc(in.Rules, converts) {
		in.note("%s is in %s and %s in %s: rows of different currencies never match",
			in.left.name(), left, in.right.name(), right)
	}
}

// settle lets each side show what the other leaves open, and refuses files that leave something open about money.
func (in *matchInput) settle() error {
	evidence, err := mapping.Settle(in.left.readers(), in.right.readers())
	if err != nil {
		return err
	}
	turned, flag := in.right, "--right-negate"
	if evidence.Side == recon.Left {
		turned, flag = in.left, "--left-negate"
	}
	switch {
	case evidence.Inverted:
		for _, f := range turned.files {
			f.inverted = fmt.Sprintf("sign opposite on %d of %d shared references: reversed (%s)",
				evidence.Opposite, evidence.Joined, flag)
		}
		for _, line := range evidence.Lines {
			in.note("line %d of the right side has the same sign on both sides, unlike the rest", line)
		}
	case evidence.Suspect():
		in.note("%d of %d rows with a common reference have opposite signs: "+
			"if one file is written from the other side's point of view, use %s",
			evidence.Opposite, evidence.Joined, flag)
	}
	var open []error
	for _, f := range slices.Concat(in.left.files, in.right.files) {
		if questions := f.reader.Detection.Questions; len(questions) > 0 {
			open = append(open, f.asks(questions))
		}
	}
	return errors.Join(open...)
}

// noteParts notes files that no part of a side is for, and parts that are for none of the files.
func (in *matchInput) noteParts() {
	for _, s := range in.sides() {
		used := map[string]bool{}
		for _, f := range s.files {
			if how, found := s.setup.For(f.path); found {
				used[how.Files] = true
			} else {
				in.note("no part of the %s side is for %s, which is read without a map",
					strings.ToLower(string(s.side)), f.path)
			}
		}
		for _, part := range s.setup.Parts() {
			if !used[part.Files] {
				in.note("no file of the %s side is called %s", strings.ToLower(string(s.side)), part.Files)
			}
		}
	}
}

// asks is the error of a file that leaves something open: every question, with its answers.
func (f *matchFile) asks(questions []mapping.Question) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s leaves %s open, and no row is read until it is answered", f.path,
		report.Plural(int64(len(questions)), "question"))
	for i := range questions {
		fmt.Fprintf(&text, "\nQUESTION %s: %s", questions[i].ID, strings.ReplaceAll(questions[i].String(), "\n",
			"\n       "))
	}
	side := strings.ToLower(string(f.side))
	fmt.Fprintf(&text, "\nNext   --answer %s.%s=1 or the like, or --save recon.yaml and keep one line of each "+
		"question in it; matcher inspect %s --side %s --save map.yaml shows how the file is read", side, questions[0].ID, f.path,
		side)
	return recon.Unprocessable(recon.CodeReadingQuestion, text.String())
}

// reconciliation is a run over its input: the plan, and what came of it.
type reconciliation struct {
	*matchInput
	plan   *engine.Plan
	result *engine.Result
	stated [2]map[string]recon.Minor // closing balances that the user gave, by currency
}

// load reads both sides at once: parsing is most of the work, and each side is its own. Then it finds the rows that
// were rejected.
func (r *reconciliation) load(ctx context.Context, rejected []string) error {
	work, ctx := errgroup.WithContext(ctx)
	for _, s := range r.sides() {
		work.Go(func() error { return s.load(ctx, metadataColumns(r.plan.Fields(s.side)), r.progress) })
	}
	if err := work.Wait(); err != nil {
		return err
	}
	r.noteRepeated()
	r.notePending()
	period.Rebook(r.plan.Options.Rejected, [2]map[int64]int64{r.left.replaced, r.right.replaced})
	for _, text := range rejected {
		set, err := period.RejectedSet(text, r.rowNamed)
		if err != nil {
			return usageError("--reject %q: %w", text, err)
		}
		r.plan.Options.Rejected = append(r.plan.Options.Rejected, set)
	}
	return nil
}

// noteRepeated notes rows that came again and are not letter for letter what they were.
func (r *reconciliation) noteRepeated() {
	for _, f := range slices.Concat(r.left.files, r.right.files) {
		if f.changed > 0 {
			r.note("%s: %s known already with the same money, and with another text or balance: the first is kept "+
				"(repeated.csv)", f.path, report.Plural(f.changed, "row"))
		}
		if f.known > 0 {
			r.note("%s: %s without an id known from an earlier file of the source, whatever their balances, and "+
				"counted once (repeated.csv): map externalId if they are payments of their own", f.path,
				report.Plural(f.known, "row"))
		}
		if f.split > 0 {
			r.note("%s: %s of many payments, which another file has one by one: those count instead "+
				"(repeated.csv)", f.path, report.Plural(f.split, "row"))
		}
		for _, text := range f.differ {
			r.note("%s: %s", f.path, text)
		}
		if f.replaced > 0 {
			r.note("%s: %s booked or withdrawn by another row, which counts instead (repeated.csv)", f.path,
				report.Plural(f.replaced, "pending row"))
		}
	}
}

// covered is the last day of the side's statements, or the later one that the setup gives for the side or a part of it.
func (s *matchSide) covered() recon.Day {
	through := s.setup.CoveredThrough
	for _, f := range s.files {
		through = max(through, f.how.CoveredThrough)
		for _, statement := range f.reader.Statements() {
			through = max(through, statement.To)
		}
	}
	return through
}

// notePending notes the rows that are not booked yet, with their sums: the bridges count them like booked ones.
func (r *reconciliation) notePending() {
	for _, s := range r.sides() {
		var rows int64
		sums := map[string]*recon.Total{}
		for row := range uint32(s.table.Len()) {
			if !s.table.Pending(row) || s.table.Settled(row) {
				continue
			}
			rows++
			if sums[s.table.Currency(row)] == nil {
				sums[s.table.Currency(row)] = &recon.Total{}
			}
			sums[s.table.Currency(row)].Add(s.table.Amount(row))
		}
		var parts []string
		for _, currency := range slices.Sorted(maps.Keys(sums)) {
			if amount, err := sums[currency].Minor(); err == nil {
				sum := recon.Money{Amount: amount, Currency: currency}
				parts = append(parts, report.Grouped(sum.String())+" "+currency)
			}
		}
		if rows > 0 {
			r.note("%s on the %s side, counted though not booked yet: %s", report.Plural(rows, "pending row"),
				strings.ToLower(string(s.side)), strings.Join(parts, ", "))
		}
	}
}

// reads returns the sources of a side whose maps have this of their rows; "": nothing.
func (s *matchSide) reads(rows string) (names []string) {
	for _, f := range s.files {
		if f.reader.FieldMap().Rows == rows {
			names = append(names, f.source)
		}
	}
	for _, source := range s.carry.Sources(s.side) {
		if !slices.ContainsFunc(s.files, func(f *matchFile) bool { return f.source == source.Name }) &&
			source.FieldMap().Rows == rows {
			names = append(names, source.Name)
		}
	}
	return names
}

// noteClaims notes that groups are only proposed for a return because no map has what the rows of the other side are.
func (r *reconciliation) noteClaims() {
	for _, s := range r.sides() {
		held := 0
		for _, v := range r.result.Reversals {
			if v.Held && v.Side != s.side {
				held++
			}
		}
		if open := s.reads(""); held > 0 && len(open) > 0 {
			r.note("rows of the other side were taken back later: %d. What they matched in %s counts as claims, which "+
				"they do not pay, since its map leaves open what its rows are: write rows: CLAIMS, or rows: MOVEMENTS "+
				"for a cash book, a ledger or a bank", held, strings.Join(open, ", "))
		}
	}
}

// rowNamed returns the id of the row that people call by a name: its external id, or "row 12" where it has none.
func (r *reconciliation) rowNamed(side recon.Side, name string) (int64, error) {
	s := r.left
	if side == recon.Right {
		s = r.right
	}
	found, id, named := 0, int64(0), s.reported()
	for row := range uint32(s.table.Len()) {
		if s.table.Settled(row) {
			continue
		}
		if s.table.ExternalID(row) == name || s.table.ExternalID(row) == "" && named.Label(row) == name {
			found++
			id = s.table.ID(row)
		}
	}
	switch found {
	case 0:
		return 0, fmt.Errorf("no row of the %s side is called %q", strings.ToLower(string(side)), name)
	case 1:
		return id, nil
	}
	return 0, fmt.Errorf("%d rows of the %s side are called %q: name sources of which each has its own ids",
		found, strings.ToLower(string(side)), name)
}

// run matches the rows, and lets the bridges start and end at the balances of the books: those of last period with the
// rows since, and those that the user gave.
func (r *reconciliation) run(ctx context.Context) (err error) {
	r.plan.Options.Covered = recon.Covered{
		Left: max(r.left.covered(), r.carry.AsOf()), Right: max(r.right.covered(), r.carry.AsOf()),
	}
	r.result, err = matching.Compute(r.plan, r.left.table, r.right.table, func(p engine.Progress) bool {
		r.progress.matching(p)
		return ctx.Err() == nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("matching: %w", err)
	case r.result.Stopped:
		return errStopped
	case !r.carry.First() && r.result.AsOf < r.carry.AsOf():
		r.note("the books are looked at as of %s, and last period's were as of %s: was another day meant by --as-of?",
			r.result.AsOf, r.carry.AsOf())
	}
	r.noteClaims()
	if r.result.Bridge, err = r.carry.WithEarlier(r.result.Bridge); err != nil {
		return err
	}
	for i, s := range r.sides() {
		if r.stated[i], err = s.balances.In(s.side, r.result.Bridge); err != nil {
			return usageError("%w", err)
		}
	}
	notes, err := r.carry.Start(r.result.Bridge, r.stated, [2]string{r.left.name(), r.right.name()})
	r.notes = append(r.notes, notes...)
	return err
}
