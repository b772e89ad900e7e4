package mapping

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"matcher/internal/format"
	"matcher/internal/recon"
)

// SampleRows is how many rows of a file decide what its columns mean, for every caller alike: a file means the same to
// the command and to the service.
const SampleRows = 5000

// Hints are what a caller knows of a file before it is read. The zero value detects everything.
type Hints struct {
	Side    recon.Side
	Map     *recon.FieldMap // as the user wrote it; it beats the format's own map and detection
	As      string          // the known export that the file is, or NoExport; "" recognises it by its columns
	Earlier *Earlier        // how the file's source was read before, with the same Map; used where the columns allow it
	// refused rows that are tolerated; nil: 1 % and at least one, none where balances prove the file
	MaxRejected *int64
	Answers     map[string]int // to questions, by id: the number of the answer, counted from 1
	Currency    string         // of rows whose file names none
	Account     string         // that is read, of a statement file with several
	ByBalance   bool           // the numbers of two statements do not make equal rows of them two
	TimeZone    string         // of a map that names none
	Now         time.Time      // when the file is read; zero: no date is after it
	Negate      bool           // the file counts the other way round: its + is money away from us
	Invert      bool           // inverts the signs that the file has without it
	Format      format.Options

	// Check returns what else is wrong with a row, for a caller that cannot take every text. It must be safe for
	// concurrent use.
	Check func(*recon.Transaction) []recon.RowError
	// Turn, where it is there, waits until a core is free for a batch of rows, and returns what ends that.
	Turn func() (end func())
}

// Reader reads one file: bytes in, rows out. It is the one law of what a file means, for the command and the service:
// which column is what, signs, currency, duplicates and pending rows.
type Reader struct {
	Detection Detection

	file   *format.Reader
	hints  Hints
	sample []recon.Record
	fields recon.FieldMap
	how    string  // the map was found
	export *Export // that the file is read as; nil: none
	lent   string  // the currency of the other side, for people
	mapper *Mapper
	held   []Row   // that may be among the last, which skip leaves out
	lean   *Mapper // reads with only the metadata that the caller keeps; nil: mapper does

	notes       []string  // of the bytes
	detector    *detector // nil where nothing was detected
	patch       recon.FieldMap
	asked       []string // ids of questions, answered ones too
	negateFound bool     // of the map, before Hints.Invert and Settle
	defined     bool     // the format's own map is the whole reading
	signStated  bool     // by a map, an earlier reading or Hints.Invert
	goesOn      bool     // it is read by Hints.Earlier, in whole or in part
}

// Open reads a file's beginning and settles what its columns mean. Its errors are *recon.Error and name the way out.
// With one about columns comes a Reader that has what was found: it reads no row.
func Open(body io.Reader, name string, hints Hints) (*Reader, error) {
	hints.Format.Names = isFieldName
	if hints.Map == nil && hints.As != NoExport {
		hints.Format.Known = func(names []string) bool { e, _ := recognise(names); return e != nil }
	}
	if m := hints.Map; m != nil {
		hints.Format.Header, hints.Format.ReportsBook = m.Header, m.Interim == recon.InterimBooks
		hints.Format.Fixed, hints.Format.Charset = recon.FixedColumns(m.Fixed), cmp.Or(hints.Format.Charset, m.Charset)
		if m.Delimiter != "" && hints.Format.Delimiter == 0 {
			hints.Format.Delimiter = m.Delimiter[0]
		}
	}
	file, err := format.Open(body, name, hints.Format)
	if err != nil {
		return nil, err
	}
	r := &Reader{file: file, hints: hints, Detection: Detection{Choices: []Choice{}}}
	if r.sample, err = file.Peek(SampleRows); err != nil {
		return nil, err
	}
	if hints.Map != nil && hints.Map.Skip != nil {
		rows := len(r.sample)
		if r.sample = hints.Map.Skip.Rest(r.sample, rows < SampleRows); len(r.sample) == 0 && rows > 0 {
			return nil, skipsAll(int64(rows))
		}
	}
	if len(r.sample) == 0 {
		if err := r.nothingReadable(); err != nil {
			return nil, err
		}
	}
	if err := r.settle(); err != nil {
		return r, err
	}
	return r, r.compile()
}

// nothingReadable returns why no row of the sample can be read; nil where the file ends after its column names, which
// only a file may do whose map is known.
func (r *Reader) nothingReadable() error {
	_, err := r.file.Next()
	var first *recon.RowError
	switch {
	case errors.Is(err, io.EOF):
		r.notes = append(r.notes, "holds no rows")
		r.Detection.Notes = r.notes
		return nil
	case errors.As(err, &first):
		reason := first.Reason
		if first.Field != "" {
			reason = first.Field + ": " + reason
		}
		return recon.Unprocessable(recon.CodeNoRows,
			fmt.Sprintf("no row can be read, the first one because of line %d: %s", first.Line, reason))
	}
	return err
}

// settle decides how the file is read.
func (r *Reader) settle() error {
	h := &r.hints
	r.goesOn = false
	if h.As == "" && h.Earlier != nil {
		if read, err := r.byEarlier(h.Earlier); read || err != nil {
			return err
		}
	}
	if err := r.findMap(); err != nil {
		return err
	}
	if currency, mapped := r.fields.Fields[recon.FieldCurrency]; h.Currency != "" && (!mapped ||
		currency.Default == "" && currency.Constant == "") {
		if currency.Default = h.Currency; !mapped {
			currency = recon.MapField{Constant: h.Currency}
		}
		fields := maps.Clone(r.fields.Fields)
		fields[recon.FieldCurrency] = currency
		r.fields.Fields = fields
	}
	r.negateFound = r.fields.Negate
	r.fields.Negate = r.fields.Negate != h.Invert
	return nil
}

// findMap takes the map that the format defines or that a known export has, or finds one: what the user's map and the
// answers name is kept.
func (r *Reader) findMap() error {
	own, defined := r.file.FieldMap()
	partly := defined && !own.Has(recon.FieldDate) // the rest is found
	r.how, r.export, r.defined, r.Detection = "", nil, false, Detection{Notes: r.notes}
	switch m := r.hints.Map; {
	case m == nil && partly:
		r.how = "signs as " + r.file.Format() + " defines them;"
		err := r.detect(own)
		r.askAccount()
		return err
	case m == nil && defined:
		r.how, r.signStated, r.defined = "as "+r.file.Format()+" defines it", true, true
		r.fields = own.With(r.patch)
		r.fields.TimeZone = cmp.Or(r.fields.TimeZone, r.hints.TimeZone)
		r.fields.Negate = r.fields.Negate || r.hints.Negate
		if r.hints.ByBalance && slices.Contains(r.file.Header(), format.StatementColumn) {
			r.fields.Volatile = append(slices.Clone(r.fields.Volatile), format.StatementColumn)
		}
		r.askAccount()
		return nil
	case partly:
		r.how = "by its map"
		return r.detect(own.With(*m))
	}
	known, near, err := r.known()
	switch {
	case err != nil:
		return err
	case known != nil:
		return r.byExport(known)
	case r.hints.Map != nil:
		r.how = "by its map"
		return r.detect(*r.hints.Map)
	}
	err = r.detect(recon.FieldMap{})
	if near == nil {
		return err
	}
	missing := near.lacks(r.file.Header())
	r.Detection.Notes = append(r.Detection.Notes, fmt.Sprintf("the columns are nearly those of the known export "+
		"%[1]s, but %[2]s missing: it is read by what is in it (--as %[1]s reads it as that export)", near.Name, listed(missing)))
	return err
}

// detect completes a map by the column names and rows of the file.
func (r *Reader) detect(given recon.FieldMap) error {
	given = given.With(r.patch)
	if err := r.idleSteps(given); err != nil {
		return err
	}
	given.TimeZone = cmp.Or(given.TimeZone, r.hints.TimeZone)
	given.Negate = given.Negate || r.hints.Negate
	r.signStated = r.hints.Invert || statesSign(given)
	r.fields = given
	if len(r.sample) == 0 {
		return nil
	}
	notes := r.notes
	d := newDetector(r.file.Header(), r.sample, given, r.hints.Side)
	d.signStated, d.currency, d.preamble = r.signStated, r.hints.Currency, r.file.Preamble()
	if r.export != nil {
		d.origin = "a fact of the known export " + r.export.Name
	}
	err := d.detect()
	r.detector, r.fields, r.Detection = d, d.out, d.report
	r.Detection.Notes = append(slices.Clone(notes), r.Detection.Notes...)
	return err
}

// statesSign reports whether a map decides which way the money of its rows goes.
func statesSign(m recon.FieldMap) bool {
	return m.Negate || m.Signs != "" || m.View != "" || m.Has(recon.FieldAmount) || m.Has(recon.FieldDebit) ||
		m.Has(recon.FieldCredit) || m.Has(recon.FieldDirection)
}

// finish turns what stayed open into questions.
func (r *Reader) finish() {
	if d := r.detector; d != nil {
		d.report, d.out = r.Detection, r.fields
		d.askOpen()
		r.Detection = d.report
		r.Detection.open, r.Detection.openFee, r.Detection.openNet = nil, nil, nil
		r.Detection.openUnit, r.Detection.openCard = nil, ""
	}
	if r.goesOn && len(r.sample) > 0 {
		r.compareEarlier()
	}
	r.askFuture()
}

// answer takes the answers that the caller gave to the questions of the file, and reports whether there were any.
func (r *Reader) answer() (bool, error) {
	answered := false
	for _, q := range r.Detection.Questions {
		if !slices.Contains(r.asked, q.ID) {
			r.asked = append(r.asked, q.ID)
		}
		n, given := r.hints.Answers[q.ID]
		switch {
		case !given:
			continue
		case n < 1 || n > len(q.Answers):
			return false, recon.Unprocessable(recon.CodeReadingQuestion,
				fmt.Sprintf("there is no answer %d to the question %q: %s", n, q.ID, q.String()))
		}
		r.patch = r.patch.With(q.Answers[n-1].Patch)
		answered = true
	}
	return answered, nil
}

// begin decides how the file is read by itself, with the answers that were given so far.
func (r *Reader) begin() error {
	r.lent = ""
	if err := r.settle(); err != nil {
		return err
	}
	return r.compile()
}

// Unsettled returns the questions of the file as an error, nil where there are none. It is asked after Settle or
// SettleWith.
func (r *Reader) Unsettled() error { return openQuestions(r.Detection.Questions) }

func (r *Reader) compile() error {
	mapper, problems := Compile(r.fields, r.file.Header())
	if len(problems) > 0 {
		return unfit(problems)
	}
	mapper.aside.learn(r.file.Header(), r.sample)
	mapper.today = dayOf(r.hints.Now, r.fields.TimeZone)
	r.mapper = mapper
	return nil
}

// unfit is the error for a map that does not fit a file; nil where there is no problem.
func unfit(problems []recon.FieldError) error {
	if len(problems) == 0 {
		return nil
	}
	return recon.Unprocessable(recon.CodeFieldMapInvalid, "the field map does not fit this file", problems...)
}

// FieldMap is how the file is read.
func (r *Reader) FieldMap() recon.FieldMap { return r.fields }

// ReadAs describes in a line how the file is read.
func (r *Reader) ReadAs() string {
	parts := []string{strings.TrimSpace(r.how + " " + r.Detection.String() + r.lent), r.file.Found()}
	if parts[0] == "" {
		parts = parts[1:]
	}
	return strings.TrimSuffix(strings.Join(parts, " · "), " · ")
}

// Inverted reports whether the signs are those of the file's map turned round.
func (r *Reader) Inverted() bool { return r.fields.Negate != r.negateFound }

// Empty reports whether the file has no row. It is only asked before Read.
func (r *Reader) Empty() bool { return len(r.sample) == 0 }

// Format is the name of the file's format.
func (r *Reader) Format() string { return r.file.Format() }

// Found describes the file's notation: delimiter, header line, charset.
func (r *Reader) Found() string { return r.file.Found() }

// Header is the column names known so far. JSON may add some at the end.
func (r *Reader) Header() []string { return r.file.Header() }

// Bytes is how much of the input has been read, for progress. It is safe for concurrent use.
func (r *Reader) Bytes() int64 { return r.file.Bytes() }

// RowsIn estimates how many rows a file of so many bytes has, before Read; 0: it cannot.
func (r *Reader) RowsIn(bytes int64) int { return r.file.RowsIn(bytes) }

// Map reads one record again as Read does, with all its metadata.
func (r *Reader) Map(rec recon.Record) (recon.Transaction, []recon.RowError) {
	return r.mapper.Map(rec)
}

// Statements returns the facts of the accounts in the file. It is complete once Read has returned.
func (r *Reader) Statements() []format.Statement { return r.file.Statements() }

// StatementsRead returns the statements of the account whose rows are read, all of them where no account is pinned.
func (r *Reader) StatementsRead() []format.Statement {
	only := r.fields.Fields[recon.FieldAccount].Is
	return slices.DeleteFunc(slices.Clone(r.Statements()), func(s format.Statement) bool {
		return only != "" && s.Account != only
	})
}

// Names are a record's id and reference, for rows that are no transaction because something else in them is wrong.
func (r *Reader) Names(rec recon.Record) (externalID, reference string) { return r.mapper.Names(rec) }

// KeepMetadata limits what Read gives as metadata to these columns, for callers that hold millions of rows in memory.
func (r *Reader) KeepMetadata(columns ...string) {
	r.lean, _ = Compile(r.fields, r.file.Header())
	r.lean.aside, r.lean.today = r.mapper.aside, r.mapper.today
	r.lean.KeepMetadata(columns...)
}
