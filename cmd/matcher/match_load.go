package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/format"
	"matcher/internal/mapping"
	"matcher/internal/recon"
	"matcher/internal/report"
)

const (
	sampleRows  = 5000    // what detection looks at
	rejectsMax  = 100_000 // kept for rejected.csv; more are only counted
	observeRows = 1 << 14 // between two words on progress
)

// matchSide is one side of the reconciliation: its files, and the table that the engine works on.
type matchSide struct {
	side    recon.Side
	setup   recon.SetupSide
	files   []*matchFile
	carried []carriedRow // of last period
	table   *engine.Table

	held      map[heldKey]heldRow // pending rows that a booked one may replace, until all files are read
	heldOrder []heldKey
	replaced  map[int64]int64 // by the ids of pending rows that were carried: those of their booked ones

	balance map[string]string // closing balances by currency; "" is the only currency
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

// matchFile is one file on its way in.
type matchFile struct {
	inputFile
	closer      io.Closer
	size        int64
	reader      *format.Reader
	sample      []recon.Record
	fieldMap    recon.FieldMap
	before      *carriedMap // how last period read its source, where nobody says otherwise
	found       string      // what detection saw in the columns, "" where a map was given
	reversed    string      // why the signs were turned round
	notes       []string
	negateFound bool // of the map, before flags and signs turned it round
	mapper      *mapping.Mapper
	rows        rowStore
	rowsRead    int64
	rejected    int64
	rejects     []recon.RowError
	repeats     int64
}

// begin opens a file and settles how its columns are read.
func (f *matchFile) begin(m *match, side *matchSide) error {
	body, size, err := f.open(m.stdin)
	if err != nil {
		return err
	}
	f.closer, f.size = body, size
	options := format.Options{MayBeBare: side.setup.Map != nil || f.before != nil}
	if f.body != nil {
		options.Format, options.Delimiter = format.CSV, ','
	}
	if f.reader, err = format.Open(body, f.path, options); err != nil {
		return f.about(err)
	}
	if f.sample, err = f.reader.Peek(sampleRows); err != nil {
		return f.about(err)
	}
	if len(f.sample) == 0 {
		if err := f.nothingReadable(); err != nil {
			return err
		}
	}
	return f.settleMap(m, side)
}

// nothingReadable says why no row of the sample could be read; nil where the file ends behind its column names, which only
// a file may do whose map is known.
func (f *matchFile) nothingReadable() error {
	_, err := f.reader.Next()
	var first *recon.RowError
	switch {
	case errors.Is(err, io.EOF):
		f.notes = append(f.notes, "holds no rows")
		return nil
	case errors.As(err, &first):
		return fmt.Errorf("no row of %s can be read, the first one because of line %d: %s", f.path, first.Line, report.Fault(first))
	}
	return f.about(err)
}

func (f *matchFile) settleMap(m *match, side *matchSide) error {
	if f.asBefore(m) {
		return nil
	}
	given := recon.FieldMap{}
	if side.setup.Map != nil {
		given = *side.setup.Map
	}
	if len(f.sample) == 0 {
		f.fieldMap, f.found = given, "by its map"
	} else if err := f.detect(side, given); err != nil {
		return err
	}
	f.negateFound = f.fieldMap.Negate
	if !f.fieldMap.Has(recon.FieldCurrency) && side.setup.Currency != "" {
		f.fieldMap = withField(f.fieldMap, recon.FieldCurrency, recon.MapField{Constant: side.setup.Currency})
	}
	return nil
}

func (f *matchFile) detect(side *matchSide, given recon.FieldMap) error {
	fieldMap, detection, err := mapping.Detect(f.reader.Header(), f.sample, given)
	if err != nil {
		return f.undetected(err, side.setup.Map != nil)
	}
	f.fieldMap, f.found, f.notes = fieldMap, detection.String(), detection.Notes
	if side.setup.Map != nil {
		f.found = strings.TrimSpace("by its map " + f.found)
	} else if side.side == recon.Left && f.inDebitAndCredit() {
		f.fieldMap.Negate = true // in the books a debit of cash is money to us; on a statement a credit is
	}
	return nil
}

// asBefore lets a file be read as last period's of its source was, where its columns allow it: signs, dates and decimals
// detected anew might come out otherwise, and the rows of two months would not go together. A flag that turns the side
// round counts from what was detected then, so that the same command does the same every month.
func (f *matchFile) asBefore(m *match) bool {
	if f.before == nil {
		return false
	}
	if _, problems := mapping.Compile(f.before.fieldMap, f.reader.Header()); len(problems) > 0 {
		f.before = nil
		return false
	}
	f.fieldMap, f.found = f.before.fieldMap, "as last period"
	f.negateFound = f.fieldMap.Negate != f.before.flipped
	if f.side == recon.Left && m.opt.leftNegate || f.side == recon.Right && m.opt.rightNegate {
		f.fieldMap.Negate = f.negateFound
	}
	return true
}

// undetected adds the way out to what detection left open, or what a given map did.
func (f *matchFile) undetected(err error, given bool) error {
	if recon.CodeOf(err) != "NOT_DETECTED" {
		return f.about(err)
	}
	flag := "--" + strings.ToLower(string(f.side)) + "-map"
	if given {
		return fmt.Errorf("%w\nCorrect the map that was given, by %s or in the setup", f.about(err), flag)
	}
	return fmt.Errorf("%w\nWrite what is missing into a file such as map.yaml, a line each (dateFormat: DD/MM/YYYY, decimal: \",\", amount: <column>), and give it with %s map.yaml",
		f.about(err), flag)
}

func withField(m recon.FieldMap, name string, field recon.MapField) recon.FieldMap {
	fields := make(map[string]recon.MapField, len(m.Fields)+1)
	maps.Copy(fields, m.Fields)
	fields[name] = field
	m.Fields = fields
	return m
}

// compile makes the mapper once the map is final.
func (f *matchFile) compile() error {
	mapper, problems := mapping.Compile(f.fieldMap, f.reader.Header())
	if len(problems) > 0 {
		return f.about(recon.Unprocessable("FIELD_MAP_INVALID", "the field map does not fit this file", problems...))
	}
	f.mapper = mapper
	return nil
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

// readAs says in a line how the file was read.
func (f *matchFile) readAs() string {
	parts := make([]string, 0, 3)
	for _, part := range []string{f.found, f.reader.Found(), f.reversed} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}

// load reads every file of a side into its table. Rows that a source delivers again are kept once.
func (s *matchSide) load(ctx context.Context, m *match) error {
	identities := map[string]*mapping.Identities{}
	if err := s.loadCarried(m.carry, identities); err != nil {
		return err
	}
	for position, f := range s.files {
		if identities[f.source] == nil {
			identities[f.source] = &mapping.Identities{}
		} else {
			identities[f.source].NextFile()
		}
		l := sideLoader{m: m, side: s, file: f, position: position, identities: identities[f.source]}
		l.mapper, _ = mapping.Compile(f.fieldMap, f.reader.Header())
		l.mapper.KeepMetadata(metadataColumns(m.plan.Fields(s.side))...)
		if err := l.run(ctx); err != nil {
			return f.about(err)
		}
		if err := f.someRead(); err != nil {
			return err
		}
	}
	return s.addPending()
}

// heldRow is a pending row that waits for the end of its side: a booked row of its id may replace it.
type heldRow struct {
	tx   recon.Transaction
	id   int64
	file *matchFile // nil: it is carried
}

// heldKey names a row within its side.
type heldKey struct{ source, externalID string }

// addPending takes in the pending rows that nothing replaced, and counts what the files had.
func (s *matchSide) addPending() error {
	for _, key := range s.heldOrder {
		row, waits := s.held[key]
		if !waits {
			continue
		}
		delete(s.held, key)
		add := s.table.Add
		if row.file == nil {
			add = s.table.Carry
		}
		if err := add(&row.tx, row.id, key.source); err != nil {
			return err
		}
	}
	s.held, s.heldOrder = nil, nil
	s.table.Duplicates += int64(len(s.replaced))
	for _, f := range s.files {
		s.table.Rejected += f.rejected
		s.table.Duplicates += f.repeats
	}
	return nil
}

// hold keeps a pending row of a source back; f is nil where it is carried.
func (s *matchSide) hold(tx *recon.Transaction, id int64, source string, f *matchFile) {
	if s.held == nil {
		s.held = map[heldKey]heldRow{}
	}
	key := heldKey{source, tx.ExternalID}
	row := heldRow{*tx, id, f}
	row.tx.Metadata = slices.Clone(tx.Metadata)
	s.held[key], s.heldOrder = row, append(s.heldOrder, key)
}

// replace drops the pending row whose booked one came as id. It counts as a duplicate of its file; one that is carried has
// none in this period.
func (s *matchSide) replace(key heldKey, id int64) {
	row := s.held[key]
	delete(s.held, key)
	if row.file != nil {
		row.file.repeats++
		return
	}
	if s.replaced == nil {
		s.replaced = map[int64]int64{}
	}
	s.replaced[row.id] = id
}

// someRead refuses a file of which no row could be read: its map is wrong, or it is another file than was meant.
func (f *matchFile) someRead() error {
	if f.rejected < f.rowsRead || f.rowsRead == 0 {
		return nil
	}
	first := f.rejects[0]
	return fmt.Errorf("none of the %s rows of %s can be read, the first one because of line %d: %s", report.Grouped(f.rowsRead), f.path, first.Line, report.Fault(&first))
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

type sideLoader struct {
	m          *match
	side       *matchSide
	file       *matchFile
	position   int
	mapper     *mapping.Mapper // keeps only the metadata that the rules read
	identities *mapping.Identities
}

func (l *sideLoader) run(ctx context.Context) error {
	f := l.file
	defer f.closer.Close()
	f.sample = nil
	for {
		record, err := f.reader.Next()
		var wrong *recon.RowError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &wrong):
			f.rowsRead++
			l.reject(*wrong)
		case err != nil:
			return err
		default:
			f.rowsRead++
			if err := l.row(record); err != nil {
				return err
			}
		}
		if f.rowsRead%observeRows == 0 {
			if ctx.Err() != nil {
				return errStopped
			}
			l.m.progress.reading(f.path, f.reader.Bytes(), f.size, f.rowsRead)
		}
	}
}

func (l *sideLoader) row(record recon.Record) error {
	l.file.rows.add(record)
	tx, wrong := l.mapper.Map(record)
	if len(wrong) > 0 {
		l.reject(wrong...)
		return nil
	}
	id := rowID(l.position, tx.Row)
	verdict, conflict := l.identities.Admit(&tx)
	switch verdict {
	case mapping.Duplicate:
		l.file.repeats++
		return nil
	case mapping.Conflicting:
		l.reject(*conflict)
		return nil
	case mapping.Replacing:
		l.side.replace(heldKey{l.file.source, tx.ExternalID}, id)
	}
	if tx.BookingStatus == recon.Pending && tx.ExternalID != "" {
		l.side.hold(&tx, id, l.file.source, l.file)
		return nil
	}
	return l.side.table.Add(&tx, id, l.file.source)
}

// reject counts one row, and keeps everything that is wrong with it.
func (l *sideLoader) reject(wrong ...recon.RowError) {
	l.file.rejected++
	if len(l.file.rejects) < rejectsMax {
		l.file.rejects = append(l.file.rejects, wrong...)
	}
}

// alignSigns joins the samples of both sides and turns one side round where the signs of nearly all joined rows differ:
// banks book from their own point of view. Where somebody decided, or the rows are too few, it only says so.
func (m *match) alignSigns() {
	evidence := mapping.CompareSigns(joinSamples(m.left, m.right))
	turned, flag := m.right, "--right-negate"
	if !slices.ContainsFunc(m.left.files, func(f *matchFile) bool { return !f.inDebitAndCredit() }) {
		turned, flag = m.left, "--left-negate" // its sign was a guess; the right one may be written down
	}
	asBefore := func(f *matchFile) bool { return f.before != nil }
	decided := slices.ContainsFunc(m.left.files, asBefore) || slices.ContainsFunc(m.right.files, asBefore) || m.left.setup.Map != nil || m.right.setup.Map != nil || m.opt.leftNegate || m.opt.rightNegate
	if decided || !evidence.Reversed() {
		if evidence.Suspect() {
			m.note("%d of %d rows with a common reference have opposite signs: if one file is written from the other side's point of view, use %s",
				evidence.Opposite, evidence.Joined, flag)
		}
		return
	}
	for _, f := range turned.files {
		f.fieldMap.Negate = !f.fieldMap.Negate
		f.reversed = fmt.Sprintf("sign opposite on %d %% of joined rows: reversed (%s)", evidence.Percent(), flag)
	}
}

// inDebitAndCredit says whether the file tells the sign of an amount by its column; which of them is money to us is a
// convention.
func (f *matchFile) inDebitAndCredit() bool {
	return f.fieldMap.Has(recon.FieldDebit) || f.fieldMap.Has(recon.FieldCredit)
}

// joinSamples pairs rows of the samples by reference, as far as a reference is unique on its side.
func joinSamples(left, right *matchSide) []mapping.SignPair {
	amounts := sampleAmounts(left)
	var pairs []mapping.SignPair
	for reference, of := range sampleAmounts(right) {
		if other, joined := amounts[reference]; joined && len(of) == 1 && len(other) == 1 {
			pairs = append(pairs, mapping.SignPair{Left: other[0], Right: of[0]})
		}
	}
	return pairs
}

func sampleAmounts(s *matchSide) map[string][]recon.Minor {
	amounts := map[string][]recon.Minor{}
	for _, f := range s.files {
		mapper, problems := mapping.Compile(f.fieldMap, f.reader.Header())
		if len(problems) > 0 {
			continue // compile tells
		}
		for _, record := range f.sample {
			if tx, wrong := mapper.Map(record); len(wrong) == 0 && tx.Reference != "" {
				amounts[tx.Reference] = append(amounts[tx.Reference], tx.Amount)
			}
		}
	}
	return amounts
}

// singleCurrency is the one currency that all samples of a side are in, "" when there are several or none.
func singleCurrency(s *matchSide) string {
	single := ""
	for _, f := range s.files {
		of := singleCurrencyOf(f)
		if of == "" || of == recon.NoCurrency || single != "" && single != of {
			return ""
		}
		single = of
	}
	return single
}

// singleCurrencyOf is the one currency of a file's sample; NoCurrency where it names none.
func singleCurrencyOf(f *matchFile) string {
	mapper, problems := mapping.Compile(f.fieldMap, f.reader.Header())
	if len(problems) > 0 {
		return ""
	}
	single := ""
	for _, record := range f.sample {
		tx, wrong := mapper.Map(record)
		if len(wrong) > 0 {
			continue
		}
		if single != "" && single != tx.Currency {
			return ""
		}
		single = tx.Currency
	}
	return single
}
