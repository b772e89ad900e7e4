package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"matcher/internal/format"
	"matcher/internal/mapping"
	"matcher/internal/recon"
	"matcher/internal/report"
)

const inspectHelp = `Show how a file is read, and why: which column is what and by which evidence (STATED by you or the format, PROVED by
arithmetic, NAMED by its words), what became of every other column, the first rows as read beside the file's own, sums,
days, balances, rows set aside or refused, and every question that is open, with its answers.

--save writes all of it as a map, for --left-map or --right-map of ` + "`matcher match`" + `: where something is open, with a
line for each answer, of which you keep one. The first 5,000 rows decide and are counted; --all reads the rest too.`

const inspectExample = `  matcher inspect bank.csv
  matcher inspect bank.csv --save map.yaml          # then keep one line of each question, and:
  matcher inspect bank.csv --map map.yaml
  matcher inspect bank.csv --answer direction=1 --all
  matcher inspect in/*.csv --json`

// inspectCommand is one call of `matcher inspect`.
type inspectCommand struct {
	mapFile, side, save string
	answers             []string
	all, json           bool
	hints               mapping.Hints
	outside
}

func newInspectCommand(o outside) *cobra.Command {
	c := inspectCommand{outside: o}
	command := &cobra.Command{
		Use: "inspect FILE…", Short: "Show how a file is read, and why", Long: inspectHelp, Example: inspectExample,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	f := command.Flags()
	f.StringVar(&c.mapFile, "map", "", "how the file is read: a YAML or JSON `FILE`; what it does not name is found")
	f.StringVar(&c.hints.As, "as", "", "read it as the known export of a `NAME` (matcher exports), or as none")
	f.StringVar(&c.side, "side", "right",
		"`SIDE` of the reconciliation: left or right, for columns of which only that decides the sign")
	f.StringArrayVar(&c.answers, "answer", nil, "answer a question: `ID=N`, the number of the answer; repeatable")
	f.StringVar(&c.save, "save", "", "write the reading and what is open as a map to a `FILE`")
	f.BoolVar(&c.all, "all", false, "read the whole file, not its first 5,000 rows")
	f.BoolVar(&c.json, "json", false, "print one JSON object")
	return command
}

// inspected is what --json prints.
type inspected struct {
	Files []*inspection `json:"files"`
}

func (c *inspectCommand) run(ctx context.Context, args []string) error {
	files, err := c.prepare(args)
	if err != nil {
		return err
	}
	result := inspected{}
	open := 0
	for _, file := range files {
		var seen *inspection
		if err := interruptible(ctx, func() (err error) {
			seen, err = c.inspect(ctx, file)
			return err
		}); err != nil {
			return err
		}
		if seen.open() {
			open++
		}
		if result.Files = append(result.Files, seen); !c.json {
			seen.print(c.stdout)
		}
	}
	if c.json {
		err = report.WriteJSON(c.stdout, result)
	} else if len(files) > 1 || result.Files[0].mapped {
		_, err = fmt.Fprintf(c.stdout, "Next   %s\n", c.next(open))
	}
	switch {
	case err != nil:
		return err
	case open == 0:
		return nil
	case len(files) == 1:
		return fmt.Errorf("%s is not read as it is: %s", files[0].path, result.Files[0].obstacle())
	}
	return fmt.Errorf("%d of %s are not read as they are", open, report.Plural(int64(len(files)), "file"))
}

// prepare reads the command line and the map.
func (c *inspectCommand) prepare(args []string) ([]inputFile, error) {
	c.hints.Answers, c.hints.Now = map[string]int{}, time.Now()
	side := map[string]recon.Side{"left": recon.Left, "right": recon.Right}[c.side]
	if side == "" {
		return nil, usageError("--side is left or right, not %q", c.side)
	}
	c.hints.Side = side
	for _, text := range c.answers {
		id, n, ok := mapping.ParseAnswer(text)
		if !ok {
			return nil, usageError("--answer %q: write ID=N, as the question prints them", text)
		}
		c.hints.Answers[strings.TrimPrefix(id, c.side+".")] = n
	}
	if err := checkExport("as", c.hints.As); err != nil {
		return nil, err
	}
	files, err := expandInputs(side, args)
	switch {
	case err != nil:
		return nil, err
	case len(files) == 0:
		return nil, usageError("name a file: matcher inspect FILE")
	case len(files) > 1 && c.save != "":
		return nil, usageError("--save writes the map of one file: inspect each by itself")
	case c.mapFile == "":
		return files, nil
	}
	data, err := readWhole(c.mapFile)
	if err != nil {
		return nil, err
	}
	fields, err := mapping.ParseFieldMap(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.mapFile, err)
	}
	c.hints.Map = &fields
	return files, nil
}

// next is the command that goes on from here.
func (c *inspectCommand) next(open int) string {
	side := c.side
	switch {
	case c.save != "" && open > 0:
		return fmt.Sprintf("keep one line of each question in %s, then: matcher inspect … --map %s", c.save, c.save)
	case c.save != "":
		return fmt.Sprintf("matcher match … --%s-map %s", side, c.save)
	case c.mapFile != "" && open == 0:
		return fmt.Sprintf("matcher match … --%s-map %s", side, c.mapFile)
	}
	return "matcher inspect … --save map.yaml"
}

// inspection is what is seen of one file.
type inspection struct {
	File      string             `json:"file"`
	Format    string             `json:"format,omitempty"`
	Found     string             `json:"found,omitempty"` // delimiter, line of the header, charset
	Export    string             `json:"knownExport,omitempty"`
	Refused   string             `json:"refused,omitempty"`
	Problems  []recon.FieldError `json:"problems,omitempty"`
	Reading   *recon.FieldMap    `json:"reading,omitempty"`
	Choices   []mapping.Choice   `json:"choices,omitempty"`
	Columns   []mapping.Fate     `json:"columns,omitempty"`
	Proof     string             `json:"proof,omitempty"`
	Notes     []string           `json:"notes,omitempty"`
	Questions []mapping.Question `json:"questions,omitempty"`
	Rows      rowCounts          `json:"rows"`
	Whole     bool               `json:"whole"` // the rows are all rows of the file
	Sums      []*currencySum     `json:"sums,omitempty"`
	From      recon.Day          `json:"firstDay,omitzero"`
	To        recon.Day          `json:"lastDay,omitzero"`
	First     []rowAsRead        `json:"firstRows,omitempty"`
	SetAside  []recon.RowError   `json:"setAside,omitempty"` // the first few
	Rejected  []recon.RowError   `json:"rejected,omitempty"`

	mapped bool // a map can be written of it, or settles what it is refused for
}

// rowCounts are rows by what they are.
type rowCounts struct {
	Read       int64 `json:"read"`
	Booked     int64 `json:"booked"`
	Pending    int64 `json:"pending"`
	SetAside   int64 `json:"setAside"`
	Rejected   int64 `json:"rejected"`
	Duplicates int64 `json:"duplicates"`
}

// currencySum is the money of one currency, by its way.
type currencySum struct {
	Currency string `json:"currency"`
	In       string `json:"in"`
	InRows   int64  `json:"inRows"`
	Out      string `json:"out"`
	OutRows  int64  `json:"outRows"`
	in, out  recon.Total
}

// rowAsRead is a row as the file has it and as it is read.
type rowAsRead struct {
	Line   int                `json:"line"`
	Fields []string           `json:"fields"`
	Read   *recon.Transaction `json:"read,omitempty"`
	Not    string             `json:"notRead,omitempty"` // why
	row    int
}

const (
	inspectRowsShown   = 5
	inspectFaultsShown = 3
)

func (s *inspection) open() bool { return s.Refused != "" || len(s.Questions) > 0 }

// obstacle is why the file is not read as it is.
func (s *inspection) obstacle() string {
	if s.Refused != "" {
		return "what is refused, and the way out, are printed"
	}
	return report.Plural(int64(len(s.Questions)), "question") + " about its money"
}

func (c *inspectCommand) inspect(ctx context.Context, file inputFile) (*inspection, error) {
	s := &inspection{File: file.path}
	body, _, err := file.open(c.stdin)
	if err != nil {
		return nil, err
	}
	if closer, ok := body.(io.Closer); ok && file.path != "-" {
		defer closer.Close()
	}
	hints := c.hints
	hints.Format = format.Options{MayBeBare: hints.Map != nil}
	reader, err := mapping.Open(body, file.path, hints)
	if err == nil {
		_, err = mapping.Settle(nil, []*mapping.Reader{reader})
	}
	if reader != nil {
		s.see(reader)
	}
	if s.mapped = reader != nil || tableOpen(err); s.mapped && c.save != "" {
		if err := writeMap(c.save, reader, err); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return s, s.refuse(err)
	}
	err = s.read(reader, func() bool { return c.all && ctx.Err() == nil || s.Rows.Read < mapping.SampleRows })
	if len(s.Questions) > 0 && recon.CodeOf(err) == recon.CodeTooManyRefused {
		err = nil // an answer may take them
	}
	return s, s.refuse(err)
}

// tableOpen reports whether a map may say where the table of a file is that was refused for having none.
func tableOpen(err error) bool {
	code := recon.CodeOf(err)
	return code == recon.CodeTwoHeaders || code == recon.CodeHeaderNotFound || code == recon.CodeUnknownCharset
}

// refuse keeps why a file is refused; errors of another kind are returned.
func (s *inspection) refuse(err error) error {
	var refused *recon.Error
	if !errors.As(err, &refused) {
		return err
	}
	s.Refused, s.Problems = strings.TrimPrefix(refused.Message, s.File+" "), refused.Fields
	return nil
}

// see keeps how a file is read.
func (s *inspection) see(r *mapping.Reader) {
	s.Format, s.Found = r.Format(), r.Found()
	fields := r.FieldMap()
	s.Reading, s.Columns = &fields, r.Fates()
	d := &r.Detection
	s.Choices, s.Proof, s.Notes, s.Questions, s.Export = d.Choices, d.Proof, d.Notes, d.Questions, d.Export
	for _, rec := range r.Sample()[:min(len(r.Sample()), inspectRowsShown)] {
		s.First = append(s.First, rowAsRead{row: rec.Row, Line: rec.Line, Fields: append([]string{}, rec.Fields...)})
	}
}

// read counts rows while more wants any.
func (s *inspection) read(r *mapping.Reader, more func() bool) error {
	sums := map[string]*currencySum{}
	var waiting mapping.Waiting // pending rows, until no later row can take their place
	err := r.Read(&mapping.Identities{}, func(row *mapping.Row) error {
		if !more() {
			return io.EOF
		}
		s.Rows.Read++
		s.showFirst(row)
		for i := range row.Gone {
			if _, waits := waiting.Take("", row.Gone[i].ExternalID); waits {
				s.Rows.Duplicates++
			}
		}
		switch row.Verdict {
		case mapping.Duplicate:
			s.Rows.Duplicates++
			return nil
		case mapping.SetAside:
			s.Rows.SetAside++
			keepFirst(&s.SetAside, row.Wrong)
			return nil
		case mapping.Rejected:
			s.Rows.Rejected++
			keepFirst(&s.Rejected, row.Wrong)
			return nil
		}
		if row.Tx.BookingStatus == recon.Pending && row.Tx.ExternalID != "" {
			waiting.Hold(mapping.WaitingRow{Tx: row.Tx})
			return nil
		}
		s.count(&row.Tx, sums)
		return nil
	})
	for _, row := range waiting.Rest() {
		s.count(&row.Tx, sums)
	}
	for _, sum := range s.Sums {
		sum.In, sum.Out = sum.in.Decimal(sum.Currency), sum.out.Decimal(sum.Currency)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	s.Whole, s.Proof, s.Notes = true, r.Detection.Proof, r.Detection.Notes
	return err
}

func keepFirst(to *[]recon.RowError, faults []recon.RowError) {
	if len(*to) < inspectFaultsShown {
		*to = append(*to, faults[0])
	}
}

// showFirst adds to the file's own first rows what they are read as.
func (s *inspection) showFirst(row *mapping.Row) {
	for i := range s.First {
		first := &s.First[i]
		if first.row != row.Record.Row {
			continue
		}
		if len(row.Wrong) > 0 {
			first.Not = report.Fault(&row.Wrong[0])
			return
		}
		tx := row.Tx
		first.Read = &tx
	}
}

// count adds a row that is money to the sums and days.
func (s *inspection) count(tx *recon.Transaction, sums map[string]*currencySum) {
	if tx.BookingStatus == recon.Pending {
		s.Rows.Pending++
	} else {
		s.Rows.Booked++
	}
	sum := sums[tx.Currency]
	if sum == nil {
		sum = &currencySum{Currency: tx.Currency}
		sums[tx.Currency] = sum
		s.Sums = append(s.Sums, sum)
	}
	if tx.Amount < 0 {
		sum.out.Add(tx.Amount)
		sum.OutRows++
	} else {
		sum.in.Add(tx.Amount)
		sum.InRows++
	}
	if !s.From.Set() || tx.Date < s.From {
		s.From = tx.Date
	}
	s.To = max(s.To, tx.Date)
}
