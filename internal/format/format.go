// Package format turns the bytes of a file into records: rows of text under column names, one at a time, whatever the
// file's notation. It finds out by itself which notation, charset and delimiter a file has, gives no meaning to any
// value, and holds every input to limits, so that a hostile file costs no more memory than an honest one.
//
// A new format is one file with a decoder and one line in the table formats.
package format

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// Limits. The error names the limit that a file exceeds; none of them is met by a file that people work with.
const (
	FieldBytesMax  = 1 << 20 // one value
	RecordBytesMax = 4 << 20 // one row, however many lines it spans
	ColumnsMax     = 1_000
	NameBytesMax   = 200        // one column name
	RowsMax        = 50_000_000 // data rows in a file: 4 GB at 80 bytes each
	headBytes      = 128 << 10  // what detection may look at
	depthMax       = 32         // of nested JSON
)

// Options overrule detection; the zero value detects everything.
type Options struct {
	Format      string              // "csv", "json" or "ndjson"
	Delimiter   byte                // of a csv; any ASCII character but a quote or a line break
	Charset     string              // one of Charsets
	Header      int                 // the line of a csv that names its columns, from 1; 0: found
	RowsMax     int                 // lower than the constant
	ReportsBook bool                // what bank reports and advices have is booked: no statement follows
	Fixed       []recon.FixedColumn // columns in places that a map states; nil: the text shows its columns
	MayBeBare   bool                // column names without rows are no error: the caller knows what they mean

	// Names reports whether a column of this name is known, in some language; nil: no name is.
	Names func(name string) bool
	// Known reports whether names are the header of a file that is known; nil: none is.
	Known func(names []string) bool

	// Spool copies what is left of an input that can only be read once, for a format that reads by offset; nil copies
	// it to memory. The copy is the caller's to remove.
	Spool func(io.Reader) (io.ReaderAt, int64, error)
}

// Names of the formats.
const (
	MT940   = "mt940"
	BAI2    = "bai2"
	CAMT    = "camt"
	OFX     = "ofx"
	QIF     = "qif"
	XLSX    = "xlsx"
	ODS     = "ods"
	SheetML = "spreadsheetml"
	HTML    = "html"
	CNAB240 = "cnab240"
	CNAB400 = "cnab400"
	XML     = "xml"
	NACHA   = "nacha"
	CSV     = "csv"
	JSON    = "json"
	NDJSON  = "ndjson"

	FixedText = "fixed" // columns in places that a map states
)

// decoder reads the records of one format. next fills Line, Header and Fields; it returns io.EOF at the end, a
// *recon.RowError for a row that cannot be read (the stream goes on), a *recon.Error when the rest cannot be read.
type decoder interface {
	next(rec *recon.Record) error
}

// mappedDecoder is a decoder whose format defines what its fields mean: nothing is detected, unless the map lacks the
// date, which then is detected with all else that it lacks.
type mappedDecoder interface {
	decoder
	fieldMap() recon.FieldMap
}

// statementDecoder is a decoder whose files hold more than rows: account, period and balances.
type statementDecoder interface {
	decoder
	statements() []Statement // complete after next returned io.EOF
}

// Statement holds the facts of one account in a file. What the file does not state is zero.
type Statement struct {
	Line     int    // on which it begins
	Account  string // IBAN or number
	Number   string // of the statement
	Currency string
	From, To recon.Day // recon.NoDay: not stated
	// Opening and Closing are balances in Currency, + is money that the account's owner has.
	Opening, Closing recon.NullMinor
	Entries          int         // that are booked
	Moved            recon.Minor // their sum
	Proved           bool        // the opening and what moved make the closing, and nothing contradicts that
	Unproved         string      // why the balances were not compared with the movements
	Report           bool        // it is a report or an advice: what it states of the day may change
	Faults           []string    // predicates: why the statement's own figures contradict each other
	Notes            []string    // predicates: what else there is to know of it

	rows     int // that were given, pending ones too
	digest   uint64
	reversed recon.Minor // of what moved, by entries marked as reversals
}

// notation is one line of the table of formats.
type notation struct {
	name      string
	recognise func(in *input) bool                     // by the first bytes, and then by the file's name
	open      func(in *input) (decoder, string, error) // with what it found out, for people
}

// formats is asked in this order: the first that recognises a file reads it. Formats that look at bytes come before
// those that look at text, and csv takes whatever text is left.
var formats = []notation{
	{XLSX, func(in *input) bool { return in.zip != nil && !in.ods }, openXLSX},
	{ODS, func(in *input) bool { return in.ods }, openODS},
	{MT940, func(in *input) bool { return looksMT940(in.head()) }, openMT940},
	{BAI2, func(in *input) bool { return looksBAI2(in.head()) }, openBAI2},
	{NACHA, func(in *input) bool { return looksNACHA(in.head()) }, openNACHA},
	{CNAB240, func(in *input) bool { return looksCNAB240(in.head()) }, openCNAB240},
	{CNAB400, func(in *input) bool { return looksCNAB400(in.head()) }, openCNAB400},
	{CAMT, func(in *input) bool { return looksCAMT(in.head()) }, openCAMT},
	{OFX, func(in *input) bool { return looksOFX(in.head()) }, openOFX},
	{QIF, func(in *input) bool { return looksQIF(in.head()) }, openQIF},
	{SheetML, func(in *input) bool { return looksSheetML(in.head()) }, openSheetML},
	{HTML, func(in *input) bool { return looksHTML(in.head()) }, openHTML},
	{XML, func(in *input) bool { return looksXML(in.head()) }, openXML},
	{NDJSON, func(in *input) bool { return looksNDJSON(in.head()) }, openNDJSON},
	{JSON, func(in *input) bool { return looksJSON(in.head()) || in.named(".json", ".ndjson", ".jsonl") }, openJSON},
	{CSV, func(in *input) bool { return in.head() != nil }, openCSV},
}

// Reader gives the records of one file in order.
type Reader struct {
	name    string
	format  string
	found   string
	rows    decoder
	rec     recon.Record // what next fills, kept here so that it costs no allocation a row
	row     int
	rowsMax int
	peeked  []peeked
	bytes   *counter
	charset string
	guessed bool // charset is the likeliest one, neither declared nor proved by the bytes
}

type peeked struct {
	rec recon.Record
	err error
}

// Open detects what r holds, by content and then by name, and reads up to its first row. The name is only used for
// its extension and in messages. Its errors are *recon.Error and name the way out.
func Open(r io.Reader, name string, opt Options) (*Reader, error) {
	in, err := newInput(r, name, opt)
	if err != nil {
		return nil, aboutFile(name, err)
	}
	if in, err = in.unpacked(); err != nil {
		return nil, aboutFile(name, err)
	}
	unpacked := in.label != name
	name = in.label
	chosen, err := choose(in)
	if err != nil {
		return nil, aboutFile(name, err)
	}
	rows, found, err := chosen.open(in)
	if err != nil {
		return nil, aboutFile(name, err)
	}
	if in.charset != "" && in.charset != "utf-8" {
		found += ", " + in.charset
	}
	if unpacked {
		found += ", " + name
	}
	reader := &Reader{
		name: name, format: chosen.name, rows: rows, bytes: in.bytes, rowsMax: RowsMax, found: found,
		charset: in.charset, guessed: in.guessed,
	}
	if opt.RowsMax > 0 {
		reader.rowsMax = min(opt.RowsMax, RowsMax)
	}
	return reader, reader.demandRow(opt.MayBeBare)
}

// choose finds the line of formats that reads this file.
func choose(in *input) (*notation, error) {
	if in.opt.Fixed != nil {
		return &notation{name: FixedText, open: openFixedText}, nil
	}
	names := make([]string, len(formats))
	for i := range formats {
		names[i] = formats[i].name
		if wanted := in.opt.Format; wanted == "" && formats[i].recognise(in) || strings.EqualFold(wanted, names[i]) {
			return &formats[i], nil
		}
	}
	if in.opt.Format != "" {
		slices.Sort(names)
		return nil, recon.Unprocessable(recon.CodeUnknownFormat,
			fmt.Sprintf("there is no format %q; there are %s", in.opt.Format, strings.Join(names, ", ")))
	}
	_, err := in.text()
	return nil, err
}

// demandRow refuses a file without a single row, unless what its rows would mean is known.
func (r *Reader) demandRow(mayBeBare bool) error {
	_, err := r.Peek(1)
	if err != nil || len(r.peeked) == 0 || !errors.Is(r.peeked[0].err, io.EOF) {
		return err
	}
	_, mapped := r.rows.(mappedDecoder)
	reason := "holds no rows: its list is empty"
	if len(r.Header()) > 0 {
		mapped = mapped || mayBeBare
		reason = "has column names but no rows below them"
	}
	if mapped {
		return nil
	}
	return aboutFile(r.name, recon.Unprocessable(recon.CodeNoRows, reason))
}

// FieldMap returns what the fields mean where the format defines it.
func (r *Reader) FieldMap() (fields recon.FieldMap, defined bool) {
	if d, ok := r.rows.(mappedDecoder); ok {
		return d.fieldMap(), true
	}
	return recon.FieldMap{}, false
}

// Statements returns the facts of the accounts in the file. It is complete after Next returned io.EOF.
func (r *Reader) Statements() []Statement {
	if d, ok := r.rows.(statementDecoder); ok {
		return d.statements()
	}
	return nil
}

// Preamble returns the first lines above the header of a table, which are no rows.
func (r *Reader) Preamble() []recon.Record {
	if d, ok := r.rows.(interface{ preamble() []recon.Record }); ok {
		return d.preamble()
	}
	return nil
}

// Format is the name of the format in use, and Found describes what else was detected ("delimiter ;, header on line
// 5").
func (r *Reader) Format() string { return r.format }

// Found describes what detection saw, for people: delimiter, header line, charset.
func (r *Reader) Found() string { return r.found }

// Charset is the charset that a text is read in, and whether it was guessed: neither declared nor proved by the bytes.
func (r *Reader) Charset() (name string, guessed bool) { return r.charset, r.guessed }

// Bytes is how much of the input has been read, for progress. It is safe for concurrent use.
func (r *Reader) Bytes() int64 { return r.bytes.n.Load() }

// RowsIn estimates how many rows an input of so many bytes has, by the texts of the rows that were peeked at. It adds a
// sixteenth, since room that is a little short is all copied. It returns 0 for a file that is not delimited text: there
// rows are longer than their texts.
func (r *Reader) RowsIn(bytes int64) int {
	const delimiter = 1
	texts := int64(0)
	for i := range r.peeked {
		for _, field := range r.peeked[i].rec.Fields {
			texts += int64(len(field)) + delimiter
		}
	}
	if texts == 0 || r.format != CSV {
		return 0
	}
	return min(int(bytes*int64(len(r.peeked))/texts*17/16), r.rowsMax)
}

// Header is the column names known so far. JSON may add some at the end; records carry the header they were read with.
func (r *Reader) Header() []string {
	for _, p := range slices.Backward(r.peeked) {
		if p.rec.Header != nil {
			return p.rec.Header
		}
	}
	return r.rec.Header
}

// Peek reads up to n rows ahead and returns copies of the good ones; Next gives them all again. It fails only where
// nothing more can be read.
func (r *Reader) Peek(n int) ([]recon.Record, error) {
	for len(r.peeked) < n && !r.ended() {
		rec, err := r.read()
		r.peeked = append(r.peeked, peeked{rec.Clone(), err})
	}
	var good []recon.Record
	for _, p := range r.peeked[:min(n, len(r.peeked))] {
		var fatal *recon.Error
		switch {
		case p.err == nil:
			good = append(good, p.rec)
		case errors.As(p.err, &fatal):
			return good, fatal
		}
	}
	return good, nil
}

func (r *Reader) ended() bool {
	if len(r.peeked) == 0 {
		return false
	}
	var row *recon.RowError
	last := r.peeked[len(r.peeked)-1].err
	return last != nil && !errors.As(last, &row)
}

// Next is the next record. Its Fields are reused by the following call (Clone keeps them). The error is io.EOF at the
// end; a *recon.RowError for a row that cannot be read, after which the next call goes on; else a *recon.Error.
func (r *Reader) Next() (recon.Record, error) {
	if len(r.peeked) == 0 {
		return r.read()
	}
	first := r.peeked[0]
	if !(len(r.peeked) == 1 && r.ended()) { // the end is returned as often as it is asked for
		r.peeked = r.peeked[1:]
	}
	return first.rec, first.err
}

func (r *Reader) read() (recon.Record, error) {
	r.rec = recon.Record{}
	err := r.rows.next(&r.rec)
	if err == nil && r.row < r.rowsMax {
		r.row++
		r.rec.Row = r.row
		return r.rec, nil
	}
	return r.rec, r.problem(err)
}

// problem returns what ended the stream, or what is wrong with one row, which then has its number too.
func (r *Reader) problem(err error) error {
	var fatal *recon.Error
	var row *recon.RowError
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.As(err, &fatal):
		return aboutFile(r.name, fatal)
	case r.row >= r.rowsMax:
		return aboutFile(r.name, recon.TooLarge(recon.CodeTooManyRows, "has more than %d rows: split it", r.rowsMax))
	case errors.As(err, &row):
		r.row++
		r.rec.Row, row.Row = r.row, r.row
		return row
	}
	return aboutFile(r.name, err)
}

// aboutFile puts the file's name before a message: messages of this package are predicates ("is empty").
func aboutFile(name string, err error) error {
	var e *recon.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if name == "" || name == "-" {
		name = "the input"
	}
	named := *e
	named.Message = path.Base(name) + " " + e.Message
	return &named
}
