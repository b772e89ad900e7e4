package mapping

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// Choice is one thing that was settled, with its reason.
type Choice struct {
	Field    string   `json:"field"`             // a canonical field, or a setting of the map
	Columns  []string `json:"columns,omitempty"` // empty for settings and constants
	Value    string   `json:"value,omitempty"`   // of a setting or constant
	Why      string   `json:"why"`
	Evidence string   `json:"evidence"` // Stated, Proved or Named
}

// Detection is how a field map was found.
type Detection struct {
	Choices []Choice `json:"choices"`
	// for people: columns that look useful but do not add up
	Notes     []string          `json:"notes,omitempty"`
	Questions []Question        `json:"questions,omitempty"`
	Passed    map[string]string `json:"passedOver,omitempty"` // columns that were not taken, and why
	Proof     string            `json:"proof,omitempty"`      // what the running balance shows
	Rows      int               `json:"rows"`                 // of the sample
	// as the source's last file was read: nothing was detected
	Earlier bool   `json:"earlier,omitempty"`
	Export  string `json:"knownExport,omitempty"` // that the file is read as
	// an id column was found, with no value twice in the sample
	UniqueID bool `json:"uniqueId"`

	twoWays    bool // some amount could have been read with the other decimal sign
	signProved bool
	convention bool   // columns named debit and credit give the sign, and nothing shows for which account
	filled     string // the currency that empty cells were filled with

	open        *openSign
	openFee     *openFee
	openNet     *openNet
	openUnit    *aboveUnit
	openCard    string // why the signs may be those of a card
	openStatus  []string
	factor      recon.Minor // by which amounts are larger than those of the other side
	factorPairs int
}

func (d *Detection) choose(field string, columns []string, why, evidence string) {
	d.Choices = slices.DeleteFunc(d.Choices, func(c Choice) bool { return c.Field == field })
	d.Choices = append(d.Choices, Choice{Field: field, Columns: columns, Why: why, Evidence: evidence})
}

func (d *detector) choose(field string, columns []string, why, evidence string) {
	d.report.choose(field, columns, why, evidence)
}

// passOver records why a column is not taken.
func (d *detector) passOver(at int, why string) {
	if d.report.Passed == nil {
		d.report.Passed = map[string]string{}
	}
	d.report.Passed[d.header[at]] = why
}

// String is the line that the command line prints: "id=entry_id amount=debit/credit date=posted_at reference=e2e_id".
func (d Detection) String() string {
	by := map[string]string{}
	for _, c := range d.Choices {
		if by[c.Field] = c.Value; c.Value == "" {
			by[c.Field] = strings.Join(c.Columns, "+")
		}
	}
	amount := by[recon.FieldAmount]
	if by[recon.FieldDebit] != "" || by[recon.FieldCredit] != "" {
		amount = strings.Trim(by[recon.FieldDebit]+"/"+by[recon.FieldCredit], "/")
	}
	if by[recon.FieldDirection] != "" {
		amount += "·" + by[recon.FieldDirection]
	}
	decimal := by["decimal"]
	if decimal == "." && !d.twoWays {
		decimal = "" // the only reading is no news
	}
	var parts []string
	for _, p := range []struct{ label, value string }{
		{"id", by[recon.FieldExternalID]},
		{"amount", amount},
		{"date", by[recon.FieldDate]},
		{"reference", by[recon.FieldReference]},
		{"currency", by[recon.FieldCurrency]},
		{"view", map[string]string{recon.ViewBooks: recon.ViewBooks}[by["view"]]},
		{"dateFormat", by["dateFormat"]},
		{"decimal", decimal},
	} {
		if p.value != "" {
			parts = append(parts, p.label+"="+p.value)
		}
	}
	return strings.Join(parts, " ")
}

// detector settles one field after the other on a sample. A column serves one field only.
type detector struct {
	header []string
	words  [][]string
	sample []recon.Record
	given  recon.FieldMap
	side   recon.Side

	signStated bool           // by a flag of the caller
	origin     string         // of the given map, for people
	currency   string         // of rows whose file names none, as the caller has it
	unknown    int            // a column that may be the status, with words that no list knows; -1: none
	preamble   []recon.Record // the lines above the header

	out     recon.FieldMap
	taken   map[int]bool
	report  Detection
	problem []recon.FieldError
}

// newDetector begins to find how a file is read, from its column names and a sample of its rows. What given names is
// kept, and the rest is found, unless given turns that off. What the sample leaves open of dates and numbers
// (01/02/2026, 1.234) is refused with the way to settle it; what it leaves open of money is a question; whatever a
// later row contradicts is that row's error.
func newDetector(header []string, sample []recon.Record, given recon.FieldMap, side recon.Side) *detector {
	d := &detector{
		header: header, sample: sample, given: given, side: side, out: given, taken: map[int]bool{}, unknown: -1,
	}
	d.report.Rows = len(sample)
	d.out.Fields = maps.Clone(given.Fields)
	if d.out.Fields == nil {
		d.out.Fields = map[string]recon.MapField{}
	}
	for _, name := range header {
		d.words = append(d.words, nameWords(name))
	}
	return d
}

func (d *detector) detect() error {
	if len(d.sample) == 0 {
		return recon.Unprocessable(recon.CodeNoRows, "there is no readable row to find the meaning of the columns by")
	}
	if err := d.takeGiven(); err != nil {
		return err
	}
	if d.given.Detect != recon.DetectOff {
		d.columns()
	}
	if len(d.problem) == 0 {
		d.settings()
	}
	if len(d.problem) > 0 {
		return recon.Unprocessable(recon.CodeNotDetected,
			"the meaning of this file's columns is not clear; say it in a field map", d.problem...)
	}
	return nil
}

// takeGiven keeps the columns that the given map names for it alone.
func (d *detector) takeGiven() error {
	var problems []recon.FieldError
	for _, name := range recon.MappedFields {
		field, ok := d.given.Fields[name]
		if !ok {
			continue
		}
		s, wrong := compileSource(name, field, d.given, d.header)
		problems = append(problems, wrong...)
		columns := slices.Concat(s.columns, s.plus, s.less)
		for _, c := range s.each {
			columns = append(columns, c.at)
		}
		for _, at := range columns {
			if at >= 0 {
				d.taken[at] = true
			}
		}
		field.Else = "" // a substitute, for some rows
		d.choose(name, field.Names(), cmp.Or(d.origin, "named by the map"), Stated)
		given := &d.report.Choices[len(d.report.Choices)-1]
		switch given.Value = field.Constant; {
		case len(field.Subtract) > 0:
			given.Value = sumText(field)
		case field.NoOrigin():
			given.Value = "by its sign"
		}
	}
	return unfit(problems)
}

// askOpen turns what stayed open into questions.
func (d *detector) askOpen() {
	m, problems := Compile(d.out, d.header)
	if len(problems) > 0 {
		return
	}
	m.aside.learn(d.header, d.sample)
	d.askSign(m)
	d.askFee()
	d.askNet()
	d.askCard(m)
	d.askUnitAbove()
}

func (d *detector) fail(field, code, format string, args ...any) {
	d.problem = append(d.problem,
		recon.FieldError{Pointer: "/" + field, Code: code, Message: fmt.Sprintf(format, args...)})
}

// note adds what detection did with the file that its columns alone do not show.
func (d *detector) note(format string, args ...any) {
	d.report.Notes = append(d.report.Notes, fmt.Sprintf(format, args...))
}

// columns goes from fields known by content to fields known by name alone.
func (d *detector) columns() {
	d.dateColumns()
	d.amountColumns()
	d.unitInName()
	d.currencyColumn()
	d.statusColumn()
	d.referenceAndID()
	d.take(recon.FieldDescription, d.anyText, "named like a description")
	d.take(recon.FieldKind, func(values []string) bool { // a small vocabulary
		n := distinct(values)
		return n > 0 && n <= kindsMax && !share(values, 50, looksAmount)
	}, "named like a kind of transaction")
	d.noteAccounts()
}

// values are the filled texts of a column in the sample.
func (d *detector) values(at int) []string {
	var out []string
	for _, rec := range d.sample {
		if text := column(rec, at); text != "" && !isBlank(text) {
			out = append(out, text)
		}
	}
	return out
}

// candidates are the free columns whose names fit a field and whose values pass a test, best name first.
func (d *detector) candidates(field string, fits func(values []string) bool) []int {
	type ranked struct{ at, rank int }
	var found []ranked
	for at := range d.header {
		if d.taken[at] {
			continue
		}
		if rank := nameRank(d.words[at], field); rank >= 0 && fits(d.values(at)) {
			found = append(found, ranked{at, rank})
		}
	}
	slices.SortStableFunc(found, func(a, b ranked) int { return a.rank - b.rank })
	out := make([]int, len(found))
	for i, f := range found {
		out[i] = f.at
	}
	return out
}

// take maps a field to its best candidate, if there is one.
func (d *detector) take(field string, fits func([]string) bool, why string) bool {
	if d.out.Has(field) {
		return true
	}
	found := d.candidates(field, fits)
	if len(found) == 0 {
		return false
	}
	d.use(field, found[0], why, Named)
	return true
}

func (d *detector) use(field string, at int, why, evidence string) {
	d.taken[at] = true
	d.out.Fields[field] = recon.Column(d.header[at])
	d.choose(field, []string{d.header[at]}, why, evidence)
	d.twin(field, at)
}

// twin refuses a column whose name the file has twice with different values: nothing decides which one counts.
func (d *detector) twin(field string, at int) {
	other := slices.Index(d.header, d.header[at]+" (2)")
	if other < 0 {
		return
	}
	for _, rec := range d.sample {
		if column(rec, at) != column(rec, other) {
			d.fail(field, recon.CodeTwoColumns,
				"the file has two columns %q with different values: name the one that counts, the second being %q",
				d.header[at], d.header[other])
			return
		}
	}
}

func (d *detector) setting(name, value, why string) {
	d.report.Choices = append(d.report.Choices, Choice{Field: name, Value: value, Why: why, Evidence: Proved})
}

// share reports whether at least percent of the values, and at least one, pass a test.
func share(values []string, percent int, fits func(string) bool) bool {
	n := 0
	for _, v := range values {
		if fits(v) {
			n++
		}
	}
	return n > 0 && n*100 >= len(values)*percent
}

func (d *detector) anyText(values []string) bool { return len(values) > 0 }

const kindsMax = 50

func distinct(values []string) int {
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		seen[v] = true
	}
	return len(seen)
}

// foreignIDs are words of names that end in "id" but name something else than the row.
var foreignIDs = terms["foreign id"]

// referenceAndID settles the two together: an id is unique, and what both sides share is seldom the row's own id.
func (d *detector) referenceAndID() {
	d.lostDigits()
	id := -1
	if !d.out.Has(recon.FieldExternalID) {
		id = d.idColumn()
	}
	if id >= 0 {
		d.report.UniqueID = distinct(d.values(id)) == len(d.sample)
		why := fmt.Sprintf("unique in the %d rows read", len(d.sample))
		if !d.report.UniqueID {
			why += ", but for rows that stand there again"
		}
		d.use(recon.FieldExternalID, id, why, Named)
	}
	varied := func(values []string) bool { // so that rows differ in them
		return len(values) > 0 && (distinct(values) > 1 || len(d.sample) < 3)
	}
	if !d.take(recon.FieldReference, varied, "named like a reference") && id >= 0 {
		d.out.Fields[recon.FieldReference] = recon.Column(d.header[id])
		d.choose(recon.FieldReference, []string{d.header[id]},
			"no column is named like a reference, so the id is what the other side may share", Named)
	}
}

func (d *detector) idColumn() int {
	filled := func(values []string) bool { return len(values) == len(d.sample) }
	for _, at := range d.candidates(recon.FieldExternalID, filled) {
		named := nameRank(d.words[at], recon.FieldExternalID) < len(synonyms[recon.FieldExternalID])
		if (named || !d.foreign(at)) && d.identifies(at, named) {
			return at
		}
	}
	for at, words := range d.words {
		idLike := len(words) > 0 && (words[len(words)-1] == "id" || words[0] == "id")
		if idLike && !d.taken[at] && !d.foreign(at) && filled(d.values(at)) && d.identifies(at, false) {
			return at
		}
	}
	return -1
}

func (d *detector) foreign(at int) bool {
	return slices.ContainsFunc(d.words[at], func(w string) bool { return slices.Contains(foreignIDs, w) })
}

// conflictsPerCent is how many rows of the sample may share an id with a different row before the column is no id:
// a few are mistakes that import reports, many mean that the column names something else.
const conflictsPerCent = 1

// identifies reports whether equal values of a column mean the same row delivered again, or in a later stage. A column
// that is named an id may hold one mistake however short the file is: import then asks which of the two rows counts.
func (d *detector) identifies(at int, named bool) bool {
	firstRow := make(map[string]recon.Record, len(d.sample))
	stageOf, money := d.stages(), d.moneyColumns()
	again, conflicts := 0, 0
	for _, rec := range d.sample {
		id := column(rec, at)
		before, seen := firstRow[id]
		switch {
		case !seen:
			firstRow[id] = rec
		case slices.Equal(before.Fields, rec.Fields), stageOf(before) != stageOf(rec) && sameWay(before, rec, money):
			again++
		default:
			conflicts++
		}
	}
	few := conflicts*100 <= len(d.sample)*conflictsPerCent || named && conflicts == 1 && len(d.sample) > 2
	return few && again*2 <= len(d.sample)
}

// stages returns the status of a row, as far as its status column is known.
func (d *detector) stages() func(recon.Record) string {
	status, _ := compileSource(recon.FieldBookingStatus, d.out.Fields[recon.FieldBookingStatus], d.out, d.header)
	return func(rec recon.Record) string { return statusOf(status.word(rec)) }
}

// moneyColumns are the columns that give a row its amount and its way.
func (d *detector) moneyColumns() []int {
	return d.columnsOf(recon.FieldAmount, recon.FieldDebit, recon.FieldCredit, recon.FieldDirection)
}

// amountsAt are the columns that give a row its amount.
func (d *detector) amountsAt() []int {
	return d.columnsOf(recon.FieldAmount, recon.FieldDebit, recon.FieldCredit)
}

func (d *detector) columnsOf(fields ...string) (columns []int) {
	for _, field := range fields {
		for _, name := range d.out.Fields[field].Names() {
			columns = append(columns, columnAt(d.header, name))
		}
	}
	return columns
}

// sameWay reports whether the money of two rows goes the same way: a row that takes another one back is none of its
// later stages.
func sameWay(a, b recon.Record, money []int) bool {
	for _, at := range money {
		if x, y := column(a, at), column(b, at); (x == "") != (y == "") ||
			!looksAmount(x) && x != y || strings.ContainsAny(x, "-−(") != strings.ContainsAny(y, "-−(") {
			return false
		}
	}
	return true
}
