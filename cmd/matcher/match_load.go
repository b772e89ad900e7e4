package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"matcher/internal/engine"
	"matcher/internal/format"
	"matcher/internal/mapping"
	"matcher/internal/period"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

const (
	rejectsMax  = 100_000 // kept for rejected.csv; more are only counted
	observeRows = 1 << 14 // between two updates of the progress
)

// matchSide is one side of the reconciliation: its files, and the table that the engine works on.
type matchSide struct {
	side  recon.Side
	setup setup.Side
	files []*matchFile
	table *engine.Table

	invert  bool           // --left-negate or --right-negate
	as      string         // --left-as or --right-as
	answers map[string]int // of --answer, by question

	maxRejected *int64        // of each file
	carry       *period.Carry // what last period left

	parts    sideParts
	waiting  mapping.Waiting // pending rows that a booked one may replace, until all files are read
	replaced map[int64]int64 // by the ids of pending rows that were carried: those of their booked ones

	withdrawn int64 // pending rows that were carried, and never became money

	balances period.Balances
}

// name is what the side is called in sentences: its source, where all its files have one.
func (s *matchSide) name() string {
	for _, f := range s.files[1:] {
		if f.source != s.files[0].source {
			return fmt.Sprintf("%s and %d more", s.files[0].source, len(s.files)-1)
		}
	}
	return s.files[0].source
}

// readers are the readers of the side's files.
func (s *matchSide) readers() []*mapping.Reader {
	readers := make([]*mapping.Reader, len(s.files))
	for i, f := range s.files {
		readers[i] = f.reader
	}
	return readers
}

// expectedRows is about how many rows files have: a table with room for them is not copied as it grows.
func expectedRows(files []*matchFile) (rows int) {
	for _, f := range files {
		rows += cap(f.rows.places)
	}
	return rows
}

// matchFile is one file on its way in.
type matchFile struct {
	inputFile
	how      setup.Side // it is read, by the setup
	bytes    io.Reader
	size     int64
	before   *mapping.Earlier // how last period read its source, where the user gave no map
	reader   *mapping.Reader
	refused  error  // why its columns are not read, where a reader found some
	byCount  bool   // equal rows of other statements are the same, as often as one file has them
	inverted string // why AlignSigns inverted its signs
	rows     rowStore
	rowsRead int64
	rejected int64
	setAside int64
	rejects  []recon.RowError
	aside    []recon.RowError // rows that are no movement of money
	repeats  int64
	changed  int64            // of them, with another text or balance
	replaced int64            // of them, pending rows that others took the place of
	known    int64            // of them, rows without an id that an earlier file has
	split    int64            // of them, entries whose parts another file has
	differ   []string         // entries that their parts do not make
	repeated []recon.RowError // changed, replaced, known and split ones
}

// begin opens the file and settles how its columns are read.
func (f *matchFile) begin(side *matchSide, stdin io.Reader) error {
	body, size, err := f.open(stdin)
	if err != nil {
		return err
	}
	f.bytes, f.size = body, size
	hints := mapping.Hints{
		Side: f.side, Map: f.how.Map, Earlier: f.before, Currency: f.how.Currency, Answers: side.answers,
		MaxRejected: cmp.Or(side.maxRejected, f.how.MaxRejected),
		Invert:      side.invert, Now: time.Now(), ByBalance: f.byCount,
		Format: format.Options{MayBeBare: f.how.Map != nil || f.before != nil},
	}
	hints.As = side.as
	if f.body != nil {
		hints.Format.Format, hints.Format.Delimiter = format.CSV, ','
	}
	if f.reader, err = mapping.Open(body, f.path, hints); err == nil {
		f.rows.places = make([]rowPlace, 0, f.reader.RowsIn(size))
		return nil
	}
	f.refused = err
	code, err := recon.CodeOf(err), f.about(err)
	flag := "--" + strings.ToLower(string(f.side)) + "-map"
	switch {
	case code != recon.CodeNotDetected && code != recon.CodeFieldMapInvalid:
		return err
	case f.how.Map != nil:
		return fmt.Errorf("%w\nCorrect the map that was given, by %s or in the setup", err, flag)
	}
	return fmt.Errorf("%w\nNext   matcher inspect %s --side %s --save map.yaml   shows what was found and writes it, "+
		"with a line for each answer: keep one of each, and give it with %s map.yaml", err, f.path,
		strings.ToLower(string(f.side)), flag)
}

// about names the file in an error, by its whole path: two folders may hold files of one name.
func (f *matchFile) about(err error) error {
	text, base := err.Error(), filepath.Base(f.path)
	switch {
	case f.path == "-" || strings.HasPrefix(text, f.path):
		return err
	case strings.HasPrefix(text, base+" "):
		return fmt.Errorf("%s%w", strings.TrimSuffix(f.path, base), err)
	}
	return fmt.Errorf("%s: %w", f.path, err)
}

// readAs describes in a line how the file was read.
func (f *matchFile) readAs() string {
	if f.inverted == "" {
		return f.reader.ReadAs()
	}
	return f.reader.ReadAs() + " · " + f.inverted
}

// load reads every file of a side into its table. Rows that a source delivers again are kept once.
func (s *matchSide) load(ctx context.Context, kept []string, progress *progress) error {
	identities := map[string]*mapping.Identities{}
	if err := s.loadCarried(identities); err != nil {
		return err
	}
	for _, position := range s.readingOrder() {
		f := s.files[position]
		if identities[f.source] == nil {
			identities[f.source] = &mapping.Identities{}
		} else {
			identities[f.source].NextFile()
		}
		f.reader.KeepMetadata(kept...)
		err := f.reader.Read(identities[f.source], func(row *mapping.Row) error {
			if f.rowsRead++; f.rowsRead%observeRows == 0 {
				if ctx.Err() != nil {
					return errStopped
				}
				progress.reading(f.path, f.reader.Bytes(), f.size, f.rowsRead)
			}
			return s.take(row, f, position)
		})
		if file, opened := f.bytes.(io.Closer); opened && f.path != "-" {
			file.Close()
		}
		if err != nil {
			return f.about(err)
		}
	}
	return s.addPending()
}

// take puts one row of a file where it belongs.
func (s *matchSide) take(row *mapping.Row, f *matchFile, position int) error {
	if row.Record.Fields != nil {
		f.rows.add(row.Record)
	}
	id := rowID(position, row.Record.Row)
	for i := range row.Gone {
		s.replace(f.source, &row.Gone[i], row, id)
	}
	switch row.Verdict {
	case mapping.Duplicate:
		f.repeat(row.Wrong...)
		return nil
	case mapping.SetAside:
		f.setAside++
		if len(f.aside) < rejectsMax {
			f.aside = append(f.aside, row.Wrong...)
		}
		return nil
	case mapping.Rejected:
		f.rejected++
		if len(f.rejects) < rejectsMax { // of the last row, everything that is wrong with it
			f.rejects = append(f.rejects, row.Wrong...)
		}
		return nil
	case mapping.Fresh, mapping.Replacing:
	}
	if row.Tx.BookingStatus == recon.Pending && row.Tx.ExternalID != "" {
		if part := format.PartOf(row.Record); part.At > 0 {
			s.parts.wait(part, row, f.source)
		}
		s.waiting.Hold(mapping.WaitingRow{Tx: row.Tx, ID: id, Source: f.source})
		return nil
	}
	if booked, err := s.book(row, f); booked || err != nil {
		return err
	}
	return s.table.Add(&row.Tx, id, f.source)
}

// replace drops a pending row that another one took the place of. It counts as a duplicate; a carried one has no file
// in this period.
func (s *matchSide) replace(source string, gone *mapping.Gone, by *mapping.Row, id int64) {
	row, waits := s.waiting.Take(source, gone.ExternalID)
	switch {
	case !waits: // it comes later
	case !row.Carried:
		s.files[row.ID>>fileShift].repeat(gone.Repeat(&by.Tx))
	case by.Verdict == mapping.SetAside:
		s.withdrawn++
	default:
		if s.replaced == nil {
			s.replaced = map[int64]int64{}
		}
		s.replaced[row.ID] = id
	}
}

// repeat counts a duplicate, and lists it where it is not letter for letter what came before.
func (f *matchFile) repeat(why ...recon.RowError) {
	f.repeats++
	for _, e := range why {
		switch e.Code {
		case recon.CodeRowChanged:
			f.changed++
		case recon.CodeRowKnown:
			f.known++
		default:
			f.replaced++
		}
		f.keepRepeated(e)
	}
}

func (f *matchFile) keepRepeated(e recon.RowError) {
	if len(f.repeated) < rejectsMax {
		f.repeated = append(f.repeated, e)
	}
}

// addPending adds the pending rows that nothing replaced, and the counts of the files.
func (s *matchSide) addPending() error {
	s.leaveParts()
	for _, row := range s.waiting.Rest() {
		add := s.table.Add
		if row.Carried {
			add = s.table.Carry
		}
		if err := add(&row.Tx, row.ID, row.Source); err != nil {
			return err
		}
	}
	s.waiting = mapping.Waiting{}
	s.table.Duplicates += int64(len(s.replaced)) + s.withdrawn
	for _, f := range s.files {
		s.table.Rejected += f.rejected
		s.table.SetAside += f.setAside
		s.table.Duplicates += f.repeats
	}
	return nil
}

func metadataColumns(fields []string) []string {
	var columns []string
	for _, field := range fields {
		if column, ok := strings.CutPrefix(field, recon.MetadataPrefix); ok {
			columns = append(columns, column)
		}
	}
	return columns
}
