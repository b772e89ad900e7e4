package mapping

import (
	"fmt"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// Choice is one thing that detection settled, with its reason.
type Choice struct {
	Field   string   `json:"field"`             // a canonical field, or a setting of the map
	Columns []string `json:"columns,omitempty"` // empty for settings and constants
	Value   string   `json:"value,omitempty"`   // of a setting or constant
	Why     string   `json:"why"`
}

// Detection is how a field map was found.
type Detection struct {
	Choices  []Choice `json:"choices"`
	Notes    []string `json:"notes,omitempty"` // what a person should know: columns that look useful but do not add up
	Rows     int      `json:"rows"`            // of the sample
	UniqueID bool     `json:"uniqueId"`        // an id column was found, with no value twice in the sample

	twoWays bool // some amount could have been read with the other decimal sign
}

// String is the line that the command line prints: "id=entry_id amount=debit-credit date=posted_at reference=e2e_id".
func (d Detection) String() string {
	by := map[string]string{}
	for _, c := range d.Choices {
		if by[c.Field] = strings.Join(c.Columns, "+"); len(c.Columns) == 0 {
			by[c.Field] = c.Value
		}
	}
	amount := by[recon.FieldAmount]
	if by[recon.FieldDebit] != "" || by[recon.FieldCredit] != "" {
		amount = by[recon.FieldDebit] + "-" + by[recon.FieldCredit]
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
	header  []string
	words   [][]string
	sample  []recon.Record
	out     recon.FieldMap
	taken   map[int]bool
	report  Detection
	problem []recon.FieldError
}

// Detect finds the field map of a file from its column names and a sample of its rows. What given maps is kept; a
// given map that names any column is not added to: only its date format and decimal sign are found. Whatever the
// sample leaves open (01/02/2026, 1.234) is refused with the way to settle it; whatever a later row contradicts is
// that row's error.
func Detect(header []string, sample []recon.Record, given recon.FieldMap) (recon.FieldMap, Detection, error) {
	d := &detector{header: header, sample: sample, out: given, taken: map[int]bool{}}
	d.report.Rows = len(sample)
	d.out.Fields = map[string]recon.MapField{}
	named := false
	for name, field := range given.Fields {
		d.out.Fields[name] = field
		named = named || len(field.Columns) > 0
	}
	if len(sample) == 0 {
		return d.out, d.report,
			recon.Unprocessable(recon.CodeNoRows, "there is no readable row to find the meaning of the columns by")
	}
	if named {
		if _, problems := Compile(d.out, header); len(problems) > 0 {
			return d.out, d.report, unfit(problems)
		}
	} else {
		for _, name := range header {
			d.words = append(d.words, nameWords(name))
		}
		d.columns()
	}
	if len(d.problem) == 0 {
		d.settings()
	}
	if len(d.problem) > 0 {
		return d.out, d.report,
			recon.Unprocessable(recon.CodeNotDetected,
				"the meaning of this file's columns is not clear; say it in a field map", d.problem...)
	}
	return d.out, d.report, nil
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
	d.currencyColumn()
	d.amountColumns()
	d.take(recon.FieldBookingStatus, func(values []string) bool {
		return share(values, 100, func(v string) bool { _, known := bookingStatus(v); return known })
	}, "its values say booked or pending")
	d.referenceAndID()
	d.take(recon.FieldDescription, d.anyText, "named like a description")
	d.take(recon.FieldKind, func(values []string) bool { // a small vocabulary
		n := distinct(values)
		return n > 0 && n <= kindsMax && !share(values, 50, looksAmount)
	}, "named like a kind of transaction")
}

// values are the filled texts of a column in the sample.
func (d *detector) values(at int) []string {
	var out []string
	for _, rec := range d.sample {
		if text := column(rec, at); text != "" {
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
	d.use(field, found[0], why)
	return true
}

func (d *detector) use(field string, at int, why string) {
	d.taken[at] = true
	d.out.Fields[field] = recon.Column(d.header[at])
	d.report.Choices = append(d.report.Choices, Choice{Field: field, Columns: []string{d.header[at]}, Why: why})
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
	d.report.Choices = append(d.report.Choices, Choice{Field: name, Value: value, Why: why})
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

func (d *detector) currencyColumn() {
	isCurrency := func(values []string) bool {
		return share(values, 90, func(v string) bool {
			_, known := recon.CurrencyDigits(currencyCode(v))
			return known
		})
	}
	if d.take(recon.FieldCurrency, isCurrency, "its values are currency codes") {
		return
	}
	// A column named the currency is one, however many of its values are wrong: to pass it over would read those rows
	// in another currency without a word.
	if d.take(recon.FieldCurrency, d.anyText, "named like a currency") {
		return
	}
	var found []int
	for at := range d.header {
		if !d.taken[at] && isCurrency(d.values(at)) && nameRank(d.words[at], recon.FieldOriginalCurrency) < 0 {
			found = append(found, at)
		}
	}
	if len(found) == 1 {
		d.use(recon.FieldCurrency, found[0], "the only column of currency codes")
	}
}

// foreignIDs are words of names that end in "id" but name something else than the row.
var foreignIDs = []string{
	"order", "invoice", "e2e", "end", "customer", "payout", "account", "merchant", "user", "card", "parent", "original",
	"settlement", "batch", "store", "client", "bank", "currency", "product", "mandate", "creditor", "debtor",
}

// referenceAndID settles the two together: an id is unique, and what both sides share is seldom the row's own id.
func (d *detector) referenceAndID() {
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
		d.use(recon.FieldExternalID, id, why)
	}
	varied := func(values []string) bool { // so that rows differ in them
		return len(values) > 0 && (distinct(values) > 1 || len(d.sample) < 3)
	}
	if !d.take(recon.FieldReference, varied, "named like a reference") && id >= 0 {
		d.out.Fields[recon.FieldReference] = recon.Column(d.header[id])
		d.report.Choices = append(d.report.Choices, Choice{
			Field: recon.FieldReference, Columns: []string{d.header[id]},
			Why: "no column is named like a reference, so the id is what the other side may share",
		})
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

// identifies reports whether equal values of a column mean the same row delivered again. A column that is named an id
// may hold one mistake however short the file is: import then asks which of the two rows counts.
func (d *detector) identifies(at int, named bool) bool {
	firstRow := make(map[string]recon.Record, len(d.sample))
	again, conflicts := 0, 0
	for _, rec := range d.sample {
		id := column(rec, at)
		before, seen := firstRow[id]
		switch {
		case !seen:
			firstRow[id] = rec
		case slices.Equal(before.Fields, rec.Fields):
			again++
		default:
			conflicts++
		}
	}
	few := conflicts*100 <= len(d.sample)*conflictsPerCent || named && conflicts == 1 && len(d.sample) > 2
	return few && again*2 <= len(d.sample)
}
