// Package mapping gives meaning to the records of a file: which column is what, how its dates and amounts are written,
// and what transaction each row is. It is pure: records and a field map in, transactions or row errors out. The command
// line and the import service share it, so a file means the same to both.
package mapping

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	_ "time/tzdata" // zones must be known on machines that carry no zone files

	"matcher/internal/recon"
)

// idBytesMax bounds an external id; longer ones are text mapped by mistake.
const idBytesMax = 500

// Mapper turns records into transactions by one field map. It may be used from several goroutines at once, each with
// records of its own (Record.Clone).
type Mapper struct {
	fields  map[string]*source
	negate  bool
	unit    string // of the amounts, as FieldMap.Unit
	aside   *asides
	noID    map[int]bool // columns of ids of this row and of its pending one: they are no content
	keep    map[string]bool
	keepAll bool
	layout  atomic.Pointer[layout]

	externalID, reference, amount, debit, credit, direction, currency, date, valueDate, description, kind, status,
	gross, fee, tax, net, originalAmount, originalCurrency, balance, account, pendingOf *source

	today recon.Day // of reading; NoDay: every day has come
	ahead string    // what booked rows of later days are, as FieldMap.Future

	volatile map[int]bool // columns that change from one delivery to the next
}

// layout is the order of metadata for one width of the header: positions sorted by name.
type layout struct {
	header  []string
	byName  []int
	kept    []int
	content []int // byName without the columns of the id, the volatile ones and those that a field holds whole

	volatile []int // running balances, and what the map calls so
}

// source is where one canonical field comes from, compiled.
type source struct {
	name     string
	columns  []int
	constant string
	join     string
	steps    []step
	values   map[string]string
	dates    *dateReader
	decimal  byte // '.', ',' or 0 for amounts that can be read one way only
	negate   bool

	ifEmpty      string
	blank        func(text string) bool // texts that mean an empty cell
	other        *source                // of a date that pending rows have instead
	plus, less   []int                  // columns of an amount that is a sum
	each         []currencyColumn       // columns of one currency each
	unknownAside bool
	bySign       bool // it is that of the sign next to the amount
}

// currencyColumn is a column of amounts in one currency.
type currencyColumn struct {
	at   int
	code string
}

// Compile prepares a field map for files with this header. It returns everything that cannot work, by JSON pointer.
func Compile(fields recon.FieldMap, header []string) (*Mapper, []recon.FieldError) {
	m := &Mapper{
		fields: map[string]*source{}, negate: fields.Negate, unit: fields.Unit,
		ahead: fields.Future,
		noID:  map[int]bool{}, volatile: map[int]bool{},
		keepAll: true,
	}
	var problems []recon.FieldError
	for _, name := range recon.MappedFields {
		field, ok := fields.Fields[name]
		if !ok {
			continue
		}
		compiled, wrong := compileSource(name, field, fields, header)
		problems = append(problems, wrong...)
		m.fields[name] = compiled
	}
	for _, name := range fields.Volatile {
		at := columnAt(header, name)
		if m.volatile[at] = true; at < 0 {
			problems = append(problems, recon.FieldError{
				Pointer: "/volatile", Code: recon.CodeUnknownColumn, Message: noColumn(name, header),
			})
		}
	}
	problems = append(problems, demand(fields)...)
	aside, wrong := compileAside(fields, header)
	if problems = append(problems, wrong...); len(problems) > 0 {
		return nil, problems
	}
	m.name()
	if m.balance != nil {
		for _, at := range m.balance.columns {
			m.volatile[at] = true
		}
	}
	m.aside = aside
	m.aside.account = m.account
	m.layout.Store(m.lay(header))
	return m, nil
}

// demand asks for what a transaction cannot be without.
func demand(fields recon.FieldMap) []recon.FieldError {
	var missing []recon.FieldError
	ask := func(field, message string) {
		missing = append(missing, recon.FieldError{Pointer: "/" + field, Code: recon.CodeNotMapped, Message: message})
	}
	if !fields.Has(recon.FieldAmount) && !fields.Has(recon.FieldDebit) && !fields.Has(recon.FieldCredit) {
		ask(recon.FieldAmount, "map amount, or debit and credit: without them a row has no money")
	}
	if !fields.Has(recon.FieldDate) {
		ask(recon.FieldDate, "map date: the day on which the row was booked")
	}
	return missing
}

// name puts the compiled fields where Map finds them without a look-up.
func (m *Mapper) name() {
	f := m.fields
	m.externalID, m.reference = f[recon.FieldExternalID], f[recon.FieldReference]
	m.amount, m.direction = f[recon.FieldAmount], f[recon.FieldDirection]
	m.debit, m.credit = f[recon.FieldDebit], f[recon.FieldCredit]
	m.currency, m.date, m.valueDate = f[recon.FieldCurrency], f[recon.FieldDate], f[recon.FieldValueDate]
	m.description, m.kind, m.status = f[recon.FieldDescription], f[recon.FieldKind], f[recon.FieldBookingStatus]
	m.gross, m.fee, m.tax, m.net = f[recon.FieldGross], f[recon.FieldFee], f[recon.FieldTax], f[recon.FieldNet]
	m.originalAmount, m.originalCurrency = f[recon.FieldOriginalAmount], f[recon.FieldOriginalCurrency]
	m.balance, m.account = f[recon.FieldBalance], f[recon.FieldAccount]
	m.pendingOf = f[recon.FieldPendingOf]
	for _, id := range []*source{m.externalID, m.pendingOf} {
		if id != nil {
			for _, at := range id.columns {
				m.noID[at] = true
			}
		}
	}
}

func compileSource(
	name string, field recon.MapField, all recon.FieldMap, header []string,
) (*source, []recon.FieldError) {
	s := &source{
		name: name, constant: field.Constant, join: field.Join,
		values: make(map[string]string, len(field.Values)), negate: field.Negate,
		ifEmpty: field.Default, unknownAside: field.Unknown == recon.UnknownAside,
		bySign: field.NoOrigin(), blank: blanks(name, all.Empty),
	}
	var problems []recon.FieldError
	fail := func(pointer, code, message string) {
		problems = append(problems, recon.FieldError{Pointer: "/" + name + pointer, Code: code, Message: message})
	}
	for from, to := range field.Values {
		s.values[strings.ToUpper(strings.TrimSpace(from))] = to
	}
	find := func(column string) int {
		at := columnAt(header, column)
		if at < 0 {
			fail("", recon.CodeUnknownColumn, noColumn(column, header))
		}
		return at
	}
	findAll := func(columns []string) (at []int) {
		for _, column := range columns {
			at = append(at, find(column))
		}
		return at
	}
	s.columns, s.plus, s.less = findAll(field.Columns), findAll(field.Add), findAll(field.Subtract)
	for _, column := range slices.Sorted(maps.Keys(field.Each)) {
		s.each = append(s.each, currencyColumn{find(column), field.Each[column]})
	}
	if field.Else != "" {
		other := field
		other.Columns, other.Else = []string{field.Else}, ""
		var wrong []recon.FieldError
		s.other, wrong = compileSource(name, other, all, header)
		problems = append(problems, wrong...)
	}
	if s.join == "" {
		s.join = " "
	}
	steps, err := compileSteps(field.Transforms)
	if err != nil {
		fail("/transforms", recon.CodeInvalidValue, err.Error())
	}
	s.steps = steps
	s.decimal = decimalByte(cmp.Or(field.Decimal, all.Decimal))
	if name == recon.FieldDate || name == recon.FieldValueDate {
		if s.dates, err = newDateReader(cmp.Or(field.DateFormat, all.DateFormat),
			cmp.Or(field.TimeZone, all.TimeZone)); err != nil {
			fail("/dateFormat", recon.CodeInvalidValue, err.Error())
		}
	}
	return s, problems
}

// columnAt finds a column by its exact name, as a JSON path with or without "$.", or in another case if only one is so.
func columnAt(header []string, name string) int {
	for _, spelled := range []string{name, strings.TrimPrefix(name, "$."), strings.TrimSpace(name)} {
		if at := slices.Index(header, spelled); at >= 0 {
			return at
		}
	}
	found := -1
	for at, column := range header {
		if strings.EqualFold(column, strings.TrimSpace(name)) {
			if found >= 0 {
				return -1
			}
			found = at
		}
	}
	return found
}

const columnsNamedMax = 40 // in a message

func noColumn(name string, header []string) string {
	names := strings.Join(header[:min(len(header), columnsNamedMax)], ", ")
	if len(header) > columnsNamedMax {
		names += fmt.Sprintf(" and %d more", len(header)-columnsNamedMax)
	}
	if near := recon.Suggest(name, header); near != "" {
		return fmt.Sprintf("there is no column %q: did you mean %q? The columns are %s", name, near, names)
	}
	return fmt.Sprintf("there is no column %q; the columns are %s", name, names)
}

// KeepMetadata limits what transactions carry as metadata to these columns, for callers that hold millions of them in
// memory. Digests do not change: they are always over every column. Call it before the first Map.
func (m *Mapper) KeepMetadata(columns ...string) {
	m.keepAll, m.keep = false, map[string]bool{}
	for _, c := range columns {
		m.keep[c] = true
	}
	m.layout.Store(m.lay(m.layout.Load().header))
}

func (m *Mapper) lay(header []string) *layout {
	l := &layout{header: header}
	for at := range header {
		l.byName = append(l.byName, at)
	}
	slices.SortFunc(l.byName, func(a, b int) int { return strings.Compare(header[a], header[b]) })
	for _, at := range l.byName {
		switch {
		case m.noID[at] || m.inFields(at):
		case m.volatile[at]:
			l.volatile = append(l.volatile, at)
		default:
			l.content = append(l.content, at)
		}
		if m.keepAll || m.keep[header[at]] {
			l.kept = append(l.kept, at)
		}
	}
	return l
}

// inFields reports whether all of a column is in the fields that digests are over.
func (m *Mapper) inFields(at int) bool {
	for _, s := range []*source{m.reference, m.description, m.currency, m.amount, m.date, m.valueDate} {
		if s != nil && len(s.columns) == 1 && s.columns[0] == at && len(s.steps)+len(s.values) == 0 {
			return true
		}
	}
	return false
}

// layoutFor is the layout for a record; JSON files may have grown their header since the last one.
func (m *Mapper) layoutFor(rec recon.Record) *layout {
	l := m.layout.Load()
	if len(l.header) < len(rec.Header) {
		l = m.lay(rec.Header)
		m.layout.Store(l)
	}
	return l
}

// Names are a record's id and reference, for rows that are no transaction because something else in them is wrong.
func (m *Mapper) Names(rec recon.Record) (externalID, reference string) {
	return m.externalID.text(rec), m.reference.text(rec)
}

// raw is the joined text of the columns, trimmed, before any transform.
func (s *source) raw(rec recon.Record) string {
	switch {
	case s.constant != "":
		return s.constant
	case len(s.columns) == 1:
		return s.cell(rec, s.columns[0])
	}
	parts := make([]string, 0, len(s.columns))
	for _, at := range s.columns {
		if text := s.cell(rec, at); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, s.join)
}

// cell is a value of a record, "" where its text means an empty cell.
func (s *source) cell(rec recon.Record, at int) string {
	text := column(rec, at)
	if text != "" && s.blank(text) {
		return ""
	}
	return text
}

// filled is the amount of the first currency whose column a row fills.
func (s *source) filled(rec recon.Record) (text, currency string) {
	for _, c := range s.each {
		if text = s.cell(rec, c.at); text != "" {
			return text, c.code
		}
	}
	return "", ""
}

const blankBytesMax = 8 // of the texts that mean an empty cell everywhere

// isBlank reports whether a text means an empty cell: a dash, a dot, "n/a", "NULL", a formula that failed.
func isBlank(text string) bool {
	if len(text) > blankBytesMax {
		return false
	}
	switch text[0] {
	case '-', '.', '#', 'n', 'N', '\xe2': // the last begins a long dash
	default:
		return false
	}
	switch strings.ToUpper(text) {
	case "-", "--", "---", "–", "—", ".", "N/A", "NULL",
		"#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DIV/0!":
		return true
	}
	return false
}

// blanks returns what means an empty cell of a field. A minus is a direction, and a text is what it is.
func blanks(field string, more []string) func(string) bool {
	switch field {
	case recon.FieldDirection, recon.FieldDescription, recon.FieldKind:
		return func(text string) bool { return slices.Contains(more, text) }
	}
	if len(more) == 0 {
		return isBlank
	}
	return func(text string) bool { return isBlank(text) || slices.Contains(more, text) }
}

// column is a value of a record; a JSON object read before the column first occurred does not have it.
func column(rec recon.Record, at int) string {
	if at >= len(rec.Fields) {
		return ""
	}
	text := rec.Fields[at]
	if text == "" || graphic(text[0]) && graphic(text[len(text)-1]) {
		return text // as nearly always, and this is asked several times a field
	}
	return strings.TrimSpace(text)
}

// fills reports whether a record has a value in a column.
func fills(rec recon.Record, at int) bool {
	text := column(rec, at)
	return text != "" && !isBlank(text)
}

func graphic(c byte) bool { return c > ' ' && c < 0x7f }

// text is the value of a field after its transforms; a nil source has none.
func (s *source) text(rec recon.Record) string {
	if s == nil {
		return ""
	}
	text := s.raw(rec)
	for i := range s.steps {
		text = s.steps[i].apply(text)
	}
	if text == "" {
		return s.ifEmpty
	}
	return text
}

// word is text put through the map's own dictionary.
func (s *source) word(rec recon.Record) string {
	text := s.text(rec)
	if s != nil && len(s.values) > 0 {
		if ours, ok := s.values[strings.ToUpper(text)]; ok {
			return ours
		}
	}
	return text
}

func decimalByte(sign string) byte {
	if sign == "" {
		return 0
	}
	return sign[0]
}
